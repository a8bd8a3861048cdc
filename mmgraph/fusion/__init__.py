"""Fusion: one vector for each sample from the vectors of its modalities, any of which may be missing."""

from mmgraph.fusion.attention import AttentionFusion

__all__ = ["AttentionFusion"]
