"""Linkers: edges between the node types of a graph."""

from mmgraph.linkers.base import Linker
from mmgraph.linkers.complete import CompleteLinker
from mmgraph.linkers.overlap import SpatialLinker, TemporalLinker
from mmgraph.linkers.pairs import PairLinker
from mmgraph.linkers.similarity import SimilarityLinker
from mmgraph.linkers.transport import TransportLinker

__all__ = [
    "CompleteLinker",
    "Linker",
    "PairLinker",
    "SimilarityLinker",
    "SpatialLinker",
    "TemporalLinker",
    "TransportLinker",
]
