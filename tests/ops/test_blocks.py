import pytest
import torch

from mmgraph.ops import ragged
from mmgraph.ops.blocks import blocks, pack, paired
from mmgraph.ops.masked import masked_softmax

SIZES = [(3, 0, 2, 1), (0, 0, 4, 1), (1, 2, 0, 0)]


@pytest.mark.parametrize("sizes", [*SIZES, (0, 0), ()])
def test_blocks_are_the_padded_rows_and_give_them_back(sizes):
    rows = torch.randn(sum(sizes), 3)
    laid = blocks(ragged.sample_of(sizes), sizes)
    assert torch.equal(laid.pad(rows), ragged.pad(rows, sizes))
    assert torch.equal(laid.mask, ragged.valid(sizes))
    assert torch.equal(laid.unpad(laid.pad(rows)), rows)


def test_a_pack_holds_the_kinds_of_a_sample_one_after_the_other():
    kinds = [torch.arange(sum(sizes)) + 100 * number for number, sizes in enumerate(SIZES)]
    laid = pack([ragged.sample_of(sizes) for sizes in SIZES], SIZES)
    block = laid.pad(torch.cat(kinds) + 1)
    for sample in range(4):
        expected = [
            int(row) + 1
            for rows, sizes in zip(kinds, SIZES, strict=True)
            for row in rows.split(list(sizes))[sample]
        ]
        assert block[sample][laid.mask[sample]].tolist() == expected
        assert laid.mask[sample].sum() == len(expected)
    assert laid.mask.shape == (4, 6)


def test_pairs_are_those_that_are_written_out():
    for source, target in [(SIZES[0], SIZES[1]), (SIZES[1], SIZES[2]), (SIZES[0], SIZES[0])]:
        expected = ragged.complete_pairs(source, target)
        found = paired(ragged.sample_of(source), ragged.sample_of(target), 4, expected.shape[1])
        assert torch.equal(torch.stack(found), expected)


def test_a_masked_softmax_is_the_softmax_of_what_is_there():
    logits, mask = torch.randn(3, 5, dtype=torch.float64), torch.rand(3, 5) < 0.5
    mask[0, 0], mask[2] = True, False
    found = masked_softmax(logits, mask)
    assert torch.allclose(found[0][mask[0]], logits[0][mask[0]].softmax(0))
    assert float(found[~mask].abs().sum()) == 0


def test_a_row_without_anything_has_zero_weights_and_finite_gradients():
    logits = torch.full((2, 3), 1e30, requires_grad=True)
    masked_softmax(logits, torch.tensor([[True, True, False], [False] * 3])).square().sum().backward()
    assert torch.isfinite(logits.grad).all()
