"""Whether the structural aligners find a planted matching, of which nothing is known but the graphs.

    python -m experiments.benchmarks.planted --json planted.json

A graph of 20 nodes and its copy with the nodes renamed at random and noise added; the nodes have no features,
all vectors are the same. A graph's weights are the distances within its side. Two kinds:

- weighted: every two nodes are joined, with a weight drawn evenly from 0..1. Noise: to each weight of the
  copy is added a normal number of this standard deviation, and what falls below 0 is 0.
- edges: every two nodes are joined with chance 0.5 (Erdos and Renyi); the weight of joined nodes is 1, of
  others 0. Noise: each pair of the copy is flipped with this chance.

`planted.spectral`, `.assignment` and `.gromov` are the shares of nodes whose own partner weighs most, in the
plans of the aligners with their defaults, over all graphs, weighted and with noise of 5 %; `.noise_0` and
`.noise_10` with noise of 0 and 10 %; `.edges.noise_0`, `.edges.noise_5` and `.edges.noise_10` are of the
second kind.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.timing import report
from mmgraph.alignment import AssignmentAligner, GromovAligner, Sides, SpectralAligner
from mmgraph.metrics import Accuracy, permutation_recovery
from mmgraph.ops.blocks import blocks

NODES, GRAPHS, WIDTH = 20, 100, 8
NOISE = (0, 5, 10)
"""Per cent."""

ALIGNERS: dict[str, Callable[[int], nn.Module]] = {
    "spectral": SpectralAligner,
    "assignment": AssignmentAligner,
    "gromov": GromovAligner,
}


@dataclass(frozen=True)
class Planted:
    """Graphs, and their renamed and noisy copies.

    Args:
        source: weights of the graphs.
        target: weights of the copies.
        permutation: for each node, which one it is in the copy.
    """

    source: Float[Tensor, "B N N"]
    target: Float[Tensor, "B N N"]
    permutation: Int[Tensor, "B N"]


def weighted(noise: float, graphs: int = GRAPHS, nodes: int = NODES, seed: int = 0) -> Planted:
    """Complete graphs with even weights, and normal noise of this standard deviation."""
    random = torch.Generator().manual_seed(seed)
    weight = torch.rand(graphs, nodes, nodes, generator=random)
    noisy = weight + noise * torch.randn(graphs, nodes, nodes, generator=random)
    return _renamed(weight, noisy.clamp(min=0), random)


def edges(noise: float, graphs: int = GRAPHS, nodes: int = NODES, seed: int = 0) -> Planted:
    """Graphs with half of all edges, each pair flipped with this chance."""
    random = torch.Generator().manual_seed(seed)
    joined = torch.rand(graphs, nodes, nodes, generator=random) < 0.5
    flipped = torch.rand(graphs, nodes, nodes, generator=random) < noise
    return _renamed(joined.float(), (joined ^ flipped).float(), random)


def _renamed(weight: Tensor, noisy: Tensor, random: torch.Generator) -> Planted:
    source, copy = (_symmetric(value) for value in (weight, noisy))
    permutation = torch.rand(weight.shape[:2], generator=random).argsort(1)
    # The node that became the first one, and so on.
    order = permutation.argsort(1)
    index = torch.arange(len(copy))[:, None, None], order[:, :, None], order[:, None]
    return Planted(source, copy[index], permutation)


def _symmetric(weight: Tensor) -> Tensor:
    upper = weight.triu(1)
    return upper + upper.mT


def recovered(planted: Planted, aligner: nn.Module) -> Accuracy:
    """How many nodes an aligner for nodes of width `WIDTH` matches with themselves."""
    graphs, nodes = planted.permutation.shape
    placed = blocks(torch.arange(graphs).repeat_interleave(nodes), [nodes] * graphs)
    same = torch.ones(graphs * nodes, WIDTH)
    sides = Sides(same, same, placed, placed, planted.source, planted.target)
    with torch.no_grad():
        return permutation_recovery(aligner(sides).plan, planted.permutation)


def figures(graphs: int = GRAPHS) -> dict[str, float]:
    """The shares of nodes that each aligner recovers, by graph and noise."""
    found = {}
    for name, make in ALIGNERS.items():
        torch.manual_seed(0)
        aligner = make(WIDTH)
        for noise in NOISE:
            key = f"planted.{name}" if noise == 5 else f"planted.{name}.noise_{noise}"
            found[key] = recovered(weighted(noise / 100, graphs), aligner).share
        for noise in NOISE:
            found[f"planted.{name}.edges.noise_{noise}"] = recovered(
                edges(noise / 100, graphs), aligner
            ).share
    return found


def main(quick: bool = False, json: str | None = None) -> None:
    """Count what is recovered.

    Args:
        quick: a fifth of the graphs.
        json: where the figures go, as a flat JSON object.
    """
    torch.set_num_threads(1)
    graphs = GRAPHS // 5 if quick else GRAPHS
    title = f"share of nodes recovered, {graphs} graphs of {NODES} nodes"
    report(title, {}, figures(graphs), json)


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "a fifth of the graphs")))
