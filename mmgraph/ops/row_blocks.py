"""Rows in blocks: what is made for a block and used at once is never held for all rows."""

import torch
from torch import Tensor

__all__ = ["numbers_at_once", "row_blocks"]

LARGE_BLOCK = 2**24
"""How many numbers a block holds off the CPU, where few large steps are faster than many small ones."""


def numbers_at_once(values: Tensor, on_cpu: int) -> int:
    """How many numbers a block may hold; a compiler, which makes loops of its own, gets a single block."""
    if torch.compiler.is_compiling():
        return 2**62
    return on_cpu if values.device.type == "cpu" else LARGE_BLOCK


def row_blocks(num_rows: int, values: Tensor, on_cpu: int) -> list[slice]:
    """The rows of each block, at least one block.

    Args:
        num_rows: how many rows there are.
        values: a tensor on their device with as many columns, `[N, D]`.
        on_cpu: how many numbers a block may hold on the CPU, so that they stay in the cache.
    """
    if torch.compiler.is_compiling():
        return [slice(0, num_rows)]
    step = max(1, numbers_at_once(values, on_cpu) // max(values.shape[1], 1))
    return [slice(first, min(first + step, num_rows)) for first in range(0, max(num_rows, 1), step)]
