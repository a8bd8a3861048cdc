"""One relation from complete to sparse, in small samples and large: is ours ever slower than a peer?

    python -m experiments.benchmarks.density --json density.json

2048 nodes of one type, width 256, in samples of 16 to 1024 nodes; of all pairs of a sample, a share from
1.0 to 0.02 is joined, at random. Ours is timed with the planner's choice, and forced onto padded blocks
(dense) and onto sorted edges (csr); PyG on `edge_index`, GCN on a sparse matrix too; DGL where it has the
layer. Forward and backward, medians of CPU time, in turn, with one thread.

Figures: `density.worst_ratio` is the largest of our time over that of the best peer,
`density.gat.worst_ratio` the same for one layer; `density.planner.worst_ratio` is the largest of the
planner's choice over the better of both layouts; `density.gat.crossover_256` is the density below which
sorted edges are faster in samples of 256.

Peers that keep rows for every edge are left out above 600 thousand edges, where they take many seconds
and GB; a cell without any peer counts in the planner's ratio only.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from math import exp, log

from tqdm import tqdm

from experiments.benchmarks import layers_peers
from experiments.benchmarks.layers_data import one_relation
from experiments.benchmarks.layers_ours import ours
from experiments.benchmarks.layers_peers import Case
from experiments.benchmarks.timing import measured, write_figures
from mmgraph.errors import MissingExtraError
from mmgraph.graph import HeteroGraph

__all__ = ["main"]

LAYERS = ("gcn", "gat", "gatv2", "transformer")
NODES = 2048
SIZES, QUICK_SIZES = (16, 64, 256, 1024), (16, 256)
DENSITIES, QUICK_DENSITIES = (1.0, 0.5, 0.25, 0.1, 0.05, 0.02), (1.0, 0.25, 0.05)
MOST_EDGES, QUICK_MOST_EDGES = 600_000, 150_000
OURS, PEERS = ("planner", "dense", "csr"), ("pyg", "pyg_sparse", "dgl")


@dataclass(frozen=True)
class Cell:
    """One layer at one size and density: CPU seconds by who."""

    layer: str
    size: int
    density: float
    edges: int
    seconds: dict[str, float] = field(default_factory=dict)

    def best(self, names: Sequence[str]) -> float | None:
        """The least time of those that were measured."""
        return min((self.seconds[name] for name in names if name in self.seconds), default=None)

    def ratio(self, names: Sequence[str]) -> float | None:
        """Our time with the planner's choice over the best of others."""
        best = self.best(names)
        return None if best is None or "planner" not in self.seconds else self.seconds["planner"] / best


def main(
    quick: bool = False, layers: Sequence[str] = LAYERS, json: str | None = None, peers_only: bool = False
) -> dict[str, float]:
    """Time every cell and print the table.

    Args:
        quick: fewer cells and rounds.
        layers: which layers.
        json: where the figures go, as a flat JSON object.
        peers_only: leave ours out.

    Returns:
        the figures.
    """
    sizes, densities = (QUICK_SIZES, QUICK_DENSITIES) if quick else (SIZES, DENSITIES)
    print(f"{NODES} nodes, THP_MEM_ALLOC_ENABLE={os.environ.get('THP_MEM_ALLOC_ENABLE', 'unset')}; CPU ms")
    _print_row(["layer", "nodes", "density", "edges", *OURS, *PEERS, "ratio"])
    cells = []
    for layer, size, density in tqdm(list(product(layers, sizes, densities)), desc="cells", disable=None):
        cells.append(_cell(layer, size, density, quick, peers_only))
        _print_cell(cells[-1])
    figures = _figures(cells)
    for name, value in figures.items():
        print(f"  {name:<40} {value:9.3f}")
    write_figures(figures, json)
    return figures


