"""Embed, let graph layers work, align, pool, fuse: from a batch to one vector for each sample."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.alignment import AlignerKind
from mmgraph.errors import InputError
from mmgraph.fusion import FusionKind, Reconstruction, ReconstructionKind, make_fusion
from mmgraph.graph import HeteroGraph, NodeType, Schema
from mmgraph.graph.schema import parameter_name
from mmgraph.models.encoded import Encoded, Pair
from mmgraph.models.graph_encoder import GraphEncoder
from mmgraph.models.pair_alignment import PairAlignment
from mmgraph.models.presence import presence
from mmgraph.nn import AttentionPool, LayerKind

__all__ = ["FusionModel"]


class FusionModel(nn.Module):
    """The plain model: graph layers, aligners, attention pooling and a fusion, each chosen by a name.

    After the layers, each aligned source node receives the mean of the target nodes it is aligned with; see
    `PairAlignment`. A missing modality is zero nodes; the fusion leaves it out, or it is reconstructed first.

    Args:
        schema: the node types and edge types of the graphs.
        dim: width of the nodes, even.
        layers: number of graph layers; 0 is the model without a graph, which pools the embedded nodes.
        heads: attention heads of each.
        align: (source, target) pairs of node types.
        cross_from: the first layer in which cross-modal edges act: 0 is early fusion, `layers` is late.
        dropout: probability, 0..1.
        layer: what mixes nodes over edges: "relational" (one softmax over all typed edges), or a convolution
            for each relation: "gcn", "sage", "gin", "gat", "gatv2", "transformer", "hgt".
        aligner: how pairs are aligned; see `mmgraph.alignment.make_aligner`.
        align_weight: how much the aligners' own losses count beside the task's, at least 0.
        context: the node type whose mean vector conditions aligners that take a context.
        fusion: how modalities become one vector; see `mmgraph.fusion.make_fusion`.
        reconstruct: how a missing modality is filled before it is fused, "mean", "token" or "predict"; None
            leaves it out. See `mmgraph.fusion.Reconstruction`.

    Raises:
        InputError: a pair names a node type that the schema lacks, cross_from is no layer, or a name
            is unknown.
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
        aligner: AlignerKind = "attention",
        align_weight: float = 0.1,
        context: NodeType | None = None,
        fusion: FusionKind = "attention",
        reconstruct: ReconstructionKind | None = None,
    ) -> None:
        super().__init__()
        if align_weight < 0:
            raise InputError(f"FusionModel(align_weight={align_weight}): expected at least 0")
        self.schema = schema
        self.align_weight = align_weight
        self.encoder = GraphEncoder(schema, dim, layers, heads, cross_from, dropout, layer)
        self.align = PairAlignment(schema, dim, align, aligner, context)
        self.pool = nn.ModuleDict({parameter_name(key): AttentionPool(dim) for key in schema.nodes})
        names = tuple(schema.nodes)
        self.reconstruct = None if reconstruct is None else Reconstruction(names, dim, reconstruct)
        self.fusion = make_fusion(fusion, names, dim)

    def fit_features(self, graph: HeteroGraph) -> None:
        """Take mean and deviation of what nodes and edges carry from training data, before training."""
        self.encoder.fit_features(graph)

    def encode(self, graph: HeteroGraph) -> Encoded:
        """The batch as vectors.

        Raises:
            InputError: the batch has another schema than the model was made for, or a sample without a node.
        """
        present = presence(graph)
        nodes, layout = self.encoder(graph)
        nodes, alignments = self.align(nodes, layout)
        terms = {
            f"align_{source}_{target}": self.align_weight * found.loss
            for (source, target), found in alignments.items()
        }
        pooled = {key: self.pool[parameter_name(key)](nodes[key], layout.blocks[key]) for key in nodes}
        filled, there = pooled, {key: present[key] for key in nodes}
        if self.reconstruct is not None:
            terms["reconstruct"] = self.reconstruct.loss(pooled, there)
            filled, there = self.reconstruct(pooled, there)
        return Encoded(graph, nodes, pooled, present, self.fusion(filled, there), alignments, terms)

    def forward(self, graph: HeteroGraph) -> Float[Tensor, "B D"]:
        """One vector for each sample; `encode` gives the nodes and alignments too."""
        return self.encode(graph).fused
