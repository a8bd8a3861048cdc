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
}


def example_input(
    batch: int = 7, names: Sequence[str] = NAMES, dtype: torch.dtype = torch.float64
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Vectors and presence: sample i has the modalities that the bits of i + 1 name."""
    random = torch.Generator().manual_seed(0)
    pooled = {name: torch.randn(batch, WIDTH, generator=random, dtype=dtype) for name in names}
    number = torch.arange(batch) % (2 ** len(names) - 1) + 1
    present = {name: (number >> bit) % 2 == 1 for bit, name in enumerate(names)}
    return pooled, present
