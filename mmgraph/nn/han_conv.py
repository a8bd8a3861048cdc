"""The heterogeneous graph attention network: attention over neighbours, then over metapaths."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.graph import EdgeType, NodeType
from mmgraph.nn.typed import (
    Types,
    blocks_of,
    edge_type_key,
    node_type_key,
    planned_relations,
    types_of,
    widths_of,
)
from mmgraph.ops.attend import Attention, attend, attention_weights
from mmgraph.ops.blocks import Blocks
from mmgraph.ops.linear_maps import Affine
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.relation import Relation
from mmgraph.ops.scores import Additive

__all__ = ["HANConv"]


class HANConv(nn.Module):
    r"""Attention within each relation, and a weight for each relation into a node type.

    A relation is a metapath :math:`\phi` (a path of several steps is an edge type of its own). For target i
    of type t with neighbours j of type s, in each head:

    .. math::
        a_{ij} = \mathrm{softmax}_j \, \mathrm{LeakyReLU} \left( a_{\phi,t}^\top M_t x_i +
        a_{\phi,s}^\top M_s x_j \right), \qquad z_{i,\phi} = \mathrm{ReLU} \sum_j a_{ij} M_s x_j

    .. math::
        \beta_\phi = \mathrm{softmax}_\phi \, \frac{1}{n} \sum_i q^\top \tanh(W z_{i,\phi} + b), \qquad
        y_i = \sum_\phi \beta_\phi z_{i,\phi}

    Wang et al., "Heterogeneous Graph Attention Network", WWW 2019, arXiv 1903.07293, with ReLU for its ELU,
    as in PyG. The mean over i is over the nodes of a sample, so that a batch gives what each of its samples
    gives alone. PyG takes it over the whole batch, which is the same for one graph; so does this layer where
    all relations come as an edge_index, which does not say what belongs to which sample. Attention vectors
    are folded into the maps. Parameters are named as PyG's, whose state dict loads.

    Args:
        in_dim: width of the nodes, of all types or by type.
        out_dim: width of the result; `heads` divides it.
        types: the schema; or node types and edge types.
        heads: number of heads.
        slope: of LeakyReLU's negative part.
        dropout: probability of dropping an edge's weight in training, 0..1.

    Shape:
        x by node type, relations by edge type -> `[N, out_dim]` by target type. A target without edges gets
        zeros.

    Raises:
        InputError: the widths do not fit, or a relation is missing.
    """

    def __init__(
        self,
        in_dim: int | Mapping[NodeType, int],
        out_dim: int,
        types: Types,
        heads: int = 1,
        *,
        slope: float = 0.2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if out_dim % heads:
            raise InputError(f"HANConv(out_dim={out_dim}, heads={heads}): heads has to divide out_dim")
        self.node_types, edges = types_of(types)
        self.edge_types = tuple(edges)
        self.target_types = tuple(dict.fromkeys(key[2] for key in edges))
        self.out_dim, self.heads, self.slope, self.dropout = out_dim, heads, slope, dropout
        widths = widths_of(in_dim, self.node_types)
        self.proj = nn.ModuleDict(
            {node_type_key(key): nn.Linear(width, out_dim) for key, width in widths.items()}
        )
        self.lin_src = self._vectors()
        self.lin_dst = self._vectors()
        self.k_lin = nn.Linear(out_dim, out_dim)
        self.q = nn.Parameter(torch.empty(1, out_dim))
        nn.init.xavier_uniform_(self.q)

    def forward(
        self, x: Mapping[NodeType, Tensor], relations: Mapping[EdgeType, Relation | Tensor]
    ) -> dict[NodeType, Tensor]:
        """New nodes of every type that a relation leads to."""
        planned = planned_relations(self.edge_types, x, relations)
        received = self._received(x, planned)
        found = {}
        for target in self.target_types:
            every = torch.stack([received[key] for key in self._into(target)], 1)
            share = self._shares(every, blocks_of(target, planned))
            found[target] = (share.flat.to(every.dtype)[:, None] @ every)[:, 0]
        return found

    def weights(
        self, x: Mapping[NodeType, Tensor], relations: Mapping[EdgeType, Relation | Tensor]
    ) -> dict[EdgeType, Float[Tensor, "E H"]]:
        """How much each edge counts in its relation, in the edges' order."""
        planned = planned_relations(self.edge_types, x, relations)
        return {key: attention_weights(part) for key, part in self._attentions(x, planned).items()}

    def relation_weights(
        self, x: Mapping[NodeType, Tensor], relations: Mapping[EdgeType, Relation | Tensor]
    ) -> dict[EdgeType, Float[Tensor, " T"]]:
        """How much each relation counts for each target node; those into one node sum to one."""
        planned = planned_relations(self.edge_types, x, relations)
        received = self._received(x, planned)
        found: dict[EdgeType, Tensor] = {}
        for target in self.target_types:
            keys = self._into(target)
            every = torch.stack([received[key] for key in keys], 1)
            found |= zip(keys, self._shares(every, blocks_of(target, planned)).flat.unbind(1), strict=True)
        return {key: found[key] for key in self.edge_types}

    # ------------------------------------------------------------------ within a relation

    def _received(
        self, x: Mapping[NodeType, Tensor], relations: Mapping[EdgeType, Relation]
    ) -> dict[EdgeType, Float[Tensor, "T P"]]:
        """What each relation brings."""
        return {key: attend(part).flat.relu() for key, part in self._attentions(x, relations).items()}

    def _attentions(
        self, x: Mapping[NodeType, Tensor], relations: Mapping[EdgeType, Relation]
    ) -> dict[EdgeType, Attention]:
        values: dict[NodeType, Nodes] = {}
        ends: dict[tuple[EdgeType, int], Nodes] = {}
        for node_type in self.node_types:
            roles = [(key, end) for key in self.edge_types for end in (0, 2) if key[end] == node_type]
            if roles:
                nodes = Nodes(x[node_type], blocks=blocks_of(node_type, relations))
                mapped = nodes.linear(self._maps(node_type, roles))
                values[node_type], *scores = mapped.split([self.out_dim, *[self.heads] * len(roles)])
                ends |= zip(roles, scores, strict=True)
        found = {}
        for key, relation in relations.items():
            score = Additive(ends[key, 2], ends[key, 0], self.heads, self.slope)
            found[key] = Attention(relation, score, values[key[0]], dropout=self.dropout * self.training)
        return found

    def _maps(self, node_type: NodeType, roles: list[tuple[EdgeType, int]]) -> Affine:
        """The values of a type, and its part of the score of each relation that it has an end in."""
        linear = self.proj[node_type_key(node_type)]
        assert isinstance(linear, nn.Linear)
        every = [(self.lin_src if end == 0 else self.lin_dst)[edge_type_key(key)] for key, end in roles]
        vectors = torch.cat(every)
        weight = torch.einsum("rhk,hkd->rhd", vectors, linear.weight.unflatten(0, (self.heads, -1)))
        bias = torch.einsum("rhk,hk->rh", vectors, linear.bias.unflatten(0, (self.heads, -1)))
        return torch.cat([linear.weight, weight.flatten(0, 1)]), torch.cat([linear.bias, bias.flatten()])

    def _vectors(self) -> nn.ParameterDict:
        shape = (1, self.heads, self.out_dim // self.heads)
        return nn.ParameterDict(
            {edge_type_key(key): nn.init.xavier_uniform_(torch.empty(shape)) for key in self.edge_types}
        )

    # ------------------------------------------------------------------ over relations

    def _into(self, target: NodeType) -> list[EdgeType]:
        return [key for key in self.edge_types if key[2] == target]

    def _shares(self, received: Float[Tensor, "N R P"], blocks: Blocks | None) -> Nodes:
        """How much each relation counts for each node, `[N, R]`: the same for all nodes of a sample."""
        score = self.k_lin(received).tanh() @ self.q[0]
        if blocks is None:
            mean = score.sum(0, keepdim=True) / max(len(score), 1)
            return Nodes(mean.softmax(1).expand(len(score), -1))
        count = blocks.mask.sum(1, keepdim=True).clamp(min=1)
        mean = blocks.pad(score).sum(1) / count
        return Nodes(padded=mean.softmax(1)[:, None], blocks=blocks)
