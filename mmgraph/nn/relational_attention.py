"""Attention of every node over its neighbours of all types, through typed edges."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.graph import NodeType, Schema
from mmgraph.nn.layout import Layout, table_rows
from mmgraph.nn.masked_attention import MaskedAttention

__all__ = ["RelationalAttention"]

SLOPE = 2.0
"""At the start, of attributes and scores of one standard deviation."""


class RelationalAttention(nn.Module):
    r"""Multi-head attention with one softmax over all edges that reach a node, whatever their type.

    For target i with neighbours j over relations r, for each head:

    .. math::
        a_{ij} = \mathrm{softmax}_j \left( \frac{q_i^\top k_j}{\sqrt{K}} + \sum_r b_{r, c(ij)} + w_r s_{ij}
        \right), \qquad h_i = W_o \sum_j a_{ij} v_j

    An edge contributes a bias for its relation and class c (or linear in its float attributes), and its score
    s times a slope. Without edge terms this is the scaled dot-product attention of Vaswani et al., "Attention
    Is All You Need", NeurIPS 2017, arXiv 1706.03762; biases by relation are those of Ying et al., "Do
    Transformers Really Perform Bad for Graph Representation?", NeurIPS 2021, arXiv 2106.05234. A node that no
    edge reaches gets the output's bias.

    Args:
        schema: the node types and edge types.
        dim: width of every node.
        heads: number of heads; divides `dim`.

    Shape:
        nodes of all types, end to end in the order of the schema: `[N, dim]` -> `[N, dim]`.
    """

    def __init__(self, schema: Schema, dim: int, heads: int = 4) -> None:
        super().__init__()
        if dim % heads:
            raise InputError(f"RelationalAttention(dim={dim}, heads={heads}): heads has to divide dim")
        self.heads = heads
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.output = nn.Linear(dim, dim)
        # Larger than torch's default, or attention starts out uniform and learns to choose late.
        nn.init.xavier_uniform_(self.query_key_value.weight[: 2 * dim])
        self.edge_table = nn.Parameter(_first_table(schema, heads))
        self.attention = MaskedAttention()

    def forward(self, x: Float[Tensor, "N D"], layout: Layout) -> Float[Tensor, "N D"]:
        """New nodes."""
        query, key, value = self._heads(x, layout)
        if not query.shape[2]:
            return self.output(x)
        visible = layout.edges.visible()
        bias = layout.edges(self.edge_table).to(query.dtype)
        mixed = self.attention(query, key, value, bias, visible)
        return self.output(layout.packed.unpad(mixed.transpose(1, 2).flatten(2)))

    def weights(
        self, x: Float[Tensor, "N D"], layout: Layout
    ) -> dict[tuple[NodeType, NodeType], Float[Tensor, "B H T S"]]:
        """The attention weights that `forward` uses.

        Returns:
            for each (source, target) pair of types, `[B, H, T, S]`. Over all sources of a target they sum to
            one, or are all zero where no edge reaches it.
        """
        query, key, _ = self._heads(x, layout)
        bias = layout.edges(self.edge_table)
        weight = self.attention.weights(query, key, bias, layout.edges.visible())
        places = self._places(layout)
        found = {}
        for target in layout.blocks:
            rows = _take(weight, places[target], layout.blocks[target].mask, 2)
            for source in layout.blocks:
                found[source, target] = _take(rows, places[source], layout.blocks[source].mask, 3)
        return found

    def _heads(self, x: Tensor, layout: Layout) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values as `[B, H, L, K]`."""
        block = layout.packed.pad(self.query_key_value(x))
        query, key, value = block.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        return query, key, value

    def _places(self, layout: Layout) -> dict[NodeType, Tensor]:
        """Where the nodes of a type's own block lie in the packed one, `[B, L_type]`."""
        counts = [len(block.slot) for block in layout.blocks.values()]
        slots = dict(zip(layout.blocks, layout.packed.slot.split(counts), strict=True))
        length = max(layout.packed.mask.shape[1], 1)
        return {key: layout.blocks[key].pad(slot % length) for key, slot in slots.items()}


def _first_table(schema: Schema, heads: int) -> Float[Tensor, "R H"]:
    """Biases of zero, and slopes of attributes and scores by which every other head prefers low values.

    With slopes of zero all heads see the same mean of their neighbours, and learn late to look apart.
    """
    slopes = SLOPE * (1 - 2 * (torch.arange(heads) % 2)).float()
    parts = []
    for key, rows in table_rows(schema).items():
        part = torch.zeros(rows, heads)
        part[max(1, len(schema.edges[key].classes)) :] = slopes
        parts.append(part)
    return torch.cat([torch.zeros(0, heads), *parts])


def _take(weight: Tensor, place: Tensor, mask: Tensor, dim: int) -> Tensor:
    """The entries of `[B, H, ., .]` at `place` `[B, P]` of a dimension; zero where the mask says no."""
    shape = [len(place), 1, 1, 1]
    shape[dim] = place.shape[1]
    wanted = list(weight.shape)
    wanted[dim] = place.shape[1]
    return weight.gather(dim, place.view(shape).expand(wanted)) * mask.view(shape)
