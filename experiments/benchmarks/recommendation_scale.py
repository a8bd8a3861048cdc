"""Memory and time of LightGCN against users, items and edges: measured to ten million, computed to a billion.

    python -m experiments.benchmarks.recommendation_scale --json scale.json

The interactions are different pairs whose users and items fall in popularity as a power of their rank. Each
row is a process of its own, with one thread: it builds the graph, makes some steps, and ranks all items for
some users. Three ways to train:

- `full`: three layers over the whole graph in every step, 65,536 interactions a step, Adam;
- `rows`: two layers over at most ten drawn neighbours of a node, 2,048 interactions a step, Adam on the rows
  that a step touches (`SampledLightGCN`, `RowAdam`);
- `adagrad`: the same with one number a row in place of Adam's two a weight (`RowAdagrad`).

Memory is the peak resident size of a phase, the table of interactions included, above that of the process
before; every page of the optimizer's state is written once, as a long run does. Time is CPU time; a step is
the median, an epoch is steps for all interactions, and ranking is one propagation and all items for 1,000
users. Computed memory is a count of tensors, in `computed` below. Computed time is that of the largest
measured graph: by its edges, but for a sampled step, which stays as it is. `scale.SIZE.WAY.memory_ratio` is
computed over measured peak memory.

The billion fits the int32 indices, which count to 2,147,483,647 in each direction; a relation with more edges
is refused by `csr` and has to be split.
"""

import ctypes
import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import Tensor, nn

from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.timing import write_figures
from mmgraph.data.recommendation import InteractionTable
from mmgraph.data.recommendation.negative_sampler import NegativeSampler
from mmgraph.models.recommendation import LightGCNRecommender, RecommendationGraph, Triplets
from mmgraph.models.recommendation.sampled_light_gcn import SampledLightGCN
from mmgraph.ops.neighbour_sampling import draw_edges, transposed
from mmgraph.ops.top_scores import top_scores
from mmgraph.tasks.recommendation.train import triplets
from mmgraph.tasks.recommendation.train_sampled import sampled_terms
from mmgraph.training import RowAdagrad, RowAdam

WIDTH, RANKED, EXPONENT = 64, 1000, 0.7


@dataclass(frozen=True)
class Size:
    """How large a graph is."""

    users: int
    items: int
    edges: int

    @property
    def nodes(self) -> int:
        """Rows of all tables."""
        return self.users + self.items


@dataclass(frozen=True)
class Way:
    """One way to train.

    Args:
        layers: of propagation.
        fanout: edges that a node draws; None for propagation over the whole graph.
        batch: interactions of a step.
        steps: how many are timed.
        optimizer: of the tables.
    """

    layers: int
    fanout: int | None
    batch: int
    steps: int
    optimizer: Callable[..., torch.optim.Optimizer]


MEASURED = {
    "small": Size(10_000, 2_000, 100_000),
    "medium": Size(100_000, 20_000, 1_000_000),
    "large": Size(1_000_000, 200_000, 10_000_000),
}
QUICK = {
    "small": Size(1_000, 200, 10_000),
    "medium": Size(3_000, 600, 30_000),
    "large": Size(10_000, 2_000, 100_000),
}
COMPUTED = {
    "hundred_million": Size(10_000_000, 2_000_000, 100_000_000),
    "billion": Size(100_000_000, 20_000_000, 1_000_000_000),
}
WAYS = {
    "full": Way(3, None, 65_536, 3, torch.optim.Adam),
    "rows": Way(2, 10, 2_048, 10, RowAdam),
    "adagrad": Way(2, 10, 2_048, 10, RowAdagrad),
}


@dataclass(frozen=True)
class Cost:
    """What one way costs on one graph.

    Args:
        build: peak bytes while the graph is made.
        train: the same in the steps.
        rank: the same while users are ranked.
        build_seconds: to make the graph from the interactions.
        step_seconds: of a step.
        rank_seconds: to propagate once and rank all items for 1,000 users.
        reached: nodes around a batch; 0 where steps see the whole graph.
    """

    build: float
    train: float
    rank: float
    build_seconds: float
    step_seconds: float
    rank_seconds: float
    reached: int

    @property
    def peak(self) -> float:
        """The most bytes at any time."""
        return max(self.build, self.train, self.rank)


