import pytest
import torch
from torch_geometric.nn.dense import dense_diff_pool

from mmgraph.errors import InputError
from mmgraph.nn.soft_cluster_pool import SoftClusterPool
from tests.nn.pools import DIM, SIZES, assert_empty_is_zero, assert_gradcheck, example, same


def pool_of(clusters=3):
    return SoftClusterPool(DIM, clusters).double()


def test_clusters_equal_pygs_diff_pool():
    pool = pool_of()
    x, _, placed = example()
    block, adjacency = placed.pad(x), torch.zeros(4, 4, 4).double()
    theirs = dense_diff_pool(block, adjacency, pool.assign(block), placed.mask)[0]
    same(pool.clusters(x, placed), theirs, [x, *pool.parameters()])


def test_the_pooled_vector_is_the_mean_of_the_clusters_weighted_means():
    pool = pool_of()
    x, batch, placed = example()
    expected = torch.zeros(4, DIM).double()
    for sample in range(4):
        nodes = x[batch == sample]
        if len(nodes):
            belongs = pool.assign(nodes).softmax(-1)
            centres = [(s[:, None] * nodes).sum(0) / s.sum() for s in belongs.T]
            expected[sample] = torch.stack(centres).mean(0)
    same(pool(x, placed), expected, [x, *pool.parameters()])


def test_one_cluster_is_the_mean():
    x, batch, placed = example()
    found = pool_of(1)(x, placed)
    for sample in (0, 2, 3):
        assert torch.allclose(found[sample], x[batch == sample].mean(0))


def test_weights_of_a_node_sum_to_one():
    x, _, placed = example()
    total = pool_of().weights(x, placed).sum(2)
    assert torch.allclose(total, placed.mask.double())
    assert int(total.sum().round()) == sum(SIZES)


def test_a_cluster_to_which_no_node_belongs_has_finite_gradients():
    pool = pool_of()
    with torch.no_grad():
        pool.assign.bias.copy_(torch.tensor([0.0, 0.0, -1e4]))
    x, _, placed = example()
    pool(x, placed).sum().backward()
    assert x.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in pool.parameters())


def test_samples_without_nodes_and_batches_without_samples_give_zeros_with_finite_gradients():
    assert_empty_is_zero(pool_of())


def test_gradcheck():
    assert_gradcheck(pool_of())


def test_no_clusters_are_an_error():
    with pytest.raises(InputError, match=r"clusters=0\): give at least one cluster"):
        SoftClusterPool(DIM, 0)
