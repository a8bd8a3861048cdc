"""Attributes and scores of edges, brought to one scale."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from mmgraph.graph import EdgeType, HeteroGraph, Schema

__all__ = ["EdgeScaler"]


class EdgeScaler(nn.Module):
    """Standardises what edges carry with the mean and deviation that `fit` read off the training data.

    A distance in pixels, a cosine and a rating then mean the same to a layer's slopes, whatever their units.
    Classes stay as they are.

    Args:
        schema: the edge types.
    """

    def __init__(self, schema: Schema) -> None:
        super().__init__()
        self.keys = sorted(key for key, spec in schema.edges.items() if spec.attr_dim or spec.scored)
        for number, key in enumerate(self.keys):
            width = schema.edges[key].attr_dim + int(schema.edges[key].scored)
            self.register_buffer(f"mean_{number}", torch.zeros(width))
            self.register_buffer(f"deviation_{number}", torch.ones(width))

    def fit(self, graph: HeteroGraph) -> None:
        """Take mean and deviation from training data; a relation of fewer than two edges changes nothing."""
        for number, key in enumerate(self.keys):
            values = torch.cat(_columns(graph, key), 1)
            if len(values) > 1:
                getattr(self, f"mean_{number}").copy_(values.mean(0))
                getattr(self, f"deviation_{number}").copy_(values.std(0).clamp(min=1e-6))

    def forward(self, graph: HeteroGraph) -> HeteroGraph:
        """The same batch with standardised attributes and scores."""
        attr, score = dict(graph.edge_attr), dict(graph.edge_score)
        for number, key in enumerate(self.keys):
            spec = graph.schema.edges[key]
            mean, deviation = getattr(self, f"mean_{number}"), getattr(self, f"deviation_{number}")
            if spec.attr_dim:
                width = spec.attr_dim
                attr[key] = (attr[key].to(mean.dtype) - mean[:width]) / deviation[:width]
            if spec.scored:
                score[key] = (score[key].to(mean.dtype) - mean[-1]) / deviation[-1]
        return replace(graph, edge_attr=attr, edge_score=score)


def _columns(graph: HeteroGraph, key: EdgeType) -> list[Tensor]:
    spec = graph.schema.edges[key]
    columns = [graph.edge_attr[key]] if spec.attr_dim else []
    return columns + ([graph.edge_score[key][:, None]] if spec.scored else [])
