"""The layers as users of PyG and DGL write them, and torch's own attention, ready to be timed.

What depends on the edges alone (order, degrees, normalisation, indices) is made beforehand and not timed.

`pyg`: `HeteroConv` of one convolution for each edge type, summed, on `edge_index`. GCN across types,
which PyG's GCNConv refuses, is its code with two node types. HGT is one convolution.

`pyg_sparse`: GCN and SAGE on sparse CSR matrices, for which PyG has a fused kernel. (`EdgeIndex` was tried:
no faster for the attention layers, and its fused product raises in the backward pass where there are not
as many sources as targets.)

`dgl`: `HeteroGraphConv` of `dgl.nn.pytorch`. It has no transformer: DotGatConv has one map for keys and
values. Its HGTConv leaves out the GELU before the output map, so it is not the same layer. Its GCN
divides by the outgoing edges of a source within a type too, where PyG's counts incoming ones: the same
work with other numbers.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch_geometric.nn import (
    GATConv,
    GATv2Conv,
    GCNConv,
    HeteroConv,
    HGTConv,
    SAGEConv,
    TransformerConv,
)
from torch_geometric.utils import add_remaining_self_loops

from experiments.benchmarks.layers_data import HEADS, WIDTH, edges_of, inputs_of, padded
from mmgraph.extras import require
from mmgraph.graph import EdgeType, HeteroGraph

__all__ = ["LAYERS", "Case", "attention", "dgl", "pyg", "pyg_sparse"]

LAYERS = ("gcn", "sage", "gat", "gatv2", "transformer", "hgt")
HEAD_WIDTH = WIDTH // HEADS


@dataclass(frozen=True)
class Case:
    """A layer with its input, to be run forward and backward.

    Args:
        module: the layer.
        inputs: the features; they get gradients too.
        forward: computes the outputs by node type.
        directions: the fixed tensors that multiply the outputs in the loss, the sum of the products.
    """

    module: nn.Module
    inputs: Mapping[str, Tensor]
    forward: Callable[[], Mapping[str, Tensor]]
    directions: Mapping[str, Tensor]

    @classmethod
    def create(
        cls, module: nn.Module, inputs: Mapping[str, Tensor], forward: Callable[[], Mapping[str, Tensor]]
    ) -> "Case":
        """A case with directions that depend only on the shapes of the outputs."""
        outputs = forward()
        random = torch.Generator().manual_seed(1)
        directions = {key: torch.randn(outputs[key].shape, generator=random) for key in sorted(outputs)}
        return cls(module, inputs, forward, directions)

    def step(self) -> tuple[Tensor, ...]:
        """Forward and backward: the gradients of the loss by inputs and weights.

        The gradient of the loss by an output is its direction, so the loss itself need not be computed.
        """
        outputs = self.forward()
        return torch.autograd.grad(
            [outputs[key] for key in self.directions],
            [*self.inputs.values(), *self.module.parameters()],
            list(self.directions.values()),
            allow_unused=True,
        )

    def accumulate(self) -> None:
        """The same, with the gradients left on inputs and weights, as the counter of operations needs it."""
        outputs = self.forward()
        torch.autograd.backward([outputs[key] for key in self.directions], list(self.directions.values()))


# ---------------------------------------------------------------------- PyG


def pyg(layer: str, graph: HeteroGraph) -> Case:
    """PyG's layer on `edge_index`."""
    edges, x = edges_of(graph), inputs_of(graph)
    if layer == "hgt":
        conv = HGTConv(WIDTH, WIDTH, (list(graph.schema.nodes), list(edges)), HEADS)
        return Case.create(conv, x, lambda: conv(x, edges))
    module = HeteroConv({edge_type: _pyg_layer(layer, edge_type) for edge_type in edges}, aggr="sum")
    if layer == "gcn":
        edges, weights = _normalised(graph, edges)
        return Case.create(module, x, lambda: module(x, edges, edge_weight_dict=weights))
    return Case.create(module, x, lambda: module(x, edges))


def pyg_sparse(layer: str, graph: HeteroGraph) -> Case | None:
    """PyG's layer on sparse CSR matrices, or None where PyG has no kernel for them."""
    if layer not in ("gcn", "sage"):
        return None
    edges, x = edges_of(graph), inputs_of(graph)
    module = HeteroConv({edge_type: _pyg_layer(layer, edge_type) for edge_type in edges}, aggr="sum")
    weights = {edge_type: torch.ones(index.shape[1]) for edge_type, index in edges.items()}
    if layer == "gcn":
        edges, weights = _normalised(graph, edges)
    matrices = {key: _matrix(graph, key, edges[key], weights[key]) for key in edges}
    return Case.create(module, x, lambda: module(x, matrices))


