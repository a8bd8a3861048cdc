"""Aligners: which nodes of one modality belong to which of another."""

from mmgraph.alignment.attention import AttentionAligner
from mmgraph.alignment.base import Aligner, Alignment, Sides, shares
from mmgraph.alignment.edges import alignment_of_edges

__all__ = ["Aligner", "Alignment", "AttentionAligner", "Sides", "alignment_of_edges", "shares"]
