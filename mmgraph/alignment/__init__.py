"""Aligners: which nodes of one modality belong to which of another."""

from mmgraph.alignment.attention import AttentionAligner
from mmgraph.alignment.base import Alignment
from mmgraph.alignment.edges import alignment_of_edges

__all__ = ["Alignment", "AttentionAligner", "alignment_of_edges"]
