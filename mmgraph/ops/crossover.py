"""Where a grid of padded blocks is faster than a list of edges: measured, by kind of work."""

from itertools import pairwise
from math import log
from typing import Literal

__all__ = ["CROSSOVER", "WORKS", "Work", "grid_is_faster"]

Work = Literal["sum", "max", "dot", "additive", "pairwise"]
"""sum: weighted sums of neighbours; max: their maxima; dot: dot-product attention; additive: attention from
one number for each end (GAT); pairwise: a score that needs every channel of both (GATv2, Bahdanau)."""

WORKS: tuple[Work, ...] = ("sum", "max", "dot", "additive", "pairwise")

CROSSOVER: dict[Work, tuple[tuple[int, float], ...]] = {
    "sum": ((16, 1.0), (64, 1.0), (256, 0.65), (1024, 0.44)),
    "max": ((16, 1.0), (1024, 1.0)),
    "dot": ((16, 0.67), (64, 0.19), (256, 0.20), (1024, 0.22)),
    "additive": ((16, 0.49), (64, 0.36), (256, 0.40), (1024, 0.49)),
    "pairwise": ((16, 0.69), (64, 0.58), (256, 0.62), (1024, 0.72)),
}
"""(nodes of a sample, density of edges among its padded pairs) at which both take as long, forward and
backward, with one CPU thread and width 256. `experiments/benchmarks/density.py` measures them."""

LARGEST = 2**28
"""Pairs above which no grid is laid out: 4 heads of float32 logits would fill 4 GB."""


def grid_is_faster(work: Work, num_edges: int, batch: int, height: int, width: int) -> bool:
    """Whether the grid `[batch, height, width]` is expected to be faster than its edges.

    Between the measured sizes, the density is interpolated in the logarithm of the size.
    """
    pairs = batch * height * width
    if not pairs or pairs > LARGEST:
        return False
    points = CROSSOVER[work]
    size = (height * width) ** 0.5
    density = num_edges / pairs
    for (low, below), (high, above) in pairwise(points):
        if low <= size <= high:
            share = log(size / low) / log(high / low)
            return density > below + share * (above - below)
    edge = points[0] if size < points[0][0] else points[-1]
    return density > edge[1]
