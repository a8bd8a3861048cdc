import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.ops.csr import csr
from mmgraph.ops.normalise import bipartite_weights, inverse_root
from tests.ops.tracing import compiled_gradients, gradients, pretended_gradients

N = 7


def square(loops=True):
    """Directed edges within one node type; node 0 has a self loop, node 6 no edge at all."""
    index = torch.randint(0, N - 1, (2, 15))
    index = index[:, index[0] != index[1]]
    if loops:
        index = torch.cat([index, torch.zeros(2, 1, dtype=torch.long)], 1)
    weight = torch.rand(index.shape[1], dtype=torch.float64).add_(0.1).requires_grad_()
    return index, csr(index, N, N), weight


@pytest.mark.parametrize("weighted", [True, False])
def test_between_types_each_end_has_its_own_degree(weighted):
    index = torch.stack([torch.randint(0, 4, (12,)), torch.randint(0, 3, (12,))])
    entries = csr(index, 5, 4)
    weight = torch.rand(12, dtype=torch.float64) + 0.1
    matrix = torch.zeros(4, 5, dtype=torch.float64)
    values = weight if weighted else torch.ones_like(weight)
    matrix.index_put_((index[1], index[0]), values, accumulate=True)
    degrees = matrix.sum(1, keepdim=True) * matrix.sum(0, keepdim=True)
    found = bipartite_weights(entries, weight[entries.order] if weighted else None, torch.float64)
    expected = values[entries.order] / degrees[index[1], index[0]][entries.order].sqrt()
    assert torch.allclose(found, expected, atol=1e-12)


def test_degrees_of_zero_have_no_infinite_gradient():
    degree = torch.tensor([0.0, 4.0], requires_grad=True)
    out = inverse_root(degree)
    assert out.tolist() == [0.0, 0.5]
    assert torch.autograd.grad(out.sum(), degree)[0].tolist() == [0.0, -1 / 16]


def test_gradients_are_those_of_finite_differences():
    _, entries, weight = square()
    assert torch.autograd.gradcheck(lambda w: bipartite_weights(entries, w), [weight])


def test_it_compiles_and_never_waits(accelerator):
    _, entries, weight = square()
    expected = gradients(bipartite_weights, entries, weight)
    compiled = compiled_gradients("eager", bipartite_weights, entries, weight)
    for mine, other in zip(compiled, expected, strict=True):
        assert torch.allclose(mine, other)
    pretended = pretended_gradients(accelerator, bipartite_weights, entries, weight)
    assert {tensor.device.type for tensor in pretended} == {"sim"}


def test_no_edges_have_no_weights():
    nothing = csr(torch.zeros(2, 0, dtype=torch.long), 3, 3)
    assert bipartite_weights(nothing).shape == (0,)
    assert bipartite_weights(nothing, dtype=torch.bfloat16).dtype == torch.bfloat16


def test_errors_say_what_came():
    _, entries, weight = square()
    with pytest.raises(InputError, match=r"weights are \[3\], but the csr has"):
        bipartite_weights(entries, weight[:3])
