"""Our layers on the benchmark's batch, and their weights made equal to PyG's."""

import torch
from torch import Tensor, nn

from experiments.benchmarks.layers_data import HEADS, WIDTH, inputs_of
from experiments.benchmarks.layers_peers import Case
from mmgraph.graph import HeteroGraph, relations_of
from mmgraph.nn import GATConv, GATv2Conv, GCNConv, HeteroConv, HGTConv, SAGEConv, TransformerConv

__all__ = ["assert_same", "ours", "same_weights"]

TOLERANCE = 1e-4


def ours(layer: str, graph: HeteroGraph, form: str | None = None) -> Case:
    """Our layer on the relations as they are laid out at collate.

    Args:
        layer: one of `layers_peers.LAYERS`.
        graph: the batch.
        form: the layout of all relations; None for the planner's choice.
    """
    relations, x = relations_of(graph, form), inputs_of(graph)
    if layer == "hgt":
        module: nn.Module = HGTConv(WIDTH, WIDTH, graph.schema, heads=HEADS)
    else:
        module = HeteroConv({edge_type: _layer(layer) for edge_type in graph.schema.edges})
    return Case.create(module, x, lambda: module(x, relations))


def _layer(layer: str) -> nn.Module:
    if layer == "gcn":
        return GCNConv(WIDTH, WIDTH)
    if layer == "sage":
        return SAGEConv(WIDTH, WIDTH)
    attention = {"gat": GATConv, "gatv2": GATv2Conv, "transformer": TransformerConv}
    return attention[layer](WIDTH, WIDTH // HEADS, heads=HEADS)


def same_weights(module: nn.Module, peer: nn.Module) -> None:
    """Give our layer the weights of PyG's."""
    module.load_state_dict(peer.state_dict())


def assert_same(case: Case, peer: Case, name: str) -> None:
    """With the same weights, ours gives PyG's outputs and gradients of the inputs.

    Raises:
        AssertionError: they differ by more than rounding.
    """
    same_weights(case.module, peer.module)
    with torch.no_grad():
        found, expected = case.forward(), peer.forward()
    for key in peer.directions:
        _assert_close(found[key], expected[key], f"{name}: output {key}")
    for key, got, wanted in zip(case.inputs, case.step(), peer.step(), strict=False):
        _assert_close(got, wanted, f"{name}: gradient of {key}")


def _assert_close(found: Tensor, expected: Tensor, where: str) -> None:
    error = float((found - expected).abs().max() / expected.abs().max())
    assert error < TOLERANCE, f"{where} differs from PyG's by {error:.1e} of its largest entry"
