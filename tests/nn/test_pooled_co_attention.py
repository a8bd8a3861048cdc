import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.nn.pooled_co_attention import PooledCoAttention
from mmgraph.ops import ragged
from mmgraph.ops.blocks import blocks
from tests.nn.hetero import randomize
from tests.ops.tracing import no_shape_checks

FIRST, SECOND = (3, 0, 2, 1, 0), (2, 4, 0, 1, 0)
DIMS, HIDDEN = (5, 4), 3
KINDS = ["none", "sum", "softmax"]
PLACED = tuple(blocks(ragged.sample_of(sizes), sizes) for sizes in (FIRST, SECOND))


def example(normalise, dtype=torch.float64):
    pool = PooledCoAttention(DIMS, hidden_dim=HIDDEN, normalise=normalise).to(dtype)
    randomize(pool)
    x = tuple(
        torch.randn(sum(sizes), dim, dtype=dtype, requires_grad=True)
        for sizes, dim in zip((FIRST, SECOND), DIMS, strict=True)
    )
    return pool, x


def by_hand(pool, x):
    """Sample by sample and node by node."""
    starts = [ragged.offsets(sizes).tolist() for sizes in (FIRST, SECOND)]
    found = [[], []]
    for sample in range(5):
        own = [rows[start[sample] : start[sample + 1]] for rows, start in zip(x, starts, strict=True)]
        affinity = pool.first(own[0]) @ pool.second(own[1]).T / HIDDEN**0.5
        for side in (0, 1):
            attention = affinity if side == 1 else affinity.T
            alpha = torch.zeros(len(own[side])).to(affinity)
            for row in attention:
                alpha = alpha + row.softmax(0)
            if pool.normalise == "softmax":
                alpha = alpha.softmax(0)
            elif pool.normalise == "sum" and len(attention):
                alpha = alpha / alpha.sum()
            found[side].append((alpha[:, None] * own[side]).sum(0))
    return [torch.stack(rows) for rows in found]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
@pytest.mark.parametrize("normalise", KINDS)
def test_both_vectors_equal_the_equation_in_values_and_gradients(normalise, dtype, tolerance):
    pool, x = example(normalise, dtype)
    found, expected = pool(x, PLACED), by_hand(pool, x)
    directions = [torch.randn_like(value) for value in expected]
    leaves = [*x, *pool.parameters()]
    gradients = [
        torch.autograd.grad(sum((a * b).sum() for a, b in zip(out, directions, strict=True)), leaves)
        for out in (found, expected)
    ]
    for ours, theirs in [*zip(found, expected, strict=True), *zip(*gradients, strict=True)]:
        assert torch.allclose(ours, theirs, atol=tolerance)


def test_without_normalising_weights_sum_to_the_number_of_nodes_that_attend():
    pool, x = example("none")
    first, second = pool.weights(x, PLACED)
    both = torch.tensor([f > 0 and s > 0 for f, s in zip(FIRST, SECOND, strict=True)])
    assert torch.allclose(first.sum(1), torch.tensor(SECOND).double() * both)
    assert torch.allclose(second.sum(1), torch.tensor(FIRST).double() * both)


@pytest.mark.parametrize("normalise", KINDS[1:])
def test_normalised_weights_sum_to_one(normalise):
    pool, x = example(normalise)
    for weight in pool.weights(x, PLACED):
        assert torch.allclose(weight.sum(1)[[0, 3]], torch.ones(2).double())


def test_a_side_alone_gives_its_mean_under_softmax_and_else_zeros():
    for normalise in KINDS:
        pool, x = example(normalise)
        first, second = pool(x, PLACED)
        mean = normalise == "softmax"
        assert torch.allclose(first[2], x[0][3:5].mean(0) * mean)
        assert torch.allclose(second[1], x[1][2:6].mean(0) * mean)


@pytest.mark.parametrize("normalise", KINDS)
def test_empty_modalities_give_zeros_with_finite_gradients(normalise):
    pool, x = example(normalise)
    first, second = pool(x, PLACED)
    assert not first[[1, 4]].any()
    assert not second[[2, 4]].any()
    (first.sum() + second.sum()).backward()
    assert all(leaf.grad.isfinite().all() for leaf in [*x, *pool.parameters()])
    for sizes in ((), (0, 0)):
        none = blocks(torch.zeros(0, dtype=torch.long), sizes)
        empty = tuple(torch.zeros(0, dim, dtype=torch.float64, requires_grad=True) for dim in DIMS)
        found = pool(empty, (none, none))
        assert [value.shape for value in found] == [(len(sizes), dim) for dim in DIMS]
        assert not any(value.any() for value in found)
        sum(value.sum() for value in found).backward()


@pytest.mark.parametrize("normalise", KINDS)
def test_gradcheck(normalise):
    pool, x = example(normalise)
    assert torch.autograd.gradcheck(lambda *x: pool(x, PLACED), x, fast_mode=True)


def test_errors_say_what_came_and_what_to_do():
    with no_shape_checks(), pytest.raises(InputError, match="give 'none', 'sum' or 'softmax'"):
        PooledCoAttention(4, normalise="mean")
    pool, x = example("sum")
    short = blocks(ragged.sample_of(SECOND[:4]), SECOND[:4])
    with pytest.raises(InputError, match="got 5 and 4 samples: give blocks of one batch"):
        pool(x, (PLACED[0], short))
