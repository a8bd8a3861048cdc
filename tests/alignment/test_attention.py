import pytest
import torch

from mmgraph.alignment import AttentionAligner, Sides
from mmgraph.errors import InputError
from mmgraph.ops.blocks import blocks
from tests.ops.tracing import no_shape_checks

SOURCE, TARGET = (2, 3, 0, 1), (4, 0, 2, 2)
SCORES = pytest.mark.parametrize("score", ["scaled", "dot", "additive"])


def example(score="scaled"):
    aligner = AttentionAligner(5, score).double()
    batches = [torch.repeat_interleave(torch.arange(4), torch.tensor(sizes)) for sizes in (SOURCE, TARGET)]
    nodes = [torch.randn(sum(s), 5, dtype=torch.float64, requires_grad=True) for s in (SOURCE, TARGET)]
    laid_out = [blocks(batch, sizes) for batch, sizes in zip(batches, (SOURCE, TARGET), strict=True)]
    return aligner, nodes, laid_out


def logits_by_hand(aligner, score, source, target):
    """Of the nodes of one sample, pair by pair."""
    rows = []
    for x in source:
        query = aligner.source(x)
        keys = [aligner.target(y) for y in target]
        if score == "additive":
            rows.append(torch.stack([aligner.vector[0] @ torch.tanh(query + key) for key in keys]))
        else:
            rows.append(torch.stack([query @ key for key in keys]) / (5**0.5 if score == "scaled" else 1))
    return torch.stack(rows)


@SCORES
def test_each_row_is_a_softmax_over_the_sample_s_targets(score):
    aligner, (source, target), laid_out = example(score)
    plan = aligner(Sides(source, target, *laid_out)).plan
    first = logits_by_hand(aligner, score, source[:2], target[:4]).softmax(-1)
    last = logits_by_hand(aligner, score, source[5:], target[6:]).softmax(-1)
    assert torch.allclose(plan[0, :2, :4], first, atol=1e-12)
    assert torch.allclose(plan[3, :1, :2], last, atol=1e-12)
    assert float(plan[0, 2:].detach().sum()) == 0
    weights = torch.rand(2, 4, dtype=torch.float64)
    leaves = [source, target, *aligner.parameters()]
    found, expected = (
        torch.autograd.grad((part * weights).sum(), leaves) for part in (plan[0, :2, :4], first)
    )
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(found, expected, strict=True))


@SCORES
def test_an_empty_side_gives_zeros_and_finite_gradients(score):
    aligner, (source, target), laid_out = example(score)
    alignment = aligner(Sides(source, target, *laid_out))
    assert float(alignment.plan[1:3].detach().abs().sum()) == 0
    (alignment.plan.pow(2).sum() + alignment.loss).backward()
    assert torch.isfinite(source.grad).all()
    assert torch.isfinite(target.grad).all()
    assert float(source.grad[2:5].abs().sum()) == 0


def test_another_score_is_an_error():
    with no_shape_checks(), pytest.raises(InputError, match="score='cosine'"):
        AttentionAligner(5, "cosine")


@SCORES
def test_half_precision_stays_in_it_and_near(score):
    aligner, nodes, laid_out = example(score)
    expected = aligner(Sides(*nodes, *laid_out)).plan
    found = aligner.bfloat16()(Sides(*(side.bfloat16() for side in nodes), *laid_out)).plan
    assert found.dtype == torch.bfloat16
    assert torch.allclose(found.double(), expected, atol=0.03)
