"""Which links of an alignment are worth drawing, and in which colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.alignment import Alignment
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.visualization.theme import current

__all__ = [
    "Choice",
    "Link",
    "Node",
    "Pair",
    "colours",
    "in_order",
    "links_between",
    "strongest",
    "weights_between",
]

Node = tuple[NodeType, int]
Pair = tuple[NodeType, NodeType]


@dataclass(frozen=True)
class Link:
    """One line between two nodes.

    Args:
        source: type and number of the node that looks.
        target: type and number of the node that it is matched with.
        weight: as the alignment has it.
        strength: the weight against the largest of its pair of node types, 0..1.
        right: whether the truth has it; None where it says nothing of the source.
    """

    source: Node
    target: Node
    weight: float
    strength: float
    right: bool | None = None


@dataclass(frozen=True)
class Choice:
    """Which links of a pair of node types are drawn.

    Args:
        top: how many for each source; ties go to the lower target.
        threshold: a link weighs at least this share of its source's largest.
        floor: a link weighs at least this share of the largest of all.
        most: how many in all, the largest.
    """

    top: int
    threshold: float
    floor: float
    most: int

    def __post_init__(self) -> None:
        for name, count in (("top", self.top), ("most", self.most)):
            if count < 1:
                raise InputError(f"{name}={count}: give a number of links, at least 1")
        for name, value in (("threshold", self.threshold), ("floor", self.floor)):
            if not 0 <= value <= 1:
                raise InputError(f"{name}={value}: expected a share of the largest weight, 0..1")


def strongest(weights: Float[Tensor, "S T"], choice: Choice) -> Int[Tensor, "2 K"]:
    """The links to draw, sources and targets, from the largest weight on; a weight of 0 is no link."""
    if not weights.numel():
        return torch.zeros(2, 0, dtype=torch.long)
    value, target = weights.sort(dim=1, descending=True, stable=True)
    value, target = value[:, : choice.top], target[:, : choice.top]
    keep = (value > 0) & (value >= choice.threshold * value[:, :1]) & (value >= choice.floor * value.max())
    source = torch.arange(len(weights))[:, None].expand_as(target)
    order = value[keep].argsort(descending=True, stable=True)[: choice.most]
    return torch.stack([source[keep][order], target[keep][order]])


def links_between(
    pair: Pair, weights: Float[Tensor, "S T"], choice: Choice, truth: Float[Tensor, "S T"] | None = None
) -> list[Link]:
    """The links of one pair of node types, as `strongest` chooses them."""
    largest = float(weights.max()) if weights.numel() else 1.0
    found = []
    for source, target in strongest(weights, choice).T.tolist():
        weight = float(weights[source, target])
        right = None
        if truth is not None and bool((truth[source] > 0).any()):
            right = bool(truth[source, target] > 0)
        found.append(Link((pair[0], source), (pair[1], target), weight, weight / largest, right))
    return found


def weights_between(
    graph: HeteroGraph, pair: Pair, alignment: Alignment | Tensor, name: str, signed: bool = False
) -> Float[Tensor, "S T"]:
    """The weights `[S, T]` of a one-sample graph's nodes, checked, in float64 on the CPU.

    Args:
        graph: one sample.
        pair: the source and the target node type.
        alignment: an Alignment of one sample, or the weights themselves.
        name: how messages call it.
        signed: whether weights may lie below 0.

    Raises:
        InputError: unknown node types, another number of samples or nodes, weights that are not finite, or
            below 0 unless `signed`.
    """
    for end in pair:
        if end not in graph.schema.nodes:
            raise InputError(
                f"{name} is between {pair}, but there are no {end!r} nodes: the graph has "
                f"{list(graph.schema.nodes)}"
            )
    sizes = graph.num_nodes(pair[0]), graph.num_nodes(pair[1])
    plan = alignment.plan if isinstance(alignment, Alignment) else alignment
    if plan.ndim == 3 and len(plan) != 1:
        raise InputError(f"{name} holds {len(plan)} samples, one is drawn: give plan[i] of sample i")
    plan = plan[0] if plan.ndim == 3 else plan
    if plan.ndim != 2:
        raise InputError(f"{name} has shape {list(plan.shape)}, expected {list(sizes)}")
    plan = plan.detach().to("cpu", torch.float64)
    inner = plan[: sizes[0], : sizes[1]]
    # An Alignment cut out of a batch is padded to the largest sample, with zeros.
    if inner.shape != sizes or bool(plan.count_nonzero() != inner.count_nonzero()):
        raise InputError(
            f"{name} has shape {list(plan.shape)}, but sample {graph.samples[0].id!r} has {sizes[0]} "
            f"{pair[0]} and {sizes[1]} {pair[1]} nodes: give the alignment of this sample"
        )
    wrong = ~inner.isfinite() if signed else ~(inner.isfinite() & (inner >= 0))
    if bool(wrong.any()):
        row, column = wrong.nonzero()[0].tolist()
        raise InputError(
            f"{name}[{row}, {column}] is {float(inner[row, column])}, expected finite weights"
            + ("" if signed else " of at least 0")
        )
    return inner


def colours(links: Sequence[Link], rank: Mapping[NodeType, int]) -> dict[Node, str]:
    """One colour for all that is about the same thing.

    Nodes of the type with the lowest rank get a colour each: regions the strongest first, so that the most
    certain ones differ; words in their order, so that neighbours do. Every other node takes the colour of the
    node of lower rank that it is linked with most.

    Args:
        links: what is drawn.
        rank: for each node type, its place: regions 0, words 1, segments 2.

    Returns:
        Colours of all linked nodes; a plain one for one that no path of links leads up from.
    """
    ends = [end for link in links for end in (link.source, link.target)]
    first = min((rank[node_type] for node_type, _ in ends), default=0)
    leaders = {end for end in ends if rank[end[0]] == first}
    strength = {node: max(x.strength for x in links if node in (x.source, x.target)) for node in leaders}
    order = sorted(leaders, key=lambda node: (0.0 if first else -strength[node], node[1]))
    palette = current().palette
    chosen = {node: palette[number % len(palette)] for number, node in enumerate(order)}
    by_strength = sorted(links, key=lambda link: -link.strength)
    for level in (1, 2):
        for link in by_strength:
            upper, lower = in_order(link, rank)
            if rank[lower[0]] == level and upper in chosen:
                chosen.setdefault(lower, chosen[upper])
    return {**dict.fromkeys(ends, current().plain), **chosen}


def in_order(link: Link, rank: Mapping[NodeType, int]) -> tuple[Node, Node]:
    """The two ends of a link, the upper one in the figure first."""
    if rank[link.source[0]] < rank[link.target[0]]:
        return link.source, link.target
    return link.target, link.source
