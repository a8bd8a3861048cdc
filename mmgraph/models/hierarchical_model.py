"""Fusion step by step: nodes into clusters, clusters into modalities, modalities into the sample."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.fusion import FusionKind, make_fusion
from mmgraph.graph import HeteroGraph, NodeType, Schema
from mmgraph.graph.schema import parameter_name
from mmgraph.models.encoded import Encoded
from mmgraph.models.graph_encoder import GraphEncoder
from mmgraph.models.presence import presence
from mmgraph.models.transformer_block import TransformerBlock
from mmgraph.nn import LayerKind, Layout, SoftClusterPool

__all__ = ["HierarchicalModel"]


class HierarchicalModel(nn.Module):
    r"""Node -> cluster -> modality -> sample, with modalities meeting between their clusters.

    Graph layers work within each modality; its nodes are put into a few learned clusters (Ying et al.,
    "Hierarchical Graph Representation Learning with Differentiable Pooling", NeurIPS 2018, arXiv 1806.08804);
    the clusters of all modalities attend to each other; those of a modality are pooled by attention; and a
    fusion makes one vector of the modalities. With C clusters, meeting costs :math:`(M C)^2` pairs a sample,
    however many nodes there are.

    Args:
        schema: the node types and edge types of the graphs; relations between types are not used.
        dim: width of the nodes, even.
        layers: number of graph layers within modalities.
        heads: attention heads.
        clusters: of each modality.
        dropout: probability, 0..1.
        layer: what mixes nodes over edges; see `FusionModel`.
        fusion: how modalities become one vector; see `mmgraph.fusion.make_fusion`.

    Shape:
        graph -> `[B, dim]`.
    """

    def __init__(
        self,
        schema: Schema,
        dim: int = 64,
        layers: int = 2,
        heads: int = 4,
        clusters: int = 4,
        dropout: float = 0.0,
        layer: LayerKind = "relational",
        fusion: FusionKind = "attention",
    ) -> None:
        super().__init__()
        self.schema = schema
        self.clusters = clusters
        self.encoder = GraphEncoder(schema, dim, layers, heads, layers, dropout, layer)
        names = {key: parameter_name(key) for key in schema.nodes}
        self.cluster = nn.ModuleDict({name: SoftClusterPool(dim, clusters) for name in names.values()})
        self.meet = TransformerBlock(dim, heads, dropout, "clusters")
        self.gate = nn.ModuleDict({name: nn.Linear(dim, 1, bias=False) for name in names.values()})
        self.fusion = make_fusion(fusion, tuple(schema.nodes), dim)

    def fit_features(self, graph: HeteroGraph) -> None:
        """Take mean and deviation of what nodes and edges carry from training data, before training."""
        self.encoder.fit_features(graph)

    def encode(self, graph: HeteroGraph) -> Encoded:
        """The batch as vectors; it aligns nothing.

        Raises:
            InputError: a sample without a node.
        """
        present = presence(graph)
        nodes, layout = self.encoder(graph)
        here = torch.stack([present[key] for key in nodes], 1).repeat_interleave(self.clusters, 1)
        clusters = torch.cat([self._clusters(key, nodes[key], layout) for key in nodes], 1)
        met = self.meet(clusters, here[:, :, None] & here[:, None, :]).split(self.clusters, 1)
        pooled = {key: self._pooled(key, part) for key, part in zip(nodes, met, strict=True)}
        there = {key: present[key] for key in nodes}
        return Encoded(graph, nodes, pooled, present, self.fusion(pooled, there))

    def forward(self, graph: HeteroGraph) -> Float[Tensor, "B D"]:
        """One vector for each sample; `encode` gives the nodes too."""
        return self.encode(graph).fused

    def _clusters(self, key: NodeType, x: Tensor, layout: Layout) -> Float[Tensor, "B C D"]:
        """The mean of each cluster's nodes; zero where a sample has none."""
        pool = self.cluster[parameter_name(key)]
        assert isinstance(pool, SoftClusterPool)
        return pool.centres(x, layout.blocks[key])

    def _pooled(self, key: NodeType, clusters: Float[Tensor, "B C D"]) -> Float[Tensor, "B D"]:
        weight = self.gate[parameter_name(key)](clusters)[..., 0].softmax(-1)
        return (weight[:, None] @ clusters)[:, 0]
