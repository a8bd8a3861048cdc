"""Aligners: which nodes of one modality belong to which of another."""

from mmgraph.alignment.attention import AttentionAligner
from mmgraph.alignment.base import Alignment

__all__ = ["Alignment", "AttentionAligner"]
