"""Fusion: one vector for each sample from the vectors of its modalities, any of which may be missing."""

from mmgraph.fusion.attention import AttentionFusion
from mmgraph.fusion.base import Fusion
from mmgraph.fusion.block import BlockFusion
from mmgraph.fusion.concat import ConcatFusion
from mmgraph.fusion.concept import ConceptFusion
from mmgraph.fusion.cyclic import CyclicFusion
from mmgraph.fusion.decision import DecisionFusion, DecisionKind
from mmgraph.fusion.feed_forward import FeedForwardFusion
from mmgraph.fusion.gated import GatedFusion
from mmgraph.fusion.low_rank import LowRankFusion
from mmgraph.fusion.make import FusionKind, make_fusion
from mmgraph.fusion.memory import MemoryFusion
from mmgraph.fusion.mixture_of_experts import MixtureOfExpertsFusion
from mmgraph.fusion.mlb import MLBFusion
from mmgraph.fusion.mutan import MutanFusion
from mmgraph.fusion.product_of_experts import ProductOfExpertsFusion
from mmgraph.fusion.reconstruction import Reconstruction, ReconstructionKind
from mmgraph.fusion.sum import SumFusion
from mmgraph.fusion.tensor import TensorFusion
from mmgraph.fusion.weighted_sum import WeightedSumFusion

__all__ = [
    "AttentionFusion",
    "BlockFusion",
    "ConcatFusion",
    "ConceptFusion",
    "CyclicFusion",
    "DecisionFusion",
    "DecisionKind",
    "FeedForwardFusion",
    "Fusion",
    "FusionKind",
    "GatedFusion",
    "LowRankFusion",
    "MLBFusion",
    "MemoryFusion",
    "MixtureOfExpertsFusion",
    "MutanFusion",
    "ProductOfExpertsFusion",
    "Reconstruction",
    "ReconstructionKind",
    "SumFusion",
    "TensorFusion",
    "WeightedSumFusion",
    "make_fusion",
]
