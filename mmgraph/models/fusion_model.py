"""Embed, let graph layers work, align, pool, fuse: from a batch to one vector for each sample."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.alignment import Alignment, AttentionAligner, Sides, shares
from mmgraph.encoders import NodeEncoder
from mmgraph.errors import InputError
from mmgraph.fusion import AttentionFusion
from mmgraph.graph import HeteroGraph, NodeType, Schema
from mmgraph.graph.schema import parameter_name
from mmgraph.nn import AttentionPool, GraphLayer, LayerKind, lay_out
from mmgraph.nn.schema_conv import ConvKind

__all__ = ["Encoded", "FusionModel"]

Pair = tuple[NodeType, NodeType]


@dataclass(frozen=True)
class Encoded:
    """What a model makes of a batch.

    Args:
        graph: the batch.
        nodes: the last vectors of every node type, `[N, dim]`.
        fused: one vector for each sample, `[B, dim]`.
        alignments: for each aligned (source, target) pair of types, who was matched with whom.
    """

    graph: HeteroGraph
    nodes: dict[NodeType, Tensor]
    fused: Float[Tensor, "B D"]
    alignments: dict[Pair, Alignment]


class FusionModel(nn.Module):
    """The plain model: attention over typed edges, attention alignment, attention pooling and fusion.

    After the layers, each aligned source node receives the mean of the target nodes it is aligned with; so
    the plan is learned from the answer, and what a picture shows of it is what the model used.

    Args:
        schema: the node types and edge types of the graphs.
        dim: width of the nodes, even.
        layers: number of graph layers.
        heads: attention heads of each.
        align: (source, target) pairs of node types.
        cross_from: the first layer in which cross-modal edges act: 0 is early fusion, `layers` is late.
        dropout: probability, 0..1.
        layer: what mixes nodes over edges: "relational" (one softmax over all typed edges), or a convolution
            for each relation: "gcn", "sage", "gin", "gat", "gatv2", "transformer", "hgt".

    Raises:
        InputError: a pair names a node type that the schema lacks, or cross_from is no layer.
    """

    def __init__(
        self,
        schema: Schema,
        dim: int = 64,
        layers: int = 2,
        heads: int = 4,
        align: Sequence[Pair] = (),
        cross_from: int = 0,
        dropout: float = 0.0,
        layer: LayerKind = "relational",
    ) -> None:
        super().__init__()
        if layers < 0 or heads < 1:
            raise InputError(f"FusionModel(layers={layers}, heads={heads}): expected at least 0 and 1")
        if layer not in (kinds := ("relational", *get_args(ConvKind))):
            raise InputError(f"FusionModel(layer={layer!r}): expected one of {kinds}")
        for pair in align:
            if isinstance(pair, str) or len(pair) != 2:
                raise InputError(f"align has {pair!r}: give pairs, such as align=[('token', 'region')]")
            if unknown := set(pair) - schema.nodes.keys():
                raise InputError(
                    f"align has the pair {pair}, but the graphs have no node type {min(unknown)!r} "
                    f"(they have {sorted(schema.nodes)})"
                )
        if not 0 <= cross_from <= layers:
            raise InputError(f"cross_from is {cross_from}: expected 0 (early) to {layers} (late)")
        self.schema = schema
        self.pairs = tuple((source, target) for source, target in align)
        self.cross_from = cross_from
        self.encoder = NodeEncoder(schema, dim)
        self.layers = nn.ModuleList(
            [
                GraphLayer(schema, dim, heads, dropout, layer, cross=number >= cross_from)
                for number in range(layers)
            ]
        )
        self.aligners = nn.ModuleList([AttentionAligner(dim) for _ in self.pairs])
        self.aligned = nn.ModuleList([nn.Linear(dim, dim) for _ in self.pairs])
        self.norm = nn.LayerNorm(dim)
        self.pool = nn.ModuleDict({parameter_name(key): AttentionPool(dim) for key in schema.nodes})
        self.fusion = AttentionFusion(tuple(schema.nodes), dim)

    def fit_features(self, graph: HeteroGraph) -> None:
        """Take the mean and deviation of the node features from training data, before training."""
        self.encoder.fit(graph)

    def encode(self, graph: HeteroGraph) -> Encoded:
        """The batch as vectors.

        Raises:
            InputError: the batch has another schema than the model was made for, or a sample without a node.
        """
        if graph.schema is not self.schema and graph.schema != self.schema:
            raise InputError(
                f"the model was made for another schema: {self.schema.difference(graph.schema)}; "
                "build the graphs with the builder that the model was trained with"
            )
        _check_no_sample_is_empty(graph)
        # Schemas are equal in any order; weights are laid out in the order of the model's.
        graph = replace(graph, schema=self.schema)
        layout = lay_out(graph)
        nodes = self.encoder(graph, layout)
        within = lay_out(graph, cross=False) if self.cross_from else layout
        x = torch.cat(list(nodes.values()))
        for number, layer in enumerate(self.layers):
            x = layer(x, layout if number >= self.cross_from else within)
        parts = self.norm(x).split([len(value) for value in nodes.values()])
        nodes = dict(zip(nodes, parts, strict=True))
        alignments = {}
        for (source, target), aligner, message in zip(self.pairs, self.aligners, self.aligned, strict=True):
            blocks = layout.blocks[source], layout.blocks[target]
            alignment = aligner(Sides(nodes[source], nodes[target], *blocks))
            share = shares(alignment.plan, blocks[0].mask)
            received = blocks[0].unpad(share @ blocks[1].pad(message(nodes[target])))
            nodes = {**nodes, source: nodes[source] + received}
            alignments[source, target] = alignment
        pooled = {key: self.pool[parameter_name(key)](nodes[key], layout.blocks[key]) for key in nodes}
        present = {key: graph.present(key) for key in nodes}
        return Encoded(graph, nodes, self.fusion(pooled, present), alignments)

    def forward(self, graph: HeteroGraph) -> Float[Tensor, "B D"]:
        """One vector for each sample; `encode` gives the nodes and alignments too."""
        return self.encode(graph).fused


def _check_no_sample_is_empty(graph: HeteroGraph) -> None:
    """Every sample has a node; sizes are Python ints, so this waits for no device."""
    counts = [sum(sizes) for sizes in zip(*graph.sizes.values(), strict=True)]
    if 0 in counts:
        number = counts.index(0)
        raise InputError(
            f"sample {number} of the batch ({graph.samples[number].id!r}) has no nodes of any type: "
            "there is nothing to answer from; leave it out"
        )
