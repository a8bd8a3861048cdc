"""Edges among the nodes of one type that have a time: next, within some seconds, similar, complete."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.builders.times.windows import ranges
from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, EdgeType, NodeType
from mmgraph.ops import ragged
from mmgraph.ops.neighbours import nearest

__all__ = ["TimeEdges"]

RELATIONS = {"next": "next", "within": "near", "similar": "similar", "complete": "informs"}

TOLERANCE = 1e-4
"""Seconds by which rounding may move two nodes apart."""


@dataclass(frozen=True)
class TimeEdges:
    """Which edges a builder makes among its nodes, and the making of them.

    - "next": from each node to the one that starts next (relation `next`).
    - "within:K": both ways between nodes whose centres are at most K seconds apart (`near`).
    - "similar:K": from each node to the K others whose features have the highest cosine, which is the
      edge's score (`similar`).
    - "complete": every pair, never stored (`informs`).

    Args:
        node_type: the type of the nodes.
        rules: any of the above, each relation at most once.
        maker: the builder, which the edges name as their origin.
        lanes: so many nodes lie side by side at each time, such as the cells of a video's frames; "next"
            stays in its lane.

    Raises:
        InputError: an unknown rule, or one relation twice.
    """

    node_type: NodeType
    rules: tuple[str, ...]
    maker: str
    lanes: int = 1

    def __post_init__(self) -> None:
        names = [self._parse(rule)[0] for rule in self.rules]
        if len(set(names)) < len(names):
            raise InputError(f"{self.maker}(edges={self.rules}): give each kind of edge once")

    @property
    def specs(self) -> dict[EdgeType, EdgeSpec]:
        """The edge types, in the order of the rules."""
        return {self._edge_type(name): self._spec(name) for name, _ in map(self._parse, self.rules)}

    def __call__(
        self, x: Float[Tensor, "N D"], seconds: Float[Tensor, "N 2"], sizes: Sequence[int]
    ) -> tuple[dict[EdgeType, Tensor], dict[EdgeType, Tensor]]:
        """The edges that are stored, and the scores of those that have one.

        Args:
            x: features of the nodes, sample after sample.
            seconds: when each starts and ends.
            sizes: nodes of each sample.
        """
        edge_index: dict[EdgeType, Tensor] = {}
        edge_score: dict[EdgeType, Tensor] = {}
        for name, amount in map(self._parse, self.rules):
            key = self._edge_type(name)
            if name == "next":
                edge_index[key] = next_pairs(seconds[:, 0], sizes, self.lanes)
            elif name == "within":
                edge_index[key] = near_pairs(seconds.double().mean(1), sizes, amount)
            elif name == "similar":
                edge_index[key], edge_score[key] = nearest(x, x, sizes, sizes, int(amount), loops=False)
        return edge_index, edge_score

    def _edge_type(self, name: str) -> EdgeType:
        return self.node_type, RELATIONS[name], self.node_type

    def _spec(self, name: str) -> EdgeSpec:
        return EdgeSpec(
            complete=name == "complete",
            symmetric=name in ("within", "complete"),
            scored=name == "similar",
            origins=(self.maker,),
        )

    def _parse(self, rule: str) -> tuple[str, float]:
        name, colon, text = rule.partition(":")
        amount = _number(text) if colon else 0.0
        needs_amount = name in ("within", "similar")
        whole = name != "similar" or amount == int(amount)
        if name not in RELATIONS or bool(colon) != needs_amount or (colon and not amount > 0) or not whole:
            raise InputError(
                f"{self.maker}(edges={self.rules}): {rule!r} is no kind of edge; give a tuple of "
                "'next', 'within:SECONDS', 'similar:COUNT', 'complete'"
            )
        return name, amount


def _number(text: str) -> float:
    """The number that a text says, or -1 where it says none that is finite."""
    try:
        number = float(text)
    except ValueError:
        return -1.0
    return number if abs(number) < float("inf") else -1.0


def next_pairs(start: Float[Tensor, " N"], sizes: Sequence[int], lanes: int = 1) -> Int[Tensor, "2 E"]:
    """From each node to the node of its sample and lane that starts next; equal starts keep their order."""
    lane = ragged.sample_of(sizes).numpy()
    if lanes > 1:
        lane = lane * lanes + ragged.positions(sizes).numpy() % lanes
    order = np.lexsort((start.numpy(), lane))
    pairs = np.stack([order[:-1], order[1:]])
    return torch.from_numpy(pairs[:, lane[pairs[0]] == lane[pairs[1]]])


def near_pairs(centre: Float[Tensor, " N"], sizes: Sequence[int], reach: float) -> Int[Tensor, "2 E"]:
    """Both ways between nodes of one sample at most `reach` apart, ordered by source and then target."""
    reach = reach + TOLERANCE
    # One line of time on which the samples lie too far apart to meet.
    span = float(centre.max() - centre.min()) + 2 * reach if len(centre) else 0.0
    line = centre.double().numpy() + ragged.sample_of(sizes).numpy() * span
    order = np.argsort(line, kind="stable")
    line, own = line[order], np.arange(len(line))
    # Of two nodes the later is near if it comes before the earlier plus the reach: seen alike from both.
    first, end = np.searchsorted(line + reach, line), np.searchsorted(line, line + reach, side="right")
    pairs = np.stack(
        [own.repeat(end - first), ranges(torch.from_numpy(first), torch.from_numpy(end)).numpy()]
    )
    pairs = order[np.compress(pairs[0] != pairs[1], pairs, axis=1)]
    if not np.array_equal(order, own):
        pairs = pairs[:, np.lexsort(pairs[::-1])]
    return torch.from_numpy(pairs)
