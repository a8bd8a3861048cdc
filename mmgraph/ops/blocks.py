"""Ragged rows as padded blocks, computed where the tensors lie.

Sizes that a shape needs are Python ints, so nothing here waits for the device.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import embedding_bag

__all__ = ["Blocks", "blocks", "pack", "paired"]


@dataclass(frozen=True)
class Blocks:
    """Where ragged rows lie in a padded block `[B, L, ...]`.

    Args:
        slot: the place `sample * L + position` of each row, `[N]`.
        mask: whether a place holds a row, `[B, L]`.
        order: the rows, sample after sample, `[N]`.
        start: where each sample begins in `order`, and at the end N, `[B+1]`.
        sizes: the number of rows of each sample.
    """

    slot: Int[Tensor, " N"]
    mask: Bool[Tensor, "B L"]
    order: Int[Tensor, " N"]
    start: Int[Tensor, " P"]
    sizes: tuple[int, ...]

    def pad(self, rows: Tensor) -> Tensor:
        """Rows `[N, ...]` as a block `[B, L, ...]`, zero where there is no row."""
        if not rows.is_floating_point():
            return _padded(rows, self.slot, self.mask.numel()).view(*self.mask.shape, *rows.shape[1:])
        flat: Tensor = Pad.apply(rows, self.slot, self.mask.numel())
        return flat.view(*self.mask.shape, *rows.shape[1:])

    def unpad(self, block: Tensor) -> Tensor:
        """The rows `[N, ...]` of a block `[B, L, ...]`."""
        flat = block.flatten(0, 1)
        if not block.is_floating_point():
            return flat.index_select(0, self.slot)
        rows: Tensor = Unpad.apply(flat, self.slot)
        return rows

    @property
    def sample(self) -> Int[Tensor, " N"]:
        """The sample of each row."""
        return self.slot // max(self.mask.shape[1], 1)

    def total(self, rows: Float[Tensor, "N D"]) -> Float[Tensor, "B D"]:
        """The sum of each sample's rows."""
        found: Tensor = Total.apply(rows, self.order, self.start, self.sample)
        return found

    def spread(self, totals: Float[Tensor, "B D"]) -> Float[Tensor, "N D"]:
        """For each row, the row of its sample."""
        found: Tensor = Spread.apply(totals, self.order, self.start, self.sample)
        return found


class Pad(torch.autograd.Function):
    """Rows into their slots; the gradient reads them off again."""

    # Without setup_context, which inspects the signature on every call and takes longer than a small copy.
    @staticmethod
    def forward(ctx: Any, rows: Tensor, slot: Tensor, places: int) -> Tensor:
        ctx.save_for_backward(slot)
        return _padded(rows, slot, places)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return Unpad.apply(gradient, *ctx.saved_tensors), None, None


class Unpad(torch.autograd.Function):
    """Slots as rows; no slot is read twice, so the gradient is a copy and not a sum, which is far slower."""

    @staticmethod
    def forward(ctx: Any, flat: Tensor, slot: Tensor) -> Tensor:
        ctx.save_for_backward(slot)
        ctx.places = len(flat)
        return flat.index_select(0, slot)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return Pad.apply(gradient, *ctx.saved_tensors, ctx.places), None


class Total(torch.autograd.Function):
    """Sums over samples; the gradient is spread over their rows."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, order: Tensor, start: Tensor, sample: Tensor) -> Tensor:
        ctx.save_for_backward(order, start, sample)
        return embedding_bag(order, rows.contiguous(), start, mode="sum", include_last_offset=True)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return Spread.apply(gradient, *ctx.saved_tensors), None, None, None


class Spread(torch.autograd.Function):
    """Rows of samples at each of their rows; the gradient is summed over samples."""

    @staticmethod
    def forward(ctx: Any, totals: Tensor, order: Tensor, start: Tensor, sample: Tensor) -> Tensor:
        ctx.save_for_backward(order, start, sample)
        return totals.index_select(0, sample)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return Total.apply(gradient, *ctx.saved_tensors), None, None, None


def _padded(rows: Tensor, slot: Tensor, places: int) -> Tensor:
    return rows.new_zeros((places, *rows.shape[1:])).index_copy(0, slot, rows)


def blocks(batch: Int[Tensor, " N"], sizes: Sequence[int]) -> Blocks:
    """The blocks of rows that lie sample after sample.

    Args:
        batch: the sample of each row, ascending.
        sizes: the number of rows of each sample, as Python ints.
    """
    slot = batch * max(sizes, default=0) + _position(batch, len(sizes))
    return _placed(slot, torch.arange(len(batch), device=batch.device), sizes)


def pack(batches: Sequence[Tensor], sizes: Sequence[Sequence[int]]) -> Blocks:
    """One block for rows of several kinds: within a sample, the kinds one after the other.

    Args:
        batches: for each kind, the sample of each row, ascending.
        sizes: for each kind, the number of rows of each sample, as Python ints.

    Returns:
        blocks of the rows of all kinds, put end to end kind by kind.
    """
    totals = [sum(counts) for counts in zip(*sizes, strict=True)]
    length, slots = max(totals, default=0), []
    before = torch.zeros(len(totals), dtype=torch.long, device=batches[0].device)
    for batch in batches:
        slots.append(batch * length + before[batch] + _position(batch, len(totals)))
        before = before + _counts(batch, len(totals))
    slot = torch.cat(slots)
    return _placed(slot, slot.argsort(), totals)


def paired(
    source_batch: Int[Tensor, " S"], target_batch: Int[Tensor, " T"], num_graphs: int, num_pairs: int
) -> tuple[Int[Tensor, " E"], Int[Tensor, " E"]]:
    """Source and target row of every pair within a sample, in the order of `ragged.complete_pairs`.

    Args:
        source_batch: the sample of each source row, ascending.
        target_batch: the sample of each target row, ascending.
        num_graphs: how many samples there are.
        num_pairs: how many pairs there are, as a Python int.
    """
    fan_out = _counts(target_batch, num_graphs)[source_batch]
    rows = torch.arange(len(source_batch), device=source_batch.device)
    source = torch.repeat_interleave(rows, fan_out, output_size=num_pairs)
    first_pair = fan_out.cumsum(0) - fan_out
    number = torch.arange(num_pairs, device=source_batch.device) - first_pair[source]
    return source, _starts(target_batch, num_graphs)[source_batch[source]] + number


def _placed(slot: Tensor, order: Tensor, sizes: Sequence[int]) -> Blocks:
    length = max(sizes, default=0)
    flat = torch.zeros(len(sizes) * length, dtype=torch.bool, device=slot.device)
    mask = flat.index_fill(0, slot, True).view(len(sizes), length)
    start = torch.cat([slot.new_zeros(1), mask.sum(1).cumsum(0)])
    return Blocks(slot, mask, order, start, tuple(map(int, sizes)))


def _starts(batch: Tensor, num_graphs: int) -> Tensor:
    return torch.searchsorted(batch, torch.arange(num_graphs, device=batch.device))


def _counts(batch: Tensor, num_graphs: int) -> Tensor:
    samples = torch.arange(num_graphs, device=batch.device)
    return torch.searchsorted(batch, samples, right=True) - torch.searchsorted(batch, samples)


def _position(batch: Tensor, num_graphs: int) -> Tensor:
    return torch.arange(len(batch), device=batch.device) - _starts(batch, num_graphs)[batch]
