"""Fusion: one vector for each sample from the vectors of its modalities, any of which may be missing."""

from mmgraph.fusion.attention import AttentionFusion
from mmgraph.fusion.base import Fusion

__all__ = ["AttentionFusion", "Fusion"]
