import pytest
import torch
import torch_geometric.nn as pyg

from mmgraph.errors import InputError
from mmgraph.nn.set2set import Set2Set
from tests.nn.pools import DIM, SIZES, assert_empty_is_zero, assert_gradcheck, example, same


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_it_equals_pyg_in_outputs_and_gradients(steps, dtype, tolerance):
    theirs = pyg.Set2Set(DIM, steps).to(dtype)
    ours = Set2Set(DIM, steps).to(dtype)
    ours.load_state_dict(theirs.state_dict())
    x, batch, placed = example(dtype)
    there = torch.tensor(SIZES)[:, None] > 0
    found, expected = ours(x, placed), theirs(x, batch, dim_size=4) * there
    assert torch.allclose(found, expected, atol=tolerance)
    direction = torch.randn_like(expected)
    mine, other = (
        torch.autograd.grad((out * direction).sum(), [x, *(p for _, p in sorted(module.named_parameters()))])
        for out, module in ((found, ours), (expected, theirs))
    )
    for a, b in zip(mine, other, strict=True):
        assert torch.allclose(a, b, atol=tolerance)


def test_samples_without_nodes_and_batches_without_samples_give_zeros_with_finite_gradients():
    assert_empty_is_zero(Set2Set(DIM, 3).double())


def test_gradcheck():
    assert_gradcheck(Set2Set(DIM, 2).double())


def test_the_order_of_a_samples_nodes_does_not_matter():
    pool = Set2Set(DIM, 3).double()
    x, _, placed = example()
    order = torch.tensor([2, 0, 1, 3, 7, 5, 4, 6])
    same(pool(x[order], placed), pool(x, placed), [x])


def test_no_steps_are_an_error():
    with pytest.raises(InputError, match=r"Set2Set\(steps=0\): give at least one step"):
        Set2Set(DIM, 0)
