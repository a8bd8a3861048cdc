import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.ops.csr import csr
from mmgraph.ops.light_propagation import light_graph, light_propagation
from tests.ops.tracing import compiled_gradients, gradients, no_shape_checks, pretended_gradients

S, T, D, WEIGHTS = 6, 5, 3, (0.5, 0.0, -0.3, 2.0)


def example(sources=S, targets=T, edges=14, dtype=torch.float64):
    """Some pairs stand twice; the last node of each end is alone."""
    ends = [torch.randint(0, max(n - 1, 1), (edges,)) for n in (sources, targets)]
    index = torch.stack(ends)
    x, y = (torch.randn(n, D, dtype=dtype, requires_grad=True) for n in (sources, targets))
    return index, csr(index, sources, targets), x, y


def joined(entries, x, y):
    graph = light_graph(entries, dtype=torch.promote_types(x.dtype, torch.float32))
    return torch.cat(light_propagation(graph, x, y, WEIGHTS))


def dense(index, x, y):
    """Powers of the normalised matrix of both ends together."""
    n = len(x) + len(y)
    matrix = torch.zeros(n, n, dtype=torch.float64)
    source, target = index[0], index[1] + len(x)
    ones = torch.ones(index.shape[1], dtype=torch.float64)
    matrix.index_put_((source, target), ones, accumulate=True)
    matrix = matrix + matrix.T
    root = matrix.sum(1).clamp(min=1).rsqrt()
    matrix = root[:, None] * matrix * root
    both = torch.cat([x, y])
    return sum(a * torch.linalg.matrix_power(matrix, k) @ both for k, a in enumerate(WEIGHTS))


@pytest.mark.parametrize("sizes", [(S, T, 14), (4, 3, 0), (0, 3, 0), (3, 0, 0), (0, 0, 0), (1, 1, 3)])
def test_it_is_the_polynomial_of_the_dense_matrix(sizes):
    index, entries, x, y = example(*sizes)
    found = gradients(joined, entries, x, y)
    for mine, other in zip(found, gradients(dense, index, x, y), strict=True):
        assert torch.allclose(mine, other, atol=1e-12)


def test_gradients_are_those_of_finite_differences_once_and_twice():
    _, entries, x, y = example()
    assert torch.autograd.gradcheck(lambda x, y: joined(entries, x, y), [x, y])
    assert torch.autograd.gradgradcheck(lambda x, y: joined(entries, x, y), [x, y])


def test_the_rows_given_stay_as_they_are():
    _, entries, x, y = example()
    before = x.detach().clone(), y.detach().clone()
    graph = light_graph(entries, dtype=torch.float64)
    light_propagation(graph, x, y, (1.0,))
    light_propagation(graph, x, y, WEIGHTS)
    assert torch.equal(x, before[0])
    assert torch.equal(y, before[1])


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_forward_and_backward_compile_as_one_graph(backend):
    _, entries, x, y = example()
    graph = light_graph(entries, dtype=torch.float64)

    def function(x, y):
        return torch.cat(light_propagation(graph, x, y, WEIGHTS))

    found = compiled_gradients(backend, function, x, y)
    for mine, other in zip(found, gradients(function, x, y), strict=True):
        assert torch.allclose(mine, other)


def test_forward_and_backward_never_wait_for_the_device(accelerator):
    _, entries, x, y = example()
    found = pretended_gradients(accelerator, joined, entries, x, y)
    assert [tuple(value.shape) for value in found] == [(S + T, D), (S, D), (T, D)]
    assert {value.device.type for value in found} == {"sim"}


def test_half_precision_is_summed_in_float32():
    index, entries, x, y = example(dtype=torch.bfloat16)
    found = gradients(joined, entries, x, y)
    wide = [t.detach().double().requires_grad_() for t in (x, y)]
    for mine, other in zip(found, gradients(dense, index, *wide), strict=True):
        assert mine.dtype == torch.bfloat16
        assert torch.allclose(mine.double(), other, atol=0.02, rtol=0.01)


def test_errors_say_what_came():
    _, entries, x, y = example()
    graph = light_graph(entries, dtype=torch.float64)
    with pytest.raises(InputError, match=r"sources \[5, 3\] and targets \[5, 3\]"):
        light_propagation(graph, x[:5], y, WEIGHTS)
    with pytest.raises(InputError, match=r"targets \[5, 2\]"), no_shape_checks():
        light_propagation(graph, x, y[:, :2], WEIGHTS)
    with pytest.raises(InputError, match="no weights"):
        light_propagation(graph, x, y, ())
    with pytest.raises(
        InputError, match=r"torch.float64 for a graph in torch.float32: .*dtype=torch.float64"
    ):
        light_propagation(light_graph(entries), x, y, WEIGHTS)
