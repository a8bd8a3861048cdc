"""The vectors of one node type, as rows or in padded blocks, whichever is asked for."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.blocks import Blocks
from mmgraph.ops.linear_maps import Affine, linear_maps, stack

__all__ = ["Nodes"]

WIDE = 128
"""Width from which a map alone was measured to be as fast on a CPU as a part of a larger one."""


class Nodes:
    """Vectors of nodes, flat `[N, D]` and padded `[B, L, D]`, each made from the other when first read.

    Relations of different layouts read different forms, and several relations read the same one: so nothing
    is padded that nobody reads, and nothing twice.

    Args:
        flat: a row for each node.
        padded: a padded block, zero where there is no node; or `[B, 1, D]`, a vector that all nodes of a
            sample share.
        blocks: where the rows lie in the block; None where the samples are not known.
        heads_first: the padded block by heads, `[B, H, L, K]`, in place of `padded`.
    """

    def __init__(
        self,
        flat: Tensor | None = None,
        padded: Tensor | None = None,
        blocks: Blocks | None = None,
        heads_first: Tensor | None = None,
    ) -> None:
        self.blocks = blocks
        self._flat = flat
        self._padded = padded
        self._heads_first = heads_first
        self._total: Tensor | None = None
        self._parts: _Parts | None = None
        self._number = 0

    @property
    def flat(self) -> Float[Tensor, "N D"]:
        """A row for each node."""
        if self._flat is None and self._parts is not None:
            self._flat = self._parts.flat()[self._number]
        if self._flat is None:
            assert self.blocks is not None
            padded = self.padded
            self._flat = self.blocks.spread(padded[:, 0]) if self.shared else self.blocks.unpad(padded)
        return self._flat

    @property
    def padded(self) -> Float[Tensor, "B L D"]:
        """A block for each sample."""
        if self._padded is None and self._parts is not None:
            self._padded = self._parts.padded()[self._number]
        if self._padded is None and self._heads_first is not None:
            self._padded = self._heads_first.transpose(1, 2).flatten(2)
        if self._padded is None:
            assert self._flat is not None
            if self.blocks is None:
                raise InputError(
                    "the samples of these nodes are not known: plan the relation with its blocks"
                )
            self._padded = self.blocks.pad(self._flat)
        return self._padded

    @property
    def total(self) -> Float[Tensor, "B 1 D"]:
        """The sum over each sample."""
        if self._total is None and self._parts is not None:
            self._total = self._parts.total()[self._number]
        if self._total is None:
            assert self.blocks is not None
            self._total = self.blocks.total(self.flat)[:, None]
        return self._total

    def heads_first(self, heads: int) -> Float[Tensor, "B H L K"]:
        """A block for each sample and head."""
        if self._heads_first is not None:
            return self._heads_first
        return self.padded.unflatten(-1, (heads, -1)).transpose(1, 2)

    @property
    def shared(self) -> bool:
        """Whether all nodes of a sample have one vector, held once."""
        if self._padded is None or self.blocks is None:
            return False
        return self._padded.shape[1] == 1 != self.blocks.mask.shape[1]

    @property
    def dtype(self) -> torch.dtype:
        """Of the vectors."""
        if self._parts is not None:
            return self._parts.whole.dtype
        return next(t for t in (self._flat, self._padded, self._heads_first) if t is not None).dtype

    @property
    def width(self) -> int:
        """Of the vectors."""
        if self._parts is not None:
            return self._parts.widths[self._number]
        if self._heads_first is not None:
            return self._heads_first.shape[1] * self._heads_first.shape[3]
        return (self.padded if self._flat is None else self._flat).shape[-1]

    def split(self, widths: Sequence[int]) -> list["Nodes"]:
        """The columns in parts of these widths."""
        parts = _Parts(self, list(widths))
        found = []
        for number in range(len(parts.widths)):
            nodes = Nodes(blocks=self.blocks)
            nodes._parts, nodes._number = parts, number
            found.append(nodes)
        return found

    def linear(self, affine: Affine) -> "Nodes":
        """These vectors under a linear map.

        Raises:
            InputError: the map is for vectors of another width.
        """
        values, (weight, bias) = self.padded if self.shared else self.flat, affine
        _check_width(values, weight)
        mapped = torch.nn.functional.linear(values, weight, bias)
        if self.shared:
            return Nodes(padded=mapped, blocks=self.blocks)
        return Nodes(mapped, blocks=self.blocks)

    def linears(self, maps: Sequence[Affine]) -> list["Nodes"]:
        """These vectors under each of several linear maps.

        Narrow maps run as one product that is cut into columns; wide ones alone, so that nothing is cut.

        Raises:
            InputError: the maps are for vectors of another width.
        """
        widths = [len(weight) for weight, _ in maps]
        if self.shared or min(widths) < WIDE:
            return self.linear(stack(maps)).split(widths)
        _check_width(self.flat, maps[0][0])
        return [Nodes(rows, blocks=self.blocks) for rows in linear_maps(self.flat, maps)]

    def map(self, function: Callable[[Tensor], Tensor]) -> "Nodes":
        """These vectors under a function that works on each alone, in whichever form they are held."""
        if self._padded is not None:
            return Nodes(padded=function(self._padded), blocks=self.blocks)
        return Nodes(function(self.flat), blocks=self.blocks)

    def to(self, dtype: torch.dtype) -> "Nodes":
        """These vectors in another precision."""
        return self.map(lambda values: values.to(dtype))

    def __add__(self, other: "Nodes") -> "Nodes":
        return self._combine(other, torch.add)

    def __mul__(self, other: "Nodes") -> "Nodes":
        return self._combine(other, torch.mul)

    def _combine(self, other: "Nodes", function: Callable[[Tensor, Tensor], Tensor]) -> "Nodes":
        if self._padded is not None and other._padded is not None:
            return Nodes(padded=function(self._padded, other._padded), blocks=self.blocks)
        return Nodes(function(self.flat, other.flat), blocks=self.blocks)


def _check_width(values: Tensor, weight: Tensor) -> None:
    if values.shape[-1] != weight.shape[1]:
        raise InputError(
            f"got nodes of width {values.shape[-1]}, but the layer was made for nodes of width "
            f"{weight.shape[1]}: encode them first, or construct the layer with their width"
        )


class _Parts:
    """Columns split once in each form: a slice for each part would have a full-size gradient."""

    def __init__(self, whole: Nodes, widths: list[int]) -> None:
        self.whole, self.widths = whole, widths
        self._flat: tuple[Tensor, ...] | None = None
        self._padded: tuple[Tensor, ...] | None = None
        self._total: tuple[Tensor, ...] | None = None

    def total(self) -> tuple[Tensor, ...]:
        if self._total is None:
            self._total = self.whole.total.split(self.widths, dim=-1)
        return self._total

    def flat(self) -> tuple[Tensor, ...]:
        if self._flat is None:
            self._flat = self.whole.flat.split(self.widths, dim=-1)
        return self._flat

    def padded(self) -> tuple[Tensor, ...]:
        if self._padded is None:
            self._padded = self.whole.padded.split(self.widths, dim=-1)
        return self._padded
