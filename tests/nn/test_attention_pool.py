import torch
from torch_geometric.nn import AttentionalAggregation

from mmgraph.nn import AttentionPool
from mmgraph.ops.blocks import blocks

SIZES = (3, 0, 1, 4)


def example():
    batch = torch.repeat_interleave(torch.arange(4), torch.tensor(SIZES))
    return torch.randn(8, 6, dtype=torch.float64, requires_grad=True), batch


def test_pooling_equals_pyg_in_output_and_gradient():
    pool = AttentionPool(6).double()
    x, batch = example()
    ours = pool(x, blocks(batch, SIZES))
    theirs = AttentionalAggregation(pool.gate)(x, batch, dim_size=4)
    assert torch.allclose(ours, theirs, atol=1e-12)
    mine, other = (torch.autograd.grad((out**3).sum(), x)[0] for out in (ours, theirs))
    assert torch.allclose(mine, other, atol=1e-10)


def test_a_sample_without_nodes_pools_to_zero_with_finite_gradients():
    pool = AttentionPool(6).double()
    x, batch = example()
    out = pool(x, blocks(batch, SIZES))
    assert torch.equal(out[1], torch.zeros(6, dtype=torch.float64))
    out.sum().backward()
    assert torch.isfinite(x.grad).all()


def test_weights_of_a_sample_sum_to_one():
    pool = AttentionPool(6).double()
    x, batch = example()
    weight = pool.weights(x, blocks(batch, SIZES))
    assert torch.allclose(weight.sum(1), torch.tensor([1.0, 0, 1, 1], dtype=torch.float64))
