import torch

from mmgraph.ops.row_squares import row_squares
from tests.ops.tracing import compiled_gradients, gradients, pretended_gradients

INDEX = torch.tensor([2, 0, 2, 2, 4])


def table():
    return torch.randn(5, 3, dtype=torch.float64, requires_grad=True)


def gathered(x, index):
    return x.index_select(0, index).square().sum()


def test_it_is_the_sum_over_gathered_rows_with_its_gradient():
    x = table()
    for mine, other in zip(gradients(row_squares, x, INDEX), gradients(gathered, x, INDEX), strict=True):
        assert torch.allclose(mine, other)


def test_gradients():
    assert torch.autograd.gradcheck(lambda x: row_squares(x, INDEX), (table(),))
    assert torch.autograd.gradgradcheck(lambda x: row_squares(x, INDEX), (table(),))


def test_no_rows_sum_to_zero():
    x = table()
    value, gradient = gradients(row_squares, x, INDEX[:0])
    assert float(value.detach()) == 0
    assert not gradient.any()


def test_it_is_one_compiled_graph():
    x = table()
    for mine, other in zip(
        compiled_gradients("aot_eager", row_squares, x, INDEX), gradients(gathered, x, INDEX), strict=True
    ):
        assert torch.allclose(mine, other)


def test_nothing_waits_for_a_device(accelerator):
    pretended_gradients(accelerator, row_squares, table(), INDEX)
