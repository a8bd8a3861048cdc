"""What the aligners that match structure share: distances within the sides and likeness across them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.alignment.base import Sides
from mmgraph.ops.neighbours import cosine
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.relative_distance import relative_distance

__all__ = ["Structure", "structure"]


@dataclass(frozen=True)
class Structure:
    """The structure of two sides, in float32 where the nodes' precision is shorter.

    Args:
        source_distance: of the source nodes of a sample, over their mean distance.
        target_distance: of the target nodes.
        cosine: of each source and target node in the common space; 0 where there is no pair.
    """

    source_distance: Float[Tensor, "B S S"]
    target_distance: Float[Tensor, "B T T"]
    cosine: Float[Tensor, "B S T"]


def structure(source: Float[Tensor, "N K"], target: Float[Tensor, "M K"], sides: Sides) -> Structure:
    """The sides' own distances where they have them, else one less the cosine of their nodes.

    Args:
        source: the source nodes in the common space.
        target: the target nodes there.
        sides: where they belong, and their distances.
    """
    exact = at_least_float32(source.dtype)
    rows, columns = sides.source_blocks.pad(source.to(exact)), sides.target_blocks.pad(target.to(exact))
    return Structure(
        _relative(sides.source_distance, rows, sides.source_mask),
        _relative(sides.target_distance, columns, sides.target_mask),
        cosine(rows, columns),
    )


def _relative(distance: Tensor | None, rows: Tensor, mask: Tensor) -> Float[Tensor, "B L L"]:
    apart = 1 - cosine(rows, rows) if distance is None else distance.to(rows.dtype)
    return relative_distance(torch.clamp(apart, min=0), mask)
