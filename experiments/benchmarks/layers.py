"""Layers forward and backward: ours against PyG's, DGL's and nn.MultiheadAttention. Time and peak memory.

    python -m experiments.benchmarks.layers --json layers.json
    THP_MEM_ALLOC_ENABLE=1 python -m experiments.benchmarks.layers

The batch is that of visual question answering with sound: 64 samples of 36 regions, 14 tokens and 20
segments, each 30 % more or less, nine edge types, width 256, 4 heads. "full" joins every pair of a sample
(306 thousand edges), "top5" few (82 thousand); see layers_data.py. The peers are in layers_peers.py.
Where PyG has our layer, outputs and gradients are compared before anything is timed.

All run in one process, in turn, with one thread. Times are medians of CPU time. The loss is the sum of
the outputs times fixed random tensors, and inputs get gradients too. Memory is the most bytes of tensors
that the call holds at one time besides its inputs and weights.

Figures, for each layer and kind: `gat.full.speedup_pyg`, `_pyg_sparse`, `_dgl` and `_mha` are the peer's
time over ours; `gat.full.memory_ratio_pyg` and so on are our memory over theirs;
`gat.full.share_of_matmul` is the time that our matrix products alone need at the machine's measured rate,
over our time. What DGL lacks is left out, and all of it where DGL is not installed.

A large part of PyG's time on "full" goes to the operating system, which fetches and clears memory for its
temporaries. With THP_MEM_ALLOC_ENABLE=1 torch asks for huge pages, which shortens that; the variable is
read when Python starts. With --quick the batch is half as large and those temporaries are reused, so
ratios are smaller.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tqdm import tqdm

from experiments.benchmarks import layers_peers
from experiments.benchmarks.layers_data import full, top5
from experiments.benchmarks.layers_ours import assert_same, ours
from experiments.benchmarks.layers_peers import LAYERS, Case
from experiments.benchmarks.machine import matmul_flops, rates
from experiments.benchmarks.memory import peak_bytes
from experiments.benchmarks.timing import Times, measured, write_figures
from mmgraph.errors import MissingExtraError
from mmgraph.graph import HeteroGraph

__all__ = ["main"]

KINDS = {"full": full, "top5": top5}
PEERS = ("pyg", "pyg_sparse", "dgl")


@dataclass(frozen=True)
class Cost:
    """What one case costs: CPU time, bytes at the worst moment."""

    times: Times
    peak: int


def main(
    quick: bool = False,
    layers: Sequence[str] = LAYERS,
    kinds: Sequence[str] = tuple(KINDS),
    json: str | None = None,
    peers_only: bool = False,
) -> dict[str, float]:
    """Time the layers and print the table.

    Args:
        quick: half the batch and few rounds.
        layers: which layers.
        kinds: which batches.
        json: where the figures go, as a flat JSON object.
        peers_only: leave ours out.

    Returns:
        the figures.
    """
    graphs, rounds = (32, 2) if quick else (64, 7)
    cases: dict[str, Case] = {}
    for kind in kinds:
        cases |= _cases(KINDS[kind](graphs), kind, layers, peers_only)
    costs = _costs(cases, rounds, warm=not quick)
    figures = rates(rounds=3 if quick else 9)
    figures |= _figures(costs)
    figures |= _shares(cases, costs, figures["machine.matmul_gflops"])
    print(f"{graphs} samples, THP_MEM_ALLOC_ENABLE={os.environ.get('THP_MEM_ALLOC_ENABLE', 'unset')}")
    _print_costs(costs)
    for name, value in figures.items():
        print(f"  {name:<40} {value:9.2f}")
    write_figures(figures, json)
    return figures


# ---------------------------------------------------------------------- what runs


def _cases(graph: HeteroGraph, kind: str, layers: Sequence[str], peers_only: bool) -> dict[str, Case]:
    """Every case on one batch, by `layer.kind.who`."""
    cases = {f"attention.{kind}.mha": layers_peers.attention(graph)}
    for layer in layers:
        name = f"{layer}.{kind}"
        cases[f"{name}.pyg"] = layers_peers.pyg(layer, graph)
        if not peers_only:
            cases[f"{name}.ours"] = _checked(layer, graph, cases[f"{name}.pyg"], name)
        for who, case in (
            ("pyg_sparse", layers_peers.pyg_sparse(layer, graph)),
            ("dgl", _dgl(layer, graph)),
        ):
            if case is not None:
                cases[f"{name}.{who}"] = case
    return cases


def _checked(layer: str, graph: HeteroGraph, peer: Case, name: str) -> Case:
    """Our case, which computes what PyG's does."""
    case = ours(layer, graph)
    assert_same(case, peer, name)
    return case


def _dgl(layer: str, graph: HeteroGraph) -> Case | None:
    try:
        return layers_peers.dgl(layer, graph)
    except MissingExtraError as error:
        print(f"without DGL: {error}", file=sys.stderr)
        return None


# ---------------------------------------------------------------------- what it costs


def _costs(cases: dict[str, Case], rounds: int, warm: bool) -> dict[str, Cost]:
    peaks = {name: peak_bytes(case.step) for name, case in tqdm(cases.items(), desc="memory", disable=None)}
    steps = {name: case.step for name, case in cases.items()}
    times = measured(steps, rounds, calls=1, warm=warm, progress="time")
    return {name: Cost(times[name], peaks[name]) for name in cases}


def _figures(costs: dict[str, Cost]) -> dict[str, float]:
    """Ratios of the peers' costs and ours."""
    figures = {}
    for name, cost in costs.items():
        layer, kind, who = name.split(".")
        if who != "ours":
            continue
        others = {peer: costs.get(f"{layer}.{kind}.{peer}") for peer in PEERS}
        others["mha"] = costs[f"attention.{kind}.mha"]
        for peer, other in others.items():
            if other is not None:
                figures[f"{layer}.{kind}.speedup_{peer}"] = other.times.seconds / cost.times.seconds
                figures[f"{layer}.{kind}.memory_ratio_{peer}"] = cost.peak / other.peak
    return figures


def _shares(cases: dict[str, Case], costs: dict[str, Cost], gigaflops: float) -> dict[str, float]:
    """The least time that our matrix products need, over the time that we take."""
    figures = {}
    for name, case in cases.items():
        if name.endswith(".ours"):
            least = 1e-9 * matmul_flops(case.accumulate) / gigaflops
            figures[name.removesuffix("ours") + "share_of_matmul"] = least / costs[name].times.seconds
    return figures


def _print_costs(costs: dict[str, Cost]) -> None:
    print(f"  {'':<40} {'CPU ms':>9} {'in kernel':>9} {'peak MiB':>9}")
    for name, cost in costs.items():
        seconds, kernel = cost.times
        print(f"  {name:<40} {1e3 * seconds:9.1f} {1e3 * kernel:9.1f} {cost.peak / 2**20:9.1f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--quick", action="store_true", help="half the batch and few rounds: under a minute")
    parser.add_argument(
        "--layers", nargs="+", choices=LAYERS, default=LAYERS, metavar="LAYER", help=", ".join(LAYERS)
    )
    parser.add_argument(
        "--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), metavar="KIND", help="full, top5"
    )
    parser.add_argument("--json", metavar="FILE", help="where the figures go, as a flat JSON object")
    parser.add_argument("--peers_only", action="store_true", help="leave ours out")
    return parser.parse_args()


if __name__ == "__main__":
    main(**vars(_arguments()))