def _pyg_layer(layer: str, edge_type: EdgeType) -> nn.Module:
    if layer == "gcn":
        within = edge_type[0] == edge_type[2]
        return (
            GCNConv(WIDTH, WIDTH, normalize=False) if within else BipartiteGCN(WIDTH, WIDTH, normalize=False)
        )
    if layer == "sage":
        return SAGEConv(WIDTH, WIDTH, aggr="mean")
    if layer == "gat":
        return GATConv(WIDTH, HEAD_WIDTH, HEADS, add_self_loops=False)
    if layer == "gatv2":
        return GATv2Conv(WIDTH, HEAD_WIDTH, HEADS, add_self_loops=False)
    return TransformerConv(WIDTH, HEAD_WIDTH, HEADS)


class BipartiteGCN(GCNConv):
    """GCNConv from one node type to another, with weights that are normalised already."""

    def forward(
        self,
        x: tuple[Tensor, Tensor],
        edge_index: Int[Tensor, "2 E"],
        edge_weight: Float[Tensor, " E"] | None = None,
    ) -> Tensor:
        source, target = x
        size = (source.shape[0], target.shape[0])
        out = self.propagate(edge_index, x=(self.lin(source), None), edge_weight=edge_weight, size=size)
        return out + self.bias

    def message_and_aggregate(self, adj_t: Tensor, x: tuple[Tensor, None]) -> Tensor:
        return super().message_and_aggregate(adj_t, x[0])


def _normalised(
    graph: HeteroGraph, edges: Mapping[EdgeType, Int[Tensor, "2 E"]]
) -> tuple[dict[EdgeType, Tensor], dict[EdgeType, Tensor]]:
    """Edges, with self loops within a type, and 1 / sqrt(degree of source * degree of target).

    As in PyG, the degree of a node is its number of incoming edges; across types, that of a source counts
    those that leave it.
    """
    looped, weights = {}, {}
    for edge_type, index in edges.items():
        source, _, target = edge_type
        if source == target:
            index, _ = add_remaining_self_loops(index, num_nodes=graph.num_nodes(source))
        into = torch.bincount(index[1], minlength=graph.num_nodes(target)).float()
        out_of = (
            into if source == target else torch.bincount(index[0], minlength=graph.num_nodes(source)).float()
        )
        looped[edge_type] = index
        weights[edge_type] = out_of[index[0]].rsqrt() * into[index[1]].rsqrt()
    return looped, weights


def _matrix(graph: HeteroGraph, edge_type: EdgeType, index: Tensor, weight: Tensor) -> Tensor:
    """Targets by sources, as a sparse CSR tensor."""
    size = (graph.num_nodes(edge_type[2]), graph.num_nodes(edge_type[0]))
    with warnings.catch_warnings():
        # That sparse tensors are in beta, and not checked.
        warnings.simplefilter("ignore")
        return torch.sparse_coo_tensor(index.flip(0), weight, size).coalesce().to_sparse_csr()


# ---------------------------------------------------------------------- DGL


def dgl(layer: str, graph: HeteroGraph) -> Case | None:
    """DGL's layer, or None where it has none of the same mathematics.

    Raises:
        MissingExtraError: DGL is not installed, or does not import.
    """
    if layer not in ("gcn", "sage", "gat", "gatv2"):
        return None
    library, layers = require("dgl"), require("dgl.nn.pytorch")
    x = inputs_of(graph)
    edges = _normalised(graph, edges_of(graph))[0] if layer == "gcn" else edges_of(graph)
    links = library.heterograph(
        {key: tuple(index) for key, index in edges.items()}, {key: graph.num_nodes(key) for key in x}
    )
    links.create_formats_()
    module = layers.HeteroGraphConv({key: _dgl_layer(layers, layer) for key in edges}, aggregate="sum")
    return Case.create(module, x, lambda: module(links, x))


def _dgl_layer(layers: Any, layer: str) -> nn.Module:
    if layer == "gcn":
        return layers.GraphConv(WIDTH, WIDTH, norm="both")
    if layer == "sage":
        return layers.SAGEConv(WIDTH, WIDTH, "mean")
    return (layers.GATConv if layer == "gat" else layers.GATv2Conv)(WIDTH, HEAD_WIDTH, HEADS)


# ---------------------------------------------------------------------- torch


def attention(graph: HeteroGraph) -> Case:
    """nn.MultiheadAttention over all nodes of a sample, which it gets as one padded block."""
    block = padded(graph)
    module = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    x = block.x

    def forward() -> dict[str, Tensor]:
        return {"node": module(x, x, x, key_padding_mask=block.absent, need_weights=False)[0]}

    return Case.create(module, {"node": x}, forward)
