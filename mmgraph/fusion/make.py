"""A fusion by its name, as configurations name it."""

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from torch import nn

from mmgraph.errors import InputError
from mmgraph.fusion.attention import AttentionFusion
from mmgraph.fusion.block import BlockFusion
from mmgraph.fusion.concat import ConcatFusion
from mmgraph.fusion.concept import ConceptFusion
from mmgraph.fusion.cyclic import CyclicFusion
from mmgraph.fusion.feed_forward import FeedForwardFusion
from mmgraph.fusion.gated import GatedFusion
from mmgraph.fusion.low_rank import LowRankFusion
from mmgraph.fusion.memory import MemoryFusion
from mmgraph.fusion.mixture_of_experts import MixtureOfExpertsFusion
from mmgraph.fusion.mlb import MLBFusion
from mmgraph.fusion.mutan import MutanFusion
from mmgraph.fusion.product_of_experts import ProductOfExpertsFusion
from mmgraph.fusion.sum import SumFusion
from mmgraph.fusion.tensor import TensorFusion
from mmgraph.fusion.weighted_sum import WeightedSumFusion

__all__ = ["FusionKind", "make_fusion"]

FusionKind = Literal[
    "concat",
    "sum",
    "weighted_sum",
    "feed_forward",
    "gated",
    "attention",
    "tensor",
    "low_rank",
    "mlb",
    "mutan",
    "block",
    "cyclic",
    "mixture_of_experts",
    "product_of_experts",
    "memory",
    "concept",
]

_MAKERS: dict[FusionKind, Callable[[Sequence[str], int], nn.Module]] = {
    "concat": ConcatFusion,
    "sum": SumFusion,
    "weighted_sum": WeightedSumFusion,
    "feed_forward": FeedForwardFusion,
    "gated": GatedFusion,
    "attention": AttentionFusion,
    "tensor": TensorFusion,
    "low_rank": LowRankFusion,
    "mlb": MLBFusion,
    "mutan": MutanFusion,
    "block": BlockFusion,
    "cyclic": CyclicFusion,
    "mixture_of_experts": MixtureOfExpertsFusion,
    "product_of_experts": ProductOfExpertsFusion,
    "memory": MemoryFusion,
    "concept": ConceptFusion,
}


def make_fusion(kind: FusionKind, modalities: Sequence[str], dim: int) -> nn.Module:
    """The fusion of a name, for some modalities of width `dim`, with its defaults.

    Raises:
        InputError: an unknown name, or as the fusion itself.
    """
    if kind not in _MAKERS:
        raise InputError(f"got fusion={kind!r}: expected one of {get_args(FusionKind)}")
    return _MAKERS[kind](modalities, dim)
