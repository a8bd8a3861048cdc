import pytest
import torch
from torch import nn
from torch.nn.functional import embedding

from mmgraph.errors import InputError
from mmgraph.training import RowAdagrad

ROWS, STEPS = 9, 5


def trained(optimizer, width, batches, sparse=True, **options):
    torch.manual_seed(2)
    table = nn.Parameter(torch.randn(ROWS, width))
    target = torch.randn(ROWS, width)
    steps = optimizer([table], lr=0.1, **options)
    for rows in batches:
        steps.zero_grad()
        (embedding(rows, table, sparse=sparse) - target[rows]).square().sum().backward()
        steps.step()
    return table.detach()


def batches():
    return [torch.randint(0, ROWS, (4,)) for _ in range(STEPS)]


@pytest.mark.parametrize("sparse", [False, True])
def test_of_width_1_it_is_adagrad(sparse):
    rows = batches()
    expected = trained(torch.optim.Adagrad, 1, rows, sparse)
    assert torch.allclose(trained(RowAdagrad, 1, rows, sparse), expected, atol=1e-6)


def test_two_steps_are_those_worked_out_by_hand():
    table = nn.Parameter(torch.tensor([[1.0, 1.0], [5.0, 5.0]]))
    optimizer = RowAdagrad([table], lr=1.0)
    gradient = torch.tensor([[3.0, 4.0]])
    expected = table.detach()[:1].clone()
    for total in (12.5, 25.0):  # The mean square is (9 + 16) / 2.
        table.grad = torch.sparse_coo_tensor([[0]], gradient, (2, 2))
        optimizer.step()
        expected -= gradient / total**0.5
        assert torch.allclose(table[:1], expected)
    assert table[1].tolist() == [5, 5]
    assert optimizer.state[table]["sum"].tolist() == [25, 0]


def test_sparse_and_dense_gradients_give_the_same():
    rows = batches()
    assert torch.allclose(trained(RowAdagrad, 3, rows), trained(RowAdagrad, 3, rows, False), atol=1e-6)


def test_weights_without_columns_and_a_closure_are_taken():
    bias = nn.Parameter(torch.tensor([2.0, -1.0]))
    optimizer = RowAdagrad([bias], lr=1.0)

    def closure():
        loss = bias.square().sum() / 2
        loss.backward()
        return loss

    assert optimizer.step(closure) == 2.5
    assert torch.allclose(bias, torch.tensor([1.0, 0.0]))


def test_values_out_of_range_are_errors():
    for options in ({"lr": -1.0}, {"eps": 0.0}):
        with pytest.raises(InputError, match="RowAdagrad"):
            RowAdagrad([nn.Parameter(torch.zeros(1, 1))], **options)
