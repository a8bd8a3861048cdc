"""Attention of every node over its neighbours of all types, through typed edges."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.graph import EdgeType, NodeType, Schema
from mmgraph.nn.layout import Layout
from mmgraph.ops.masked import masked_softmax
from mmgraph.ops.relation import Relation

__all__ = ["RelationalAttention", "parameter_name"]


def parameter_name(key: NodeType | EdgeType) -> str:
    """A node type or edge type as the name of a parameter."""
    return (key if isinstance(key, str) else "__".join(key)).replace(".", "_")


class RelationalAttention(nn.Module):
    r"""Multi-head attention with one softmax over all edges that reach a node, whatever their type.

    For target i with neighbours j over relations r, for each head:

    .. math::
        a_{ij} = \mathrm{softmax}_j \left( \frac{q_i^\top k_j}{\sqrt{K}} + \sum_r b_{r, c(ij)} + w_r s_{ij}
        \right), \qquad h_i = W_o \sum_j a_{ij} v_j

    Queries, keys and values have weights of their own for each node type. An edge contributes a bias for its
    relation and class c (or linear in its float attributes), and its score s times a slope. Without edge
    terms this is the scaled dot-product attention of Vaswani et al., "Attention Is All You Need", NeurIPS
    2017, arXiv 1706.03762; biases by relation are those of Ying et al., "Do Transformers Really Perform Bad
    for Graph Representation?", NeurIPS 2021, arXiv 2106.05234. A node that no edge reaches gets zeros.

    Args:
        schema: the node types and edge types.
        dim: width of every node.
        heads: number of heads; divides `dim`.

    Shape:
        x[node_type]: `[N, dim]` -> `[N, dim]`; a type without nodes stays `[0, dim]`.
    """

    def __init__(self, schema: Schema, dim: int, heads: int = 4) -> None:
        super().__init__()
        if dim % heads:
            raise InputError(f"RelationalAttention(dim={dim}, heads={heads}): heads has to divide dim")
        self.heads = heads
        targets = {key[2] for key in schema.edges}
        ends = targets | {key[0] for key in schema.edges}
        self.query = nn.ModuleDict({parameter_name(t): nn.Linear(dim, dim) for t in sorted(targets)})
        self.key_value = nn.ModuleDict({parameter_name(t): nn.Linear(dim, 2 * dim) for t in sorted(ends)})
        self.output = nn.ModuleDict({parameter_name(t): nn.Linear(dim, dim) for t in sorted(targets)})
        self.bias = nn.ParameterDict(
            {
                parameter_name(key): nn.Parameter(
                    torch.zeros(max(len(spec.classes), spec.attr_dim + 1), heads)
                )
                for key, spec in schema.edges.items()
            }
        )
        self.slope = nn.ParameterDict(
            {
                parameter_name(key): nn.Parameter(torch.zeros(heads))
                for key, spec in schema.edges.items()
                if spec.scored
            }
        )

    def forward(
        self, x: Mapping[NodeType, Tensor], layout: Layout, cross: bool = True
    ) -> dict[NodeType, Tensor]:
        """New nodes of every type that edges reach; `cross=False` leaves the cross-modal edges out."""
        keys, values = self._keys_values(x, layout)
        out = {}
        for target, block in layout.blocks.items():
            relations = layout.into(target, cross)
            if not relations or not block.mask.shape[1]:
                continue
            query = self._heads(block.pad(self.query[parameter_name(target)](x[target])))
            bias, visible = self._bias(relations)
            sources = list(dict.fromkeys(key[0] for key in relations))
            if not bias.shape[3]:
                out[target] = torch.zeros_like(x[target])
                continue
            mixed = nn.functional.scaled_dot_product_attention(
                query,
                torch.cat([keys[s] for s in sources], dim=2),
                torch.cat([values[s] for s in sources], dim=2),
                attn_mask=bias.masked_fill(~visible[:, None], torch.finfo(bias.dtype).min).to(query.dtype),
            )
            mixed = mixed * visible.any(-1)[:, None, :, None]
            rows = block.unpad(mixed.transpose(1, 2).flatten(2))
            out[target] = self.output[parameter_name(target)](rows)
        return out

    def weights(
        self, x: Mapping[NodeType, Tensor], layout: Layout, cross: bool = True
    ) -> dict[tuple[NodeType, NodeType], Tensor]:
        """The attention weights that `forward` uses.

        Returns:
            for each (source, target) pair of types, `[B, H, T, S]`. Over all sources of a target they sum to
            one, or are all zero where no edge reaches it.
        """
        keys, _ = self._keys_values(x, layout)
        found = {}
        for target, block in layout.blocks.items():
            relations = layout.into(target, cross)
            if not relations:
                continue
            query = self._heads(block.pad(self.query[parameter_name(target)](x[target])))
            bias, visible = self._bias(relations)
            sources = list(dict.fromkeys(key[0] for key in relations))
            key = torch.cat([keys[s] for s in sources], dim=2)
            logits = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5 + bias
            weight = masked_softmax(logits, visible[:, None])
            lengths = [layout.blocks[s].mask.shape[1] for s in sources]
            for source, part in zip(sources, weight.split(lengths, dim=-1), strict=True):
                found[source, target] = part
        return found

    def _keys_values(
        self, x: Mapping[NodeType, Tensor], layout: Layout
    ) -> tuple[dict[NodeType, Tensor], dict[NodeType, Tensor]]:
        keys, values = {}, {}
        for source in {key[0]: None for key in layout.relations}:
            both = layout.blocks[source].pad(self.key_value[parameter_name(source)](x[source]))
            keys[source], values[source] = (self._heads(part) for part in both.chunk(2, dim=-1))
        return keys, values

    def _heads(self, block: Tensor) -> Tensor:
        """`[B, L, H * K]` -> `[B, H, L, K]`."""
        return block.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _bias(self, relations: Mapping[EdgeType, Relation]) -> tuple[Tensor, Tensor]:
        """The bias `[B, H, T, S]` and visibility `[B, T, S]` over all sources of a target, side by side."""
        biases, visibles = [], []
        for source in dict.fromkeys(key[0] for key in relations):
            own = {key: relation for key, relation in relations.items() if key[0] == source}
            parts = [self._one_bias(key, relation) for key, relation in own.items()]
            biases.append(torch.stack(parts).sum(0) if len(parts) > 1 else parts[0])
            seen = [relation.visible() for relation in own.values()]
            visibles.append(torch.stack(seen).any(0) if len(seen) > 1 else seen[0])
        return torch.cat(biases, dim=2).permute(0, 3, 1, 2), torch.cat(visibles, dim=2)

    def _one_bias(self, key: EdgeType, relation: Relation) -> Tensor:
        name = parameter_name(key)
        return relation.bias(self.bias[name], self.slope.get(name))
