"""Samples to pool, some without nodes, and what two pools have to share."""

import torch
from torch import Tensor, nn

from mmgraph.ops.blocks import Blocks, blocks

SIZES = (3, 0, 1, 4)
DIM = 6


def example(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Blocks]:
    """Nodes that want gradients, their samples, and their blocks."""
    batch = torch.repeat_interleave(torch.arange(4), torch.tensor(SIZES))
    x = torch.randn(sum(SIZES), DIM, dtype=dtype, requires_grad=True)
    return x, batch, blocks(batch, SIZES)


def same(ours: Tensor, theirs: Tensor, leaves: list[Tensor], tolerance: float = 1e-10) -> None:
    """Both are equal, and their gradients by the leaves."""
    assert ours.shape == theirs.shape
    assert torch.allclose(ours, theirs, atol=tolerance)
    direction = torch.randn_like(theirs)
    gradients = [torch.autograd.grad((out * direction).sum(), leaves) for out in (ours, theirs)]
    for mine, other in zip(*gradients, strict=True):
        assert torch.allclose(mine, other, atol=tolerance)


def assert_empty_is_zero(pool: nn.Module) -> None:
    """Samples without nodes, and batches without samples, give zeros with finite gradients."""
    x, _, placed = example()
    out = pool(x, placed)
    assert torch.equal(out[1], torch.zeros_like(out[1]))
    (out**2).sum().backward()
    assert x.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in pool.parameters())
    for sizes in ((), (0, 0)):
        none = torch.zeros(0, DIM, dtype=torch.float64, requires_grad=True)
        out = pool(none, blocks(torch.zeros(0, dtype=torch.long), sizes))
        assert torch.equal(out, torch.zeros_like(out))
        assert len(out) == len(sizes)
        assert torch.autograd.grad(out.sum(), none)[0].shape == none.shape


def assert_gradcheck(pool: nn.Module) -> None:
    """Gradients are those of differences."""
    x, _, placed = example()
    assert torch.autograd.gradcheck(lambda x: pool(x, placed), x, fast_mode=True)