def _cell(layer: str, size: int, density: float, quick: bool, peers_only: bool) -> Cell:
    graph = one_relation(NODES, NODES // size, density)
    edges = graph.num_edges(("node", "near", "node"))
    cases = _cases(layer, graph, edges <= (QUICK_MOST_EDGES if quick else MOST_EDGES), peers_only)
    rounds = 2 if quick else 9 if edges < 100_000 else 3
    times = measured({name: case.step for name, case in cases.items()}, rounds, calls=1)
    return Cell(layer, size, density, edges, {name: value.seconds for name, value in times.items()})


def _cases(layer: str, graph: HeteroGraph, few: bool, peers_only: bool) -> dict[str, Case]:
    """Every case of a cell; those that keep rows for every edge only where there are few edges."""
    makers: dict[str, Callable[[], Case | None]] = {}
    if not peers_only:
        makers = {
            "planner": lambda: ours(layer, graph),
            "dense": lambda: ours(layer, graph, "dense"),
            "csr": lambda: ours(layer, graph, "csr"),
        }
    if few:
        makers["pyg"] = lambda: layers_peers.pyg(layer, graph)
    if few or layer == "gcn":
        makers["pyg_sparse"] = lambda: layers_peers.pyg_sparse(layer, graph)
    if few or layer != "gatv2":
        makers["dgl"] = lambda: _dgl(layer, graph)
    made = {name: make() for name, make in makers.items()}
    return {name: case for name, case in made.items() if case is not None}


def _dgl(layer: str, graph: HeteroGraph) -> Case | None:
    try:
        return layers_peers.dgl(layer, graph)
    except MissingExtraError as error:
        print(f"without DGL: {error}", file=sys.stderr)
        return None


def _figures(cells: Sequence[Cell]) -> dict[str, float]:
    figures = {}
    layouts = ("dense", "csr")
    for name, names in (("density.worst_ratio", PEERS), ("density.planner.worst_ratio", layouts)):
        if ratios := [ratio for cell in cells if (ratio := cell.ratio(names)) is not None]:
            figures[name] = max(ratios)
    for layer in dict.fromkeys(cell.layer for cell in cells):
        own = [cell for cell in cells if cell.layer == layer]
        if ratios := [ratio for cell in own if (ratio := cell.ratio(PEERS)) is not None]:
            figures[f"density.{layer}.worst_ratio"] = max(ratios)
        for size in dict.fromkeys(cell.size for cell in own):
            column = [cell for cell in own if cell.size == size]
            if all(name in cell.seconds for cell in column for name in layouts):
                figures[f"density.{layer}.crossover_{size}"] = _crossover(column)
    return figures


def _crossover(cells: Sequence[Cell]) -> float:
    """The density below which sorted edges are faster, interpolated; 0 or 1 beyond the measured."""
    points = sorted((cell.density, log(cell.seconds["dense"] / cell.seconds["csr"])) for cell in cells)
    if points[-1][1] > 0:
        return 1.0
    for (low, above), (high, below) in pairwise(points):
        if above > 0 >= below:
            return exp(log(low) + above / (above - below) * log(high / low))
    return 0.0


def _print_cell(cell: Cell) -> None:
    times = [cell.seconds.get(name) for name in (*OURS, *PEERS)]
    ratio = cell.ratio(PEERS)
    _print_row(
        [
            *(cell.layer, str(cell.size), f"{cell.density:g}", str(cell.edges)),
            *("-" if value is None else f"{1e3 * value:.1f}" for value in times),
            "-" if ratio is None else f"{ratio:.2f}",
        ]
    )


def _print_row(entries: Sequence[str]) -> None:
    print(f"{entries[0]:<12}" + "".join(f"{entry:>11}" for entry in entries[1:]), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--quick", action="store_true", help="fewer cells and rounds: under a minute")
    parser.add_argument(
        "--layers", nargs="+", choices=LAYERS, default=LAYERS, metavar="LAYER", help=", ".join(LAYERS)
    )
    parser.add_argument("--json", metavar="FILE", help="where the figures go, as a flat JSON object")
    parser.add_argument("--peers_only", action="store_true", help="leave ours out")
    return parser.parse_args()


if __name__ == "__main__":
    main(**vars(_arguments()))