def interactions(size: Size, seed: int = 0) -> InteractionTable:
    """Different pairs, listed by user, with the popularity of both ends falling as a power of their rank."""
    random = torch.Generator().manual_seed(seed)

    def drawn(count: int, nodes: int) -> Tensor:
        ranks = torch.rand(count, generator=random, dtype=torch.float64) ** (1 / (1 - EXPONENT)) * nodes
        return torch.randperm(nodes, generator=numbers).index_select(0, ranks.long())

    keys = torch.zeros(0, dtype=torch.long)
    while len(keys) < size.edges:
        # The same numbers for a rank in every round.
        numbers = torch.Generator().manual_seed(seed + 1)
        more = size.edges - len(keys) + size.edges // 10
        found = drawn(more, size.users).mul_(size.items).add_(drawn(more, size.items))
        keys = torch.cat([keys, found]).unique()
    keys = keys[torch.randperm(len(keys), generator=random)[: size.edges]].sort().values
    return InteractionTable(keys // size.items, keys % size.items)


def apart(size: Size, way: Way) -> Cost:
    """`measure` in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(measure, size, way).result()


def measure(size: Size, way: Way) -> Cost:
    """Build, train a little and rank, in this process."""
    torch.set_num_threads(1)
    # Once on next to nothing: what libraries allocate for themselves is not the graph's.
    _measured(Size(100, 50, 500), replace(way, batch=64))
    return _measured(size, way)


def _measured(size: Size, way: Way) -> Cost:
    torch.manual_seed(0)
    train = interactions(size)
    base = _resident() - 16 * size.edges
    with _Phase(base) as build:
        graph = RecommendationGraph.of(train, size.users, size.items)
        sampler = NegativeSampler(train, size.items)
    with _Phase(base) as training:
        model, terms = _model(graph, way)
        optimizer = way.optimizer(model.parameters(), lr=1e-3)
        generator = torch.Generator().manual_seed(0)
        seconds = []
        batches = triplets(train, sampler, way.batch, 1, generator)
        for number, batch in enumerate(_endless(batches, way.steps + 1)):
            start = time.process_time()
            optimizer.zero_grad(set_to_none=True)
            torch.stack(list(terms(batch, number).values())).sum().backward()
            optimizer.step()
            seconds.append(time.process_time() - start)
            if number == 0:
                _write_all(optimizer)
        reached = _reached(model, graph, batch)
        optimizer.zero_grad(set_to_none=True)
    with _Phase(base) as ranking, torch.inference_mode():
        found = model(graph)
        users = torch.randperm(size.users)[:RANKED]
        entry, row = draw_edges(transposed(graph.interactions.csr), users, None, users)
        starts = torch.searchsorted(row, torch.arange(len(users) + 1))
        seen = starts.int(), graph.interactions.csr.back_target.index_select(0, entry)
        best = top_scores(found.users[users], found.items, 20, seen)[1]
    assert best.shape == (min(RANKED, size.users), 20)
    # The first step also makes the optimizer's state.
    step = statistics.median(seconds[1:])
    return Cost(build.peak, training.peak, ranking.peak, build.seconds, step, ranking.seconds, reached)


def _model(graph: RecommendationGraph, way: Way) -> tuple[nn.Module, Callable[..., dict[str, Tensor]]]:
    """A new model, and what gives its terms from a batch and the number of a step."""
    if way.fanout is None:
        full = LightGCNRecommender(graph, WIDTH, way.layers)
        return full, lambda batch, _: full.loss(graph, batch)
    sampled = SampledLightGCN(graph, WIDTH, way.layers, way.fanout)
    return sampled, lambda batch, number: sampled_terms(sampled, graph, batch, number)


def _reached(model: nn.Module, graph: RecommendationGraph, batch: Triplets) -> int:
    if not isinstance(model, SampledLightGCN):
        return 0
    around = model.neighbourhood(graph, batch, 0)
    return len(around.users) + len(around.items)


def _endless(batches: Iterator, count: int) -> Iterator:
    """The first `count` batches, the first again where there are fewer."""
    found = None
    for found in islice(batches, count):
        count -= 1
        yield found
    for _ in range(count):
        yield found


def _write_all(optimizer: torch.optim.Optimizer) -> None:
    """Write every page of the state, as a long run does: untouched zeros are not in memory."""
    for state in optimizer.state.values():
        for value in state.values():
            if isinstance(value, Tensor):
                value.add_(0)


class _Phase:
    """Peak bytes above a base, and CPU seconds, between entry and exit."""

    def __init__(self, base: int) -> None:
        self.base, self.peak, self.seconds = base, 0, 0.0

    def __enter__(self) -> "_Phase":
        gc.collect()
        # What was freed goes back to the system, so that it is not counted as this phase's.
        ctypes.CDLL(None).malloc_trim(0)
        # Lets the kernel's record of the peak begin anew.
        Path("/proc/self/clear_refs").write_text("5")
        self._start = time.process_time()
        return self

    def __exit__(self, *raised: object) -> None:
        self.seconds = time.process_time() - self._start
        self.peak = _resident("VmHWM") - self.base


def _resident(name: str = "VmRSS") -> int:
    """Bytes of this process in memory, now or at the most."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {name}: this benchmark needs Linux")


