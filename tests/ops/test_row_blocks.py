import pytest
import torch

from mmgraph.ops.row_blocks import LARGE_BLOCK, numbers_at_once, row_blocks


@pytest.mark.parametrize("num_rows", [1, 2, 7, 8, 9])
@pytest.mark.parametrize("width", [0, 1, 3, 100])
@pytest.mark.parametrize("size", [1, 6, 1000])
def test_blocks_hold_every_row_once_and_no_more_numbers_than_allowed(num_rows, width, size):
    parts = row_blocks(num_rows, torch.zeros(2, width), size)
    rows = list(range(num_rows))
    assert [row for part in parts for row in rows[part]] == rows
    assert all(len(rows[part]) == 1 or len(rows[part]) * width <= size for part in parts)
    assert parts[-1].stop == num_rows


def test_no_rows_are_one_empty_block():
    assert row_blocks(0, torch.zeros(2, 3), 6) == [slice(0, 0)]


def test_blocks_are_large_off_the_cpu_and_a_compiler_gets_one(monkeypatch):
    assert numbers_at_once(torch.zeros(1, 1, device="meta"), 6) == LARGE_BLOCK
    assert row_blocks(9, torch.zeros(1, 3), 6) == [
        slice(0, 2),
        slice(2, 4),
        slice(4, 6),
        slice(6, 8),
        slice(8, 9),
    ]
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert row_blocks(9, torch.zeros(1, 3), 6) == [slice(0, 9)]
