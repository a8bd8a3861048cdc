"""The plain multimodal transformer: no graph, every node attends to every node of its sample."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.encoders import NodeEncoder
from mmgraph.errors import InputError
from mmgraph.fusion import AttentionFusion
from mmgraph.graph import HeteroGraph, Schema
from mmgraph.graph.schema import parameter_name
from mmgraph.models.encoded import Encoded
from mmgraph.models.own_schema import in_order_of
from mmgraph.models.presence import presence
from mmgraph.models.transformer_block import TransformerBlock
from mmgraph.nn import AttentionPool, lay_out

__all__ = ["MultimodalTransformer"]


class MultimodalTransformer(nn.Module):
    """What a graph has to beat: embedded nodes, modality embeddings, self-attention within, then across.

    The nodes of all modalities stand in one row, each with a learned embedding of its modality, as in
    single-stream models (Li et al., "VisualBERT", arXiv 1908.03557); a layer lets each modality attend to
    itself and then to all, as the cross-modality layers of two-stream models do (Tan and Bansal, "LXMERT",
    EMNLP 2019, arXiv 1908.07490). It sees features and positions of the nodes, through the same encoder as
    `FusionModel`, and no edge.

    Args:
        schema: the node types of the graphs.
        dim: width of the nodes, even.
        layers: pairs of a self-attention and a cross-attention layer.
        heads: attention heads of each; divides `dim`.
        dropout: probability, 0..1.

    Shape:
        graph -> `[B, dim]`.

    Raises:
        InputError: heads that do not divide the width.
    """

    def __init__(
        self, schema: Schema, dim: int = 64, layers: int = 1, heads: int = 4, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if dim % heads:
            raise InputError(f"MultimodalTransformer(dim={dim}, heads={heads}): heads has to divide dim")
        self.schema = schema
        self.embed = NodeEncoder(schema, dim)
        self.modality = nn.Parameter(0.02 * torch.randn(len(schema.nodes), dim))
        self.within = nn.ModuleList([TransformerBlock(dim, heads, dropout) for _ in range(layers)])
        self.across = nn.ModuleList([TransformerBlock(dim, heads, dropout) for _ in range(layers)])
        self.norm = nn.LayerNorm(dim)
        self.pool = nn.ModuleDict({parameter_name(key): AttentionPool(dim) for key in schema.nodes})
        self.fusion = AttentionFusion(tuple(schema.nodes), dim)

    def fit_features(self, graph: HeteroGraph) -> None:
        """Take the mean and deviation of the node features from training data, before training."""
        self.embed.fit(graph)

    def encode(self, graph: HeteroGraph) -> Encoded:
        """The batch as vectors; it aligns nothing.

        Raises:
            InputError: the batch has another schema than the model was made for, or a sample without a node.
        """
        graph = in_order_of(self.schema, graph)
        present = presence(graph)
        layout = lay_out(graph)
        embedded = self.embed(graph, layout)
        counts = [len(value) for value in embedded.values()]
        marked = [value + row for value, row in zip(embedded.values(), self.modality.unbind(0), strict=True)]
        kinds = [
            graph.batch[key].new_full((count,), i)
            for i, (key, count) in enumerate(zip(embedded, counts, strict=True))
        ]
        packed = layout.packed
        x, kind_at = packed.pad(torch.cat(marked)), packed.pad(torch.cat(kinds))
        everything = packed.mask[:, None, :] & packed.mask[:, :, None]
        same = everything & (kind_at[:, None, :] == kind_at[:, :, None])
        for within, across in zip(self.within, self.across, strict=True):
            x = across(within(x, same), everything)
        parts = packed.unpad(self.norm(x)).split(counts)
        nodes = dict(zip(embedded, parts, strict=True))
        pooled = {key: self.pool[parameter_name(key)](nodes[key], layout.blocks[key]) for key in nodes}
        return Encoded(graph, nodes, pooled, present, self.fusion(pooled, present))

    def forward(self, graph: HeteroGraph) -> Float[Tensor, "B D"]:
        """One vector for each sample; `encode` gives the nodes too."""
        return self.encode(graph).fused
