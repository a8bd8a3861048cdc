import pytest
import torch
from torch_geometric.nn import TopKPooling

from mmgraph.errors import InputError
from mmgraph.nn.top_k_pool import TopKPool
from mmgraph.ops.blocks import blocks
from tests.nn.pools import DIM, SIZES, assert_empty_is_zero, assert_gradcheck, example

KS = [1, 2, 9, 0.5, 0.3, 1.0]


def pool_of(k):
    return TopKPool(DIM, k).double()


@pytest.mark.parametrize("k", KS[:-1])
def test_the_kept_nodes_are_those_of_pyg_and_the_pooled_vector_is_their_mean(k):
    pool, (x, batch, placed) = pool_of(k), example()
    theirs = TopKPooling(DIM, k, nonlinearity=torch.sigmoid).double()
    theirs.select.weight = torch.nn.Parameter(pool.weight.detach()[None])
    nodes, _, _, sample, perm, _ = theirs(x, torch.zeros(2, 0).long(), batch=batch)
    kept = pool.kept(x, placed)
    starts = torch.tensor(SIZES).cumsum(0) - torch.tensor(SIZES)
    means = torch.zeros(4, DIM).double()
    for b in range(4):
        mine = kept.mask[b]
        assert torch.equal(kept.position[b][mine] + starts[b], perm[sample == b])
        assert torch.allclose(kept.nodes[b][mine], nodes[sample == b], atol=1e-12)
        assert torch.equal(kept.nodes[b][~mine], torch.zeros_like(kept.nodes[b][~mine]))
        if bool(mine.any()):
            means[b] = nodes[sample == b].mean(0)
    ours = torch.autograd.grad((pool(x, placed) ** 2).sum(), [x, pool.weight])
    expected = torch.autograd.grad((means**2).sum(), [x, theirs.select.weight])
    assert torch.allclose(pool(x, placed), means, atol=1e-12)
    assert torch.allclose(ours[0], expected[0], atol=1e-12)
    assert torch.allclose(ours[1], expected[1][0], atol=1e-12)


def test_all_nodes_are_kept_at_a_share_of_one():
    """PyG reads 1.0 as one node; here only an int is a number of nodes."""
    x, _, placed = example()
    assert torch.equal(pool_of(1.0).kept(x, placed).mask, placed.mask)
    assert pool_of(1).kept(x, placed).mask.sum(1).tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize("k", [0.07, 0.1, 0.29, 0.57])
def test_a_share_is_rounded_up_exactly(k):
    sizes = (100, 30, 1)
    batch = torch.repeat_interleave(torch.arange(3), torch.tensor(sizes))
    kept = pool_of(k).kept(torch.randn(131, DIM).double(), blocks(batch, sizes))
    percent = round(100 * k)
    assert kept.mask.sum(1).tolist() == [percent, -(-percent * 30 // 100), 1]
    assert kept.nodes.shape[1] == percent


@pytest.mark.parametrize("k", [1e-6, 1e-7, 1e-300])
def test_of_the_smallest_share_one_node_is_kept(k):
    x, _, placed = example()
    assert pool_of(k).kept(x, placed).mask.sum(1).tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize("k", KS)
def test_samples_without_nodes_and_batches_without_samples_give_zeros_with_finite_gradients(k):
    assert_empty_is_zero(pool_of(k))


@pytest.mark.parametrize("k", KS)
def test_gradcheck(k):
    assert_gradcheck(pool_of(k))


@pytest.mark.parametrize("k", [0, -1, 0.0, 1.5])
def test_a_k_that_keeps_nothing_or_more_than_all_is_an_error(k):
    with pytest.raises(InputError, match=r"give a number of nodes .* or a share in 0..1"):
        TopKPool(DIM, k)
