"""The nodes of a batch as padded blocks, and its edges as places in the blocks of pairs.

Everything is computed where the tensors lie. Sizes that a shape needs are Python ints, so nothing here waits
for the device.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

__all__ = ["Blocks", "Relation", "blocks", "complete_relation", "listed_relation"]


@dataclass(frozen=True)
class Blocks:
    """Where the nodes of one type lie in a padded block `[B, L, ...]`.

    Args:
        slot: the place `sample * L + position` of each node, `[N]`.
        mask: whether a place holds a node, `[B, L]`.
    """

    slot: Int[Tensor, " N"]
    mask: Bool[Tensor, "B L"]

    def pad(self, rows: Tensor) -> Tensor:
        """Rows `[N, ...]` as a block `[B, L, ...]`, zero where there is no node."""
        flat = rows.new_zeros((self.mask.numel(), *rows.shape[1:]))
        return flat.index_copy(0, self.slot, rows).view(*self.mask.shape, *rows.shape[1:])

    def unpad(self, block: Tensor) -> Tensor:
        """The rows `[N, ...]` of a block `[B, L, ...]`."""
        return block.flatten(0, 1).index_select(0, self.slot)


def blocks(batch: Int[Tensor, " N"], sizes: Sequence[int]) -> Blocks:
    """The blocks of nodes that lie sample after sample.

    Args:
        batch: the sample of each node, ascending.
        sizes: the number of nodes of each sample, as Python ints.
    """
    count, length = len(sizes), max(sizes, default=0)
    first = torch.searchsorted(batch, torch.arange(count, device=batch.device))
    position = torch.arange(len(batch), device=batch.device) - first[batch]
    slot = batch * length + position
    mask = torch.zeros(count * length, dtype=torch.bool, device=batch.device).index_fill(0, slot, True)
    return Blocks(slot, mask.view(count, length))


@dataclass(frozen=True)
class Relation:
    """The edges of one type over the blocks of its two node types.

    Args:
        source: blocks of the source type, S long.
        target: blocks of the target type, T long.
        place: for listed edges, the place `(sample * T + target) * S + source` of each, `[E]`; None for a
            complete relation.
        attr: integer classes or float features of each edge, `[E]` or `[E, D]`; for a complete relation of
            each pair, `[B, T, S]` or `[B, T, S, D]`.
        score: the score of each listed edge, `[E]`.
    """

    source: Blocks
    target: Blocks
    place: Int[Tensor, " E"] | None
    attr: Tensor | None
    score: Tensor | None

    @property
    def shape(self) -> tuple[int, int, int]:
        """B, T, S."""
        return (*self.target.mask.shape, self.source.mask.shape[1])

    def visible(self) -> Bool[Tensor, "B T S"]:
        """Whether an edge joins source to target."""
        if self.place is None:
            return self.target.mask[:, :, None] & self.source.mask[:, None, :]
        batch, height, width = self.shape
        flat = torch.zeros(batch * height * width, dtype=torch.bool, device=self.place.device)
        return flat.index_fill(0, self.place, True).view(batch, height, width)

    def bias(
        self, table: Float[Tensor, "C H"], slope: Float[Tensor, " H"] | None = None
    ) -> Float[Tensor, "B T S H"]:
        """Each edge's bias per head, plus its score times the slope; 0 without an edge.

        Edges that join the same pair add up.

        Args:
            table: without attributes, a single row; with classes, a row for each; with D float features, a
                row for each and a last one that every edge adds.
            slope: weight of the score.
        """
        batch, height, width = self.shape
        values = self._values(table)
        if self.place is None:
            return values.expand(batch, height, width, -1)
        if slope is not None and self.score is not None:
            values = values + self.score[:, None].to(table.dtype) * slope
        flat = table.new_zeros(batch * height * width, table.shape[1])
        values = values.expand(len(self.place), -1).to(table.dtype)
        return flat.index_add(0, self.place, values).view(batch, height, width, table.shape[1])

    def _values(self, table: Tensor) -> Tensor:
        if self.attr is None:
            return table[0]
        if self.attr.is_floating_point():
            return self.attr.to(table.dtype) @ table[:-1] + table[-1]
        return torch.nn.functional.embedding(self.attr, table)


def complete_relation(source: Blocks, target: Blocks, attr: Tensor | None) -> Relation:
    """Every pair of a sample; `attr` in the order of `ragged.complete_pairs`."""
    if attr is None or not len(attr):
        return Relation(source, target, None, None, None)
    rows, columns = source.mask.sum(1), target.mask.sum(1)
    start = (rows * columns).cumsum(0) - rows * columns
    device = attr.device
    i = torch.arange(source.mask.shape[1], device=device)
    j = torch.arange(target.mask.shape[1], device=device)
    index = start[:, None, None] + i[None, None, :] * columns[:, None, None] + j[None, :, None]
    # Padding points past a sample's own pairs; what it reads there is never visible.
    return Relation(source, target, None, attr[index.clamp(max=len(attr) - 1)], None)


def listed_relation(
    source: Blocks,
    target: Blocks,
    edge_index: Int[Tensor, "2 E"],
    attr: Tensor | None = None,
    score: Float[Tensor, " E"] | None = None,
) -> Relation:
    """The edges of a list; node numbers run through the batch."""
    width = source.mask.shape[1]
    column = source.slot[edge_index[0]] % width if width else edge_index[0]
    place = target.slot[edge_index[1]] * width + column
    return Relation(source, target, place, attr, score)