# ---------------------------------------------------------------------- what is computed

GRAPH, TABLE, KEYS, ORDER, BUILD = 36, 16, 8, 8, 96
"""Bytes of an edge: sorted both ways with weights; in the table; in the sampler of negatives; in an epoch's
order; and at the peak of building, table included."""

BATCH, AROUND = 10, 9
"""Rows of the width of the tables that a step holds: for each interaction of it, for each node around it."""


def computed(size: Size, way: Way, reached: int | None = None) -> tuple[float, float, float]:
    """Peak bytes of building, training and ranking, from a count of tensors.

    A unit is the tables, `4 * WIDTH` bytes a node. Full: the weights, two moments, and at the worst moment of
    the backward pass four more: the gradient of the outputs, the two sums of Horner's scheme that are under
    way, and what the decay gives to the weights. Sampled: the weights, the moments, and rows of the
    neighbourhood. Ranking: the outputs and one unit under way beside the weights and moments.

    Args:
        size: of the graph.
        way: to train.
        reached: nodes around a batch, where that is known; else as many as it can reach at most.
    """
    row = 4 * WIDTH
    held = size.edges * (TABLE + GRAPH + KEYS) + 4 * size.nodes
    moments = 4 * size.nodes if way.optimizer is RowAdagrad else 2 * row * size.nodes
    learned = row * size.nodes + moments
    if way.fanout is None:
        under_way = row * (4 * size.nodes + BATCH * way.batch)
    else:
        most = min(3 * way.batch * sum(way.fanout**hop for hop in range(way.layers + 1)), size.nodes)
        under_way = row * (AROUND * (most if reached is None else reached) + BATCH * way.batch)
    ranking = row * 2 * size.nodes
    return (
        size.edges * BUILD,
        held + learned + size.edges * ORDER + under_way,
        held + learned + ranking,
    )


def scaled(cost: Cost, largest: Size, size: Size, way: Way) -> Cost:
    """What a larger graph of the same shape costs: memory computed, time from the largest measured one."""
    times = size.edges / largest.edges
    step = cost.step_seconds * (times if way.fanout is None else 1)
    return Cost(*computed(size, way), cost.build_seconds * times, step, cost.rank_seconds * times, 0)


def line(size: Size, name: str, way: Way, cost: Cost, kind: str) -> str:
    """A row of the table."""
    hours = cost.step_seconds * math.ceil(size.edges / way.batch) / 3600
    expected = computed(size, way, cost.reached or None)
    return (
        f"| {size.users:,} | {size.items:,} | {size.edges:,} | {name} | {kind} | {_gb(cost.build)} | "
        f"{_gb(cost.train)} | {_gb(cost.rank)} | {_gb(max(expected))} | {cost.build_seconds:,.1f} | "
        f"{cost.step_seconds:,.2f} | {hours:,.2f} | {cost.rank_seconds:,.1f} |"
    )


def _gb(count: float) -> str:
    return f"{count / 1e9:,.2f}"


HEAD = (
    "| users | items | interactions | way | | building GB | training GB | ranking GB | computed peak GB | "
    "building s | step s | epoch h | ranking s |"
)


def main(quick: bool = False, json: str | None = None) -> None:
    """Measure each way at each size, each in a process of its own, and compute the rest.

    Args:
        quick: graphs of ten thousand to a hundred thousand edges, all in one process.
        json: where the figures go, as a flat JSON object.
    """
    figures: dict[str, float] = {}
    found: dict[str, Cost] = {}
    sizes = QUICK if quick else MEASURED
    print(HEAD)
    print("|" + "---|" * (HEAD.count("|") - 1))
    for label, size in sizes.items():
        for name, way in WAYS.items():
            cost = found[name] = (measure if quick else apart)(size, way)
            print(line(size, name, way, cost, "measured"), flush=True)
            figures |= {
                f"scale.{label}.{name}.peak_gb": cost.peak / 1e9,
                f"scale.{label}.{name}.memory_ratio": max(computed(size, way, cost.reached)) / cost.peak,
                f"scale.{label}.{name}.build_s": cost.build_seconds,
                f"scale.{label}.{name}.step_s": cost.step_seconds,
                f"scale.{label}.{name}.rank_s": cost.rank_seconds,
            }
    for label, larger in COMPUTED.items():
        for name, way in WAYS.items():
            cost = scaled(found[name], sizes["large"], larger, way)
            print(line(larger, name, way, cost, "computed"))
            figures |= {
                f"scale.{label}.{name}.computed_gb": cost.peak / 1e9,
                f"scale.{label}.{name}.computed_step_s": cost.step_seconds,
            }
    for name, value in figures.items():
        print(f"  {name:<44} {value:9.2f}")
    write_figures(figures, json)


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "graphs of at most a hundred thousand edges, in one process")))
