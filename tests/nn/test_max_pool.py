import pytest
import torch
from torch_geometric.nn import MaxAggregation

from mmgraph.nn.max_pool import MaxPool
from tests.nn.pools import assert_empty_is_zero, assert_gradcheck, example, same


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_it_equals_pyg_in_output_and_gradient(dtype, tolerance):
    x, batch, placed = example(dtype)
    same(MaxPool()(x, placed), MaxAggregation()(x, batch, dim_size=4), [x], tolerance)


def test_samples_without_nodes_and_batches_without_samples_give_zeros_with_finite_gradients():
    assert_empty_is_zero(MaxPool())


def test_gradcheck():
    assert_gradcheck(MaxPool())


def test_nodes_below_zero_do_not_lose_to_the_padding():
    x, batch, placed = example()
    below = -x.detach().abs() - 1
    assert torch.equal(MaxPool()(below, placed), MaxAggregation()(below, batch, dim_size=4))
