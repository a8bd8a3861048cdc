"""Whole models, from a batch of graphs to one vector for each sample."""

from mmgraph.models.encoded import Encoded
from mmgraph.models.fusion_model import FusionModel
from mmgraph.models.graph_encoder import GraphEncoder
from mmgraph.models.hierarchical_model import HierarchicalModel
from mmgraph.models.late_fusion_model import LateFusionModel
from mmgraph.models.multimodal_transformer import MultimodalTransformer
from mmgraph.models.pair_alignment import PairAlignment

__all__ = [
    "Encoded",
    "FusionModel",
    "GraphEncoder",
    "HierarchicalModel",
    "LateFusionModel",
    "MultimodalTransformer",
    "PairAlignment",
]
