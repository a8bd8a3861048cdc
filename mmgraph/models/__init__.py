"""Whole models, from a batch of graphs to one vector for each sample."""

from mmgraph.models.fusion_model import Encoded, FusionModel

__all__ = ["Encoded", "FusionModel"]
