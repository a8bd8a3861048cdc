"""An example of every public fusion: what the common properties run on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmgraph import fusion as fusions

WIDTH = 6
NAMES = ("region", "token", "segment")


@dataclass(frozen=True)
class Example:
    """A fusion and what is particular to it.

    Args:
        make: the fusion of some modalities, for vectors of width `WIDTH`.
        unread: names of weights that get no gradient.
    """

    make: Callable[[Sequence[str]], nn.Module]
    unread: tuple[str, ...] = ()


EXAMPLES: dict[str, Example] = {
    "AttentionFusion": Example(lambda names: fusions.AttentionFusion(names, WIDTH)),
    "BlockFusion": Example(lambda names: fusions.BlockFusion(names, WIDTH, blocks=2, rank=2)),
    "ConcatFusion": Example(lambda names: fusions.ConcatFusion(names, WIDTH)),
    "ConceptFusion": Example(lambda names: fusions.ConceptFusion(names, WIDTH, concepts=4)),
    "CyclicFusion": Example(lambda names: fusions.CyclicFusion(names, WIDTH, steps=2)),
    "DecisionFusion(mean)": Example(lambda names: fusions.DecisionFusion(names, WIDTH, "mean")),
    "DecisionFusion(weighted)": Example(lambda names: fusions.DecisionFusion(names, WIDTH, "weighted")),
    "DecisionFusion(learned)": Example(lambda names: fusions.DecisionFusion(names, WIDTH, "learned")),
    "DecisionFusion(vote)": Example(lambda names: fusions.DecisionFusion(names, WIDTH, "vote")),
    "FeedForwardFusion": Example(lambda names: fusions.FeedForwardFusion(names, WIDTH)),
    "GatedFusion": Example(lambda names: fusions.GatedFusion(names, WIDTH)),
    "LowRankFusion": Example(lambda names: fusions.LowRankFusion(names, WIDTH, rank=3)),
    "MLBFusion": Example(lambda names: fusions.MLBFusion(names, WIDTH, rank=5)),
    "MemoryFusion": Example(lambda names: fusions.MemoryFusion(names, WIDTH, slots=4)),
    "MixtureOfExpertsFusion": Example(lambda names: fusions.MixtureOfExpertsFusion(names, WIDTH, experts=3)),
    "MutanFusion": Example(lambda names: fusions.MutanFusion(names, WIDTH, width=5, rank=2)),
    "ProductOfExpertsFusion": Example(lambda names: fusions.ProductOfExpertsFusion(names, WIDTH)),
    "SumFusion": Example(lambda names: fusions.SumFusion(names, WIDTH)),
    "SumFusion(plain)": Example(lambda names: fusions.SumFusion(names, WIDTH, scaled=False)),
    "TensorFusion": Example(lambda names: fusions.TensorFusion(names, WIDTH, width=3)),
    "WeightedSumFusion": Example(lambda names: fusions.WeightedSumFusion(names, WIDTH)),
}
"""By the name of the class; a form of it in brackets behind."""

NO_FUSIONS = {"Reconstruction"}
"""Public modules that come before a fusion, and are tested by themselves."""


def example_input(
    batch: int = 7, names: Sequence[str] = NAMES, dtype: torch.dtype = torch.float64
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Vectors and presence: sample i has the modalities that the bits of i + 1 name."""
    random = torch.Generator().manual_seed(0)
    pooled = {name: torch.randn(batch, WIDTH, generator=random, dtype=dtype) for name in names}
    number = torch.arange(batch) % (2 ** len(names) - 1) + 1
    present = {name: (number >> bit) % 2 == 1 for bit, name in enumerate(names)}
    return pooled, present
