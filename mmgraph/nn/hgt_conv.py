"""The heterogeneous graph transformer, with edge features."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, EdgeType, NodeType
from mmgraph.nn.typed import (
    Types,
    blocks_of,
    edge_type_key,
    node_type_key,
    planned_relations,
    types_of,
    widths_of,
)
from mmgraph.ops.attend import Attention, attend_jointly, joint_attention_weights
from mmgraph.ops.edge_features import EdgeFeatures
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.relation import Relation
from mmgraph.ops.scores import Dot

__all__ = ["HGTConv"]


class HGTConv(nn.Module):
    r"""Attention of every node over its neighbours of all types, with maps by node type and by edge type.

    For target i of type t and an edge of type r from source j of type s, in each head:

    .. math::
        a_{ij} = \mathrm{softmax}_{j, r} \left( \frac{\mu_r}{\sqrt{K}} (Q_t x_i)^\top A_r K_s x_j
        + b_r^\top f_{ij} \right), \qquad
        h_i = \sum_{j, r} a_{ij} (M_r V_s x_j + W_r f_{ij})

    .. math::
        y_i = \sigma(g_t) \, O_t \, \mathrm{GELU}(h_i) + (1 - \sigma(g_t)) \, x_i

    The softmax is over all edges that reach a node, whatever their type. Hu et al., "Heterogeneous Graph
    Transformer", WWW 2020, arXiv 2003.01332, without its time encoding. As in PyG, the skip is left out where
    the widths differ, and :math:`\mu_r` has a value for each head.

    Each node type has one matrix product for its queries, keys and values, and then one in each head that
    maps its keys for all relations at once, and one its values; priors are folded into the maps. Edge types
    go by name, in whatever order they come (PyG gives other numbers, without an error, if they come in
    another order than in its metadata). Parameters are named as PyG's, whose state dict loads.

    Unlike in the paper and PyG, edges may carry features or classes f: where the schema says so, a relation
    has `edge_bias` b and `edge_message` W (a row for each feature or class), both zero at first, so that the
    layer starts out as PyG's (its state dict loads with `strict=False`).

    Args:
        in_dim: width of the nodes, of all types or by type.
        out_dim: width of the result; `heads` divides it.
        types: the schema; or node types and edge types, and then no edge carries anything.
        heads: number of heads.

    Shape:
        x by node type, relations by edge type, edge_attr by edge type (`[E, F]` floats or `[E]` classes, in
        the edges' order) -> `[N, out_dim]` by target type. A target without edges gets the output's bias and
        the skip.

    Raises:
        InputError: the widths do not fit, or a relation or its edge attributes are missing.
    """

    def __init__(
        self, in_dim: int | Mapping[NodeType, int], out_dim: int, types: Types, heads: int = 1
    ) -> None:
        super().__init__()
        if out_dim % heads:
            raise InputError(f"HGTConv(out_dim={out_dim}, heads={heads}): heads has to divide out_dim")
        self.node_types, edges = types_of(types)
        self.edge_types = tuple(edges)
        self.target_types = tuple(dict.fromkeys(key[2] for key in edges))
        self.in_dim = widths_of(in_dim, self.node_types)
        self.out_dim, self.heads, self.head_dim = out_dim, heads, out_dim // heads
        self.kqv_lin = _linears({key: (width, 3 * out_dim) for key, width in self.in_dim.items()})
        self.out_lin = _linears(dict.fromkeys(self.node_types, (out_dim, out_dim)))
        self.k_rel = self._relation_maps()
        self.v_rel = self._relation_maps()
        self.skip = nn.ParameterDict({node_type_key(key): torch.ones(1) for key in self.node_types})
        self.p_rel = nn.ParameterDict({edge_type_key(key): torch.ones(1, heads) for key in edges})
        carried = {key: _width(spec) for key, spec in edges.items() if spec.has_attr}
        self.edge_bias = nn.ParameterDict(
            {edge_type_key(key): torch.zeros(width, heads) for key, width in carried.items()}
        )
        self.edge_message = nn.ParameterDict(
            {edge_type_key(key): torch.zeros(width, heads, self.head_dim) for key, width in carried.items()}
        )

    def forward(
        self,
        x: Mapping[NodeType, Tensor],
        relations: Mapping[EdgeType, Relation | Tensor],
        edge_attr: Mapping[EdgeType, Tensor] | None = None,
    ) -> dict[NodeType, Tensor]:
        """New nodes of every type that a relation leads to."""
        attentions = self._attentions(x, relations, edge_attr or {})
        return {
            target: self._updated(target, attend_jointly(list(reaching.values())).flat, x[target])
            for target, reaching in attentions.items()
        }

    def weights(
        self,
        x: Mapping[NodeType, Tensor],
        relations: Mapping[EdgeType, Relation | Tensor],
        edge_attr: Mapping[EdgeType, Tensor] | None = None,
    ) -> dict[EdgeType, Float[Tensor, "E H"]]:
        """How much each edge counts, in the edges' order; over all edges of a target they sum to one."""
        found: dict[EdgeType, Tensor] = {}
        for reaching in self._attentions(x, relations, edge_attr or {}).values():
            found |= zip(reaching, joint_attention_weights(list(reaching.values())), strict=True)
        return {key: found[key] for key in self.edge_types}

    # ------------------------------------------------------------------ nodes

    def _attentions(
        self,
        x: Mapping[NodeType, Tensor],
        relations: Mapping[EdgeType, Relation | Tensor],
        edge_attr: Mapping[EdgeType, Tensor],
    ) -> dict[NodeType, dict[EdgeType, Attention]]:
        """For each target type, the attention over each relation into it."""
        planned = planned_relations(self.edge_types, x, relations, edge_attr)
        queries, keys, values = self._project(x, planned)
        found: dict[NodeType, dict[EdgeType, Attention]] = {target: {} for target in self.target_types}
        for key, relation in planned.items():
            score = Dot(queries[key[2]], keys[key], self.heads, 1.0)
            bias, message = self._edge_terms(key, edge_attr.get(key))
            found[key[2]][key] = Attention(relation, score, values[key], bias, message)
        return found

    def _project(
        self, x: Mapping[NodeType, Tensor], relations: Mapping[EdgeType, Relation]
    ) -> tuple[dict[NodeType, Nodes], dict[EdgeType, Nodes], dict[EdgeType, Nodes]]:
        """Queries by target type, keys and values by edge type."""
        queries: dict[NodeType, Nodes] = {}
        keys: dict[EdgeType, Nodes] = {}
        values: dict[EdgeType, Nodes] = {}
        for node_type in self.node_types:
            leaving = {key: relation for key, relation in relations.items() if key[0] == node_type}
            if not leaving and node_type not in self.target_types:
                continue
            nodes = Nodes(x[node_type], blocks=blocks_of(node_type, relations))
            linear = self._linear(self.kqv_lin, node_type)
            key, queries[node_type], value = nodes.linear((linear.weight, linear.bias)).split(
                [self.out_dim] * 3
            )
            if leaving:
                keys |= self._by_relation(key, self._key_maps(list(leaving)), leaving)
                values |= self._by_relation(value, self._of(self.v_rel, list(leaving)), leaving)
        return queries, keys, values

    def _by_relation(
        self, nodes: Nodes, maps: Float[Tensor, "H R K K"], leaving: Mapping[EdgeType, Relation]
    ) -> dict[EdgeType, Nodes]:
        """Keys or values under the map of each relation: one product of all relations for each head."""
        padded = all(relation.on_grid("dot") for relation in leaving.values())
        rows = nodes.padded.flatten(0, 1) if padded else nodes.flat
        by_head = rows.unflatten(-1, (self.heads, self.head_dim)).transpose(0, 1)
        mapped = torch.bmm(by_head, maps.transpose(1, 2).flatten(2))
        parts = mapped.unflatten(-1, (len(leaving), self.head_dim)).unbind(2)
        if not padded:
            flat = (part.transpose(0, 1).flatten(1) for part in parts)
            return {key: Nodes(part, blocks=nodes.blocks) for key, part in zip(leaving, flat, strict=True)}
        shape = nodes.padded.shape[:2]
        blocks = (part.unflatten(1, shape).transpose(0, 1) for part in parts)
        return {
            key: Nodes(heads_first=part, blocks=nodes.blocks)
            for key, part in zip(leaving, blocks, strict=True)
        }

    def _linear(self, linears: nn.ModuleDict, node_type: NodeType) -> nn.Linear:
        """The map of a node type; PyG keeps them all in a part of the name "lins"."""
        linear = linears.get_submodule(f"lins.{node_type_key(node_type)}")
        assert isinstance(linear, nn.Linear)
        return linear

    def _key_maps(self, edge_types: list[EdgeType]) -> Float[Tensor, "H R K K"]:
        """The maps of keys, times the prior of each relation and the scale of the dot product."""
        prior = torch.stack([self.p_rel[edge_type_key(edge)][0] for edge in edge_types], 1)
        return self._of(self.k_rel, edge_types) * (prior / self.head_dim**0.5)[..., None, None]

    def _of(self, relation_maps: nn.ParameterDict, edge_types: list[EdgeType]) -> Float[Tensor, "H R K K"]:
        """The maps of these relations, for each head."""
        every = relation_maps["weight"].unflatten(0, (self.heads, -1)).unbind(1)
        return torch.stack([every[self.edge_types.index(edge)] for edge in edge_types], 1)

    def _relation_maps(self) -> nn.ParameterDict:
        """A map for each head and relation, `[H * R, K, K]`, that starts out as PyG's."""
        weight = torch.empty(self.heads * len(self.edge_types), self.head_dim, self.head_dim)
        bound = self.head_dim**-0.5
        return nn.ParameterDict({"weight": weight.uniform_(-bound, bound)})

    def _updated(
        self, node_type: NodeType, received: Float[Tensor, "N P"], x: Float[Tensor, "N D"]
    ) -> Float[Tensor, "N P"]:
        out = self._linear(self.out_lin, node_type)(nn.functional.gelu(received))
        if self.in_dim[node_type] != self.out_dim:
            return out
        gate = self.skip[node_type_key(node_type)].sigmoid()
        return torch.lerp(x, out.to(x.dtype), gate.to(x.dtype))

    # ------------------------------------------------------------------ edges

    def _edge_terms(self, key: EdgeType, attr: Tensor | None) -> tuple[Tensor | None, EdgeFeatures | None]:
        """What the edges of a relation add to the logits and to the messages."""
        name = edge_type_key(key)
        if name not in self.edge_bias:
            if attr is not None:
                raise InputError(
                    f"edge_attr of {key} came, but HGTConv was made without: give it a schema whose EdgeSpec "
                    "has attr_dim or classes"
                )
            return None, None
        bias, message = self.edge_bias[name], self.edge_message[name]
        if attr is None:
            raise InputError(f"edge_attr of {key} is missing: its edges carry attributes in the schema")
        if attr.is_floating_point():
            features = attr.to(bias.dtype)
            return features @ bias, EdgeFeatures(features, message)
        classes = torch.arange(len(bias), device=attr.device)
        return bias.index_select(0, attr), EdgeFeatures((attr[:, None] == classes).to(bias.dtype), message)


def _linears(widths: Mapping[NodeType, tuple[int, int]]) -> nn.ModuleDict:
    linears = {node_type_key(key): nn.Linear(*width) for key, width in widths.items()}
    return nn.ModuleDict({"lins": nn.ModuleDict(linears)})


def _width(spec: EdgeSpec) -> int:
    return spec.attr_dim or len(spec.classes)
