import torch

from mmgraph.alignment import AttentionAligner, Sides
from mmgraph.ops.blocks import blocks

SOURCE, TARGET = (2, 3, 0, 1), (4, 0, 2, 2)


def example():
    aligner = AttentionAligner(5).double()
    batches = [torch.repeat_interleave(torch.arange(4), torch.tensor(sizes)) for sizes in (SOURCE, TARGET)]
    nodes = [torch.randn(sum(s), 5, dtype=torch.float64, requires_grad=True) for s in (SOURCE, TARGET)]
    laid_out = [blocks(batch, sizes) for batch, sizes in zip(batches, (SOURCE, TARGET), strict=True)]
    return aligner, nodes, laid_out


def test_each_row_is_a_softmax_over_the_sample_s_targets():
    aligner, (source, target), laid_out = example()
    plan = aligner(Sides(source, target, *laid_out)).plan
    logits = aligner.source(source[:2]) @ aligner.target(target[:4]).T / 5**0.5
    assert torch.allclose(plan[0, :2, :4], logits.softmax(-1), atol=1e-12)
    logits = aligner.source(source[5:]) @ aligner.target(target[6:]).T / 5**0.5
    assert torch.allclose(plan[3, :1, :2], logits.softmax(-1), atol=1e-12)
    assert float(plan[0, 2:].detach().sum()) == 0


def test_an_empty_side_gives_zeros_and_finite_gradients():
    aligner, (source, target), laid_out = example()
    alignment = aligner(Sides(source, target, *laid_out))
    assert float(alignment.plan[1:3].detach().abs().sum()) == 0
    (alignment.plan.pow(2).sum() + alignment.loss).backward()
    assert torch.isfinite(source.grad).all()
    assert torch.isfinite(target.grad).all()
    assert float(source.grad[2:5].abs().sum()) == 0
