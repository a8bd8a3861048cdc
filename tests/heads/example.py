"""A batch that a model has encoded, some modalities missing, and weights that make a head lively."""

import torch
from torch import Tensor, nn

from mmgraph.graph import HeteroGraph, select
from mmgraph.models import Encoded
from tests.nn.example import batch

DIM = 16


def graphs() -> HeteroGraph:
    """Four samples; the third has no token, the second no region, the fourth no segment."""
    return select(batch(), [0, 1, 2, 4])


def encoded(graph: HeteroGraph | None = None, dtype: torch.dtype = torch.float32) -> Encoded:
    """Random vectors for its nodes."""
    graph = graphs() if graph is None else graph
    nodes = {key: torch.randn(graph.num_nodes(key), DIM, dtype=dtype) for key in graph.schema.nodes}
    return from_nodes(graph, nodes)


def from_nodes(graph: HeteroGraph, nodes: dict[str, Tensor]) -> Encoded:
    fused = nodes["region"].new_zeros(graph.num_graphs, DIM)
    return Encoded(graph, nodes, {}, {}, fused, {}, {"other": fused.new_tensor(0.25)})


def cut(whole: Encoded, samples: list[int]) -> Encoded:
    """The same nodes, of some samples only, in ascending order."""
    keep = torch.tensor(samples)
    nodes = {key: x[torch.isin(whole.graph.batch[key], keep)] for key, x in whole.nodes.items()}
    return from_nodes(select(whole.graph, samples), nodes)


def lively(module: nn.Module) -> nn.Module:
    """Weights so large that every node and every word matters."""
    for weight in module.parameters():
        if weight.ndim > 1 and weight.requires_grad:
            nn.init.normal_(weight, std=0.4)
    return module
