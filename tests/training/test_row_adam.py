import pytest
import torch
from torch import nn
from torch.nn.functional import embedding

from mmgraph.errors import InputError
from mmgraph.training import RowAdam

ROWS, WIDTH, STEPS = 12, 3, 6


def trained(optimizer, sparse, batches, **options):
    """A table after steps on batches of rows."""
    torch.manual_seed(1)
    table = nn.Parameter(torch.randn(ROWS, WIDTH, dtype=torch.float64))
    target = torch.randn(ROWS, WIDTH, dtype=torch.float64)
    steps = optimizer([table], lr=0.05, **options)
    for rows in batches:
        steps.zero_grad()
        (embedding(rows, table, sparse=sparse) - target[rows]).square().sum().backward()
        steps.step()
    return table.detach()


def some_rows():
    return [torch.randint(0, ROWS, (5,)) for _ in range(STEPS)]


def test_where_every_row_is_touched_it_is_adam():
    batches = [torch.randperm(ROWS) for _ in range(STEPS)]
    expected = trained(torch.optim.Adam, False, batches)
    assert torch.allclose(trained(RowAdam, True, batches), expected, atol=1e-12)
    assert torch.allclose(trained(RowAdam, False, batches), expected, atol=1e-12)


def test_where_some_rows_are_touched_it_is_sparse_adam():
    batches = some_rows()
    expected = trained(torch.optim.SparseAdam, True, batches, eps=1e-13)
    assert torch.allclose(trained(RowAdam, True, batches, eps=1e-13), expected, atol=1e-10)


def test_a_row_that_is_not_touched_stays_as_it_is():
    before = trained(RowAdam, True, [])
    found = trained(RowAdam, True, [torch.tensor([2, 5]), torch.tensor([2])])
    still = torch.ones(ROWS, dtype=torch.bool)
    still[[2, 5]] = False
    assert torch.equal(found[still], before[still])
    assert not torch.isclose(found[~still], before[~still]).any()


def test_its_state_can_be_saved_and_loaded():
    table = nn.Parameter(torch.randn(ROWS, WIDTH))
    first = RowAdam([table])
    embedding(torch.tensor([1, 1, 3]), table, sparse=True).sum().backward()
    first.step()
    second = RowAdam([table])
    second.load_state_dict(first.state_dict())
    assert torch.equal(second.state[table]["first"], first.state[table]["first"])
    assert second.state[table]["step"] == 1


def test_a_closure_is_called():
    table = nn.Parameter(torch.randn(ROWS, WIDTH))
    optimizer = RowAdam([table])

    def closure():
        loss = table.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure) > 0
    assert optimizer.state[table]["step"] == 1


@pytest.mark.parametrize("options", [{"lr": -1.0}, {"eps": 0.0}, {"betas": (0.9, 1.0)}])
def test_values_out_of_range_are_errors(options):
    with pytest.raises(InputError, match="RowAdam"):
        RowAdam([nn.Parameter(torch.zeros(1, 1))], **options)
