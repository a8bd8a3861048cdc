"""The ways through a graph that weigh most, from one node to another."""

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.explanation.explanation import Path
from mmgraph.graph import EdgeType, HeteroGraph, NodeType

__all__ = ["best_paths", "default_weights"]

Node = tuple[NodeType, int]


def best_paths(
    graph: HeteroGraph,
    start: Node,
    end: Node,
    weights: Mapping[EdgeType, Float[Tensor, " E"]] | None = None,
    max_length: int = 3,
    count: int = 5,
) -> tuple[Path, ...]:
    r"""The ways from one node to another, along the edges, whose product of weights is largest.

    A way visits no node twice, and passes listed edges and pairs of complete relations from source to target;
    with `graph.with_reverse()` it passes them both ways. Ways of weight zero are left out. For a
    recommendation, from a user to an item: Wang et al., "Explainable Reasoning over Knowledge Graphs for
    Recommendation", AAAI 2019, arXiv 1811.04540, learn such ways; these here are the best of all, exactly.

    It is a best-first search. What the rest of a way can weigh at most is known from a table of the best
    walks to the end with at most so many edges, so only ways are looked at that may be among the best.

    Args:
        graph: one sample, or a batch with nodes numbered through it.
        start: node type and number.
        end: another node, likewise.
        weights: for each edge type that may be passed, a weight of at least 0 for each edge, in the order of
            `graph.edges(edge_type)`; None for `default_weights(graph)`.
        max_length: edges of a way at most, at least 1.
        count: how many ways at most, at least 1.

    Returns:
        the best first; of equal ones the shorter first.

    Raises:
        InputError: a node or edge type that the graph lacks, twice the same node, weights of another shape,
            negative or not finite, or a number below 1.
    """
    if max_length < 1 or count < 1:
        raise InputError(f"best_paths(max_length={max_length}, count={count}): expected at least 1")
    for name, (key, number) in (("start", start), ("end", end)):
        if key not in graph.schema.nodes or not 0 <= number < graph.num_nodes(key):
            sizes = {node_type: graph.num_nodes(node_type) for node_type in graph.schema.nodes}
            raise InputError(f"best_paths got {name}={(key, number)}: the graph has {sizes} nodes")
    if start == end:
        raise InputError(f"best_paths got {start} as start and end: give two nodes")
    ways = _Ways.of(graph, default_weights(graph) if weights is None else weights)
    found = ways.best(ways.number(start), ways.number(end), max_length, count)
    return tuple(ways.path(way) for way in found)


def default_weights(graph: HeteroGraph) -> dict[EdgeType, Float[Tensor, " E"]]:
    """The score of each edge where a relation has scores, cut at 0; else one by the edges of its source.

    So a way through a node with many edges of one relation counts less, as for a random walk.
    """
    found = {}
    for key in graph.schema.edges:
        if key in graph.edge_score:
            found[key] = graph.edge_score[key].to("cpu", torch.float64).clamp(min=0)
        else:
            source = graph.edges(key)[0].cpu()
            degree = torch.bincount(source, minlength=graph.num_nodes(key[0]))
            found[key] = 1 / degree[source].double()
    return found


