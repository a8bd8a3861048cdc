"""One convolution for each relation of a heterogeneous graph, with their matrix products put together."""

from collections.abc import Mapping
from typing import Literal, cast, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.graph import EdgeType, NodeType
from mmgraph.nn.convolution import Attentive, Convolution, Maps
from mmgraph.nn.typed import blocks_of, check_names, module_key, planned_relations
from mmgraph.ops.attend import Attention, attend_jointly, attention_weights, joint_attention_weights
from mmgraph.ops.linear_maps import Affine
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.relation import Relation

__all__ = ["Combine", "HeteroConv"]

Combine = Literal["sum", "mean", "max", "softmax"]

Role = tuple[EdgeType, int]
"""An edge type and which of its ends, 0 or 2."""


class HeteroConv(nn.Module):
    r"""A convolution for each edge type, and what reaches a node over several of them combined.

    As PyG's HeteroConv, after Schlichtkrull et al., "Modeling Relational Data with Graph Convolutional
    Networks", ESWC 2018, arXiv 1703.06103; with `combine="softmax"` the attention of a node is spread over
    the edges of all types at once. The linear maps of all convolutions that read one node type run as one
    matrix product, and so do the roots. Parameters are named as PyG's, whose state dict loads.

    Args:
        convs: a convolution for each edge type; other edge types of the graph are not used.
        combine: "sum", "mean" or "max" of what the relations bring; or "softmax", for convolutions by
            attention, whose values are then summed under one softmax, the roots and biases too.

    Shape:
        x by node type, relations by edge type, edge_attr by edge type -> nodes by target type. A relation
        without edges still adds its root and bias.

    Raises:
        InputError: a convolution is not one of ours, or "softmax" with one that has no attention.
    """

    def __init__(self, convs: Mapping[EdgeType, nn.Module], combine: Combine = "sum") -> None:
        super().__init__()
        if not convs:
            raise InputError("HeteroConv got no convolutions: give one for each edge type")
        if combine not in get_args(Combine):
            raise InputError(f"HeteroConv(combine={combine!r}): expected one of {get_args(Combine)}")
        for key, conv in convs.items():
            wanted = Attentive if combine == "softmax" else Convolution
            if not isinstance(conv, wanted):
                lacks = 'no attention for combine="softmax"' if combine == "softmax" else "no maps and mix"
                raise InputError(f"the convolution of {key} is {type(conv).__name__}, which has {lacks}")
        if combine == "softmax" and len({getattr(conv, "concat", True) for conv in convs.values()}) > 1:
            raise InputError('combine="softmax" merges the heads of all alike: give all the same concat')
        check_names(convs, module_key)
        self.edge_types = tuple(convs)
        self.combine = combine
        self.convs = nn.ModuleDict({module_key(key): conv for key, conv in convs.items()})

    def forward(
        self,
        x: Mapping[NodeType, Tensor],
        relations: Mapping[EdgeType, Relation | Tensor],
        edge_attr: Mapping[EdgeType, Tensor] | None = None,
    ) -> dict[NodeType, Tensor]:
        """New nodes of every type that a relation leads to."""
        planned = planned_relations(self.edge_types, x, relations, edge_attr)
        maps = {key: self._conv(key).maps() for key in self.edge_types}
        mapped = self._project(x, planned, maps)
        found: dict[NodeType, Tensor] = {}
        for target in dict.fromkeys(key[2] for key in self.edge_types):
            keys = [key for key in self.edge_types if key[2] == target]
            received = self._receive(keys, planned, mapped, edge_attr or {})
            found[target] = self._combined(received, x[target], [maps[key].root for key in keys])
        return found

    def weights(
        self,
        x: Mapping[NodeType, Tensor],
        relations: Mapping[EdgeType, Relation | Tensor],
        edge_attr: Mapping[EdgeType, Tensor] | None = None,
    ) -> dict[EdgeType, Float[Tensor, "E H"]]:
        """How much each edge counts for its target, in the edges' order, where convolutions have attention.

        Over the edges of a target they sum to one: those of each relation, or with "softmax" those of all.

        Raises:
            InputError: a convolution has no attention.
        """
        for key in self.edge_types:
            if not isinstance(self._conv(key), Attentive):
                raise InputError(f"the convolution of {key} has no attention, and so no weights")
        planned = planned_relations(self.edge_types, x, relations, edge_attr)
        mapped = self._project(x, planned, {key: self._conv(key).maps() for key in self.edge_types})
        found: dict[EdgeType, Tensor] = {}
        for target in dict.fromkeys(key[2] for key in self.edge_types):
            keys = [key for key in self.edge_types if key[2] == target]
            attentions = self._attentions(keys, planned, mapped, edge_attr or {})
            joint = self.combine == "softmax"
            shares = joint_attention_weights(attentions) if joint else map(attention_weights, attentions)
            found |= zip(keys, shares, strict=True)
        return {key: found[key] for key in self.edge_types}

    def _conv(self, key: EdgeType) -> Convolution:
        return cast(Convolution, self.convs[module_key(key)])

    def _project(
        self,
        x: Mapping[NodeType, Tensor],
        relations: Mapping[EdgeType, Relation],
        maps: Mapping[EdgeType, Maps],
    ) -> dict[EdgeType, tuple[Nodes, Nodes]]:
        """Mapped source and target nodes of each relation, a node type at a time."""
        mapped: dict[Role, Nodes] = {}
        for node_type, values in x.items():
            roles = [(key, end) for key in self.edge_types for end in (0, 2) if key[end] == node_type]
            if not roles:
                continue
            nodes = Nodes(values, blocks=blocks_of(node_type, relations))
            mapped |= _mapped(nodes, {role: _map(maps[role[0]], role[1]) for role in roles})
        return {key: (mapped[key, 0], mapped[key, 2]) for key in self.edge_types}

    def _receive(
        self,
        keys: list[EdgeType],
        relations: Mapping[EdgeType, Relation],
        mapped: Mapping[EdgeType, tuple[Nodes, Nodes]],
        edge_attr: Mapping[EdgeType, Tensor],
    ) -> list[Nodes]:
        """What the nodes of one target type receive: from each relation, or under one softmax from all."""
        if self.combine != "softmax":
            return [self._conv(key).mix(relations[key], *mapped[key], edge_attr.get(key)) for key in keys]
        attentions = self._attentions(keys, relations, mapped, edge_attr)
        return [cast(Attentive, self._conv(keys[0])).merge(attend_jointly(attentions))]

    def _attentions(
        self,
        keys: list[EdgeType],
        relations: Mapping[EdgeType, Relation],
        mapped: Mapping[EdgeType, tuple[Nodes, Nodes]],
        edge_attr: Mapping[EdgeType, Tensor],
    ) -> list[Attention]:
        convs = [cast(Attentive, self._conv(key)) for key in keys]
        return [
            conv.attention(relations[key], *mapped[key], edge_attr.get(key))
            for conv, key in zip(convs, keys, strict=True)
        ]

    def _combined(
        self, received: list[Nodes], x: Tensor, roots: list[tuple[Tensor | None, Tensor | None]]
    ) -> Tensor:
        if self.combine == "max":
            each = [_rooted(nodes.flat, x, [root]) for nodes, root in zip(received, roots, strict=True)]
            return torch.stack(each).amax(0)
        total = received[0]
        for nodes in received[1:]:
            total = total + nodes
        found = _rooted(total.flat, x, roots)
        return found / len(roots) if self.combine == "mean" else found


def _mapped(nodes: Nodes, maps: Mapping[Role, Affine | None]) -> dict[Role, Nodes]:
    """The nodes under each map; as they are where there is none."""
    asked = {role: affine for role, affine in maps.items() if affine is not None}
    found = dict.fromkeys(maps, nodes)
    if asked:
        found |= zip(asked, nodes.linears(list(asked.values())), strict=True)
    return found


def _map(maps: Maps, end: int) -> Affine | None:
    return maps.source if end == 0 else maps.target


def _rooted(received: Tensor, x: Tensor, roots: list[tuple[Tensor | None, Tensor | None]]) -> Tensor:
    """What was received, and the sum of the roots of the target nodes."""
    weights = [weight for weight, _ in roots if weight is not None]
    biases = [bias for _, bias in roots if bias is not None]
    bias = torch.stack(biases).sum(0) if biases else None
    if weights:
        return received + nn.functional.linear(x, torch.stack(weights).sum(0), bias)
    return received if bias is None else received + bias
