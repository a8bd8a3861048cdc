"""An example of every public aligner, over one small batch: what the common properties run on."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmgraph import alignment as aligners
from mmgraph.alignment import Sides
from mmgraph.ops.blocks import blocks

WIDTH = 6
SOURCES, TARGETS = (3, 2, 0, 1, 4, 0), (4, 0, 2, 2, 3, 0)
"""Both sides, two samples that lack one, and one without any node."""


@dataclass(frozen=True)
class Example:
    """An aligner and what is particular to it.

    Args:
        make: the aligner, for nodes of width `WIDTH`.
        unread: names of weights that get no gradient, from the plan or the loss.
        equivariant: whether renaming nodes renames the plan; not of a method that breaks ties by order.
    """

    make: Callable[[], nn.Module]
    unread: tuple[str, ...] = ()
    equivariant: bool = True


def _fitted(aligner: aligners.CCAAligner | aligners.DeepCCAAligner) -> nn.Module:
    """The aligner, fitted to vectors of which some columns agree."""
    source = torch.randn(20, WIDTH)
    aligner.fit(source, torch.cat([source[:, :3], torch.randn(20, WIDTH - 3)], dim=1))
    return aligner


EXAMPLES: dict[str, Example] = {
    "AdversarialAligner": Example(lambda: aligners.AdversarialAligner(WIDTH)),
    "AttentionAligner": Example(lambda: aligners.AttentionAligner(WIDTH)),
    "AttentionAligner, dot": Example(lambda: aligners.AttentionAligner(WIDTH, "dot")),
    "AttentionAligner, additive": Example(lambda: aligners.AttentionAligner(WIDTH, "additive")),
    "CCAAligner": Example(lambda: aligners.CCAAligner(WIDTH)),
    "CCAAligner, fitted": Example(lambda: _fitted(aligners.CCAAligner(WIDTH, 3))),
    "CORALAligner": Example(lambda: aligners.CORALAligner(WIDTH)),
    "ContrastiveAligner": Example(lambda: aligners.ContrastiveAligner(WIDTH)),
    "CycleAligner": Example(lambda: aligners.CycleAligner(WIDTH)),
    "DeepCCAAligner": Example(lambda: aligners.DeepCCAAligner(WIDTH)),
    "DeepCCAAligner, fitted": Example(lambda: _fitted(aligners.DeepCCAAligner(WIDTH, 3))),
    "MMDAligner": Example(lambda: aligners.MMDAligner(WIDTH)),
    "AssignmentAligner": Example(lambda: aligners.AssignmentAligner(WIDTH)),
    "GromovAligner": Example(lambda: aligners.GromovAligner(WIDTH)),
    "SpectralAligner": Example(lambda: aligners.SpectralAligner(WIDTH)),
    "TopKAligner": Example(lambda: aligners.TopKAligner(WIDTH, k=2, context_dim=WIDTH)),
    "TransportAligner": Example(lambda: aligners.TransportAligner(WIDTH, cost_weight=0.1)),
    "TransportAligner, partial": Example(lambda: aligners.TransportAligner(WIDTH, eps=0.1, null_cost=0.8)),
    "TransportAligner, unbalanced": Example(lambda: aligners.TransportAligner(WIDTH, rho=0.5)),
}


def example_sides(dtype: torch.dtype = torch.float64, samples: tuple[int, ...] = tuple(range(6))) -> Sides:
    """Some of the six samples, as a batch; a sample is the same in every choice."""
    random = torch.Generator().manual_seed(0)
    drawn = [_sample(s, t, random) for s, t in zip(SOURCES, TARGETS, strict=True)]
    chosen = [drawn[number] for number in samples]
    placed = [_placed([len(sample[side]) for sample in chosen]) for side in (0, 1)]
    nodes = [torch.cat([torch.zeros(0, WIDTH), *(sample[side] for sample in chosen)]) for side in (0, 1)]
    distances = [_distance([sample[side] for sample in chosen]).to(dtype) for side in (2, 3)]
    context = torch.stack([sample[4] for sample in chosen]) if chosen else torch.zeros(0, WIDTH)
    return Sides(nodes[0].to(dtype), nodes[1].to(dtype), *placed, *distances, context.to(dtype))


def _sample(sources: int, targets: int, random: torch.Generator) -> tuple[Tensor, ...]:
    nodes = [torch.randn(count, WIDTH, generator=random) for count in (sources, targets)]
    places = [torch.rand(count, 2, generator=random) for count in (sources, targets)]
    apart = [torch.cdist(place, place) for place in places]
    return (*nodes, *apart, torch.randn(WIDTH, generator=random))


def _placed(sizes: list[int]):
    return blocks(
        torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes, dtype=torch.long)), sizes
    )


def _distance(values: list[Tensor]) -> Tensor:
    length = max((len(value) for value in values), default=0)
    out = torch.zeros(len(values), length, length)
    for number, value in enumerate(values):
        out[number, : len(value), : len(value)] = value
    return out