@dataclass(frozen=True)
class _Ways:
    """All edges between all nodes, the nodes of all types in a row, ordered by source."""

    starts: dict[NodeType, int]
    size: int
    source: Tensor
    target: Tensor
    weight: Tensor
    relation: Tensor
    names: tuple[str, ...]

    @classmethod
    def of(cls, graph: HeteroGraph, weights: Mapping[EdgeType, Tensor]) -> "_Ways":
        starts, first = {}, 0
        for node_type in graph.schema.nodes:
            starts[node_type] = first
            first += graph.num_nodes(node_type)
        parts = []
        for number, (key, weight) in enumerate(weights.items()):
            value = _checked(graph, key, weight)
            index = graph.edges(key).cpu()
            shifted = index + torch.tensor([[starts[key[0]]], [starts[key[2]]]])
            parts.append((*shifted, value, torch.full_like(index[0], number)))
        empty = torch.zeros(0, dtype=torch.long)
        columns = zip(*parts, strict=True) if parts else [(empty,)] * 4
        source, target, value, relation = (torch.cat(column) for column in columns)
        # Whoever weighs nothing is no way; and of the rest, those of one source stand together.
        kept = value.nonzero()[:, 0]
        kept = kept[source[kept].argsort(stable=True)]
        names = tuple(name for _, name, _ in weights)
        return cls(starts, first, source[kept], target[kept], value[kept].double(), relation[kept], names)

    def number(self, node: Node) -> int:
        return self.starts[node[0]] + node[1]

    def node(self, number: int) -> Node:
        key = next(key for key in reversed(self.starts) if self.starts[key] <= number)
        return key, number - self.starts[key]

    def path(self, way: "_Way") -> Path:
        return Path(
            tuple(self.node(number) for number in way.nodes),
            tuple(self.names[number] for number in way.relations),
            way.weight,
        )

    def best(self, start: int, end: int, max_length: int, count: int) -> list["_Way"]:
        """The best ways, by a best-first search."""
        most = self._most(end, max_length)
        offset = torch.searchsorted(self.source, torch.arange(self.size + 1)).tolist()
        waiting = [(-math.inf, 0, _Way(1.0, (start,), ()))]
        found: list[_Way] = []
        while waiting and len(found) < count:
            way = heapq.heappop(waiting)[2]
            node, left = way.nodes[-1], max_length - len(way.relations)
            if node == end:
                found.append(way)
            elif left:
                edges = slice(offset[node], offset[node + 1])
                hope = (way.weight * self.weight[edges] * most[left - 1][self.target[edges]]).tolist()
                for number in range(edges.start, edges.stop):
                    longer = self._longer(way, number, end, hope[number - edges.start])
                    if longer is not None:
                        heapq.heappush(waiting, longer)
        return found

    def _longer(self, way: "_Way", edge: int, end: int, hope: float) -> tuple[float, int, "_Way"] | None:
        """A way with one more edge, as it waits for its turn; None if it comes to nothing."""
        target = int(self.target[edge])
        if not hope or target in way.nodes:
            return None
        weight = way.weight * float(self.weight[edge])
        longer = _Way(weight, (*way.nodes, target), (*way.relations, int(self.relation[edge])))
        # A little more for ways under way: rounding does not let a lesser one arrive before them.
        return -(weight if target == end else hope * (1 + 1e-9)), len(longer.relations), longer

    def _most(self, end: int, max_length: int) -> list[Float[Tensor, " N"]]:
        """For each number of edges, what a walk from each node to the end weighs at most."""
        reached = torch.zeros(self.size, dtype=torch.float64)
        reached[end] = 1.0
        found = [reached]
        for _ in range(max_length - 1):
            through = self.weight * found[-1][self.target]
            found.append(found[-1].scatter_reduce(0, self.source, through, "amax"))
        return found


@dataclass(frozen=True, order=True)
class _Way:
    """Numbers of nodes and of relations, and the product of the weights."""

    weight: float
    nodes: tuple[int, ...]
    relations: tuple[int, ...]


def _checked(graph: HeteroGraph, key: EdgeType, weight: Tensor) -> Float[Tensor, " E"]:
    if key not in graph.schema.edges:
        raise InputError(f"best_paths got weights of {key}: the graph has {list(graph.schema.edges)}")
    value = weight.detach().to("cpu", torch.float64)
    if value.shape != (graph.num_edges(key),):
        raise InputError(
            f"best_paths got weights of {key} of shape {list(value.shape)}: expected one for each of the "
            f"{graph.num_edges(key)} edges, in the order of graph.edges({key})"
        )
    if not bool(((value >= 0) & value.isfinite()).all()):
        raise InputError(f"best_paths got weights of {key} that are negative or not finite: give at least 0")
    return value
