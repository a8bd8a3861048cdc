import pytest
import torch

from mmgraph.ops import pairwise
from mmgraph.ops.csr import csr
from mmgraph.ops.pairwise import pairwise_edges, pairwise_grid
from tests.ops.tracing import compiled_gradients, gradients, pretended_gradients

ACTIVATIONS = ["leaky_relu", "tanh"]


def naive(pairs, vector, activation):
    """With all pairs written out."""
    pairs = pairs.tanh() if activation == "tanh" else torch.nn.functional.leaky_relu(pairs, 0.3)
    return (pairs * vector).sum(-1)


def rand(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype, requires_grad=True)


def grid_inputs(batch, height, width, edge, dtype=torch.float64, heads=2, channels=3):
    shapes = [(batch, height, heads, channels), (batch, width, heads, channels), (heads, channels)]
    shapes += [(batch, height, width, 4), (4, heads, channels)] if edge else []
    return [rand(*shape, dtype=dtype) for shape in shapes]


def naive_grid(query, key, vector, activation, features=None, weight=None):
    pairs = query[:, :, None] + key[:, None]
    if features is not None:
        pairs = pairs + torch.einsum("btsf,fhk->btshk", features, weight)
    return naive(pairs, vector, activation).permute(0, 3, 1, 2)


def edge_inputs(edges, edge, dtype=torch.float64, heads=2, channels=3):
    shapes = [(6, heads, channels), (5, heads, channels), (heads, channels)]
    shapes += [(edges, 4), (4, heads, channels)] if edge else []
    layout = csr(torch.stack([torch.randint(0, 5, (edges,)), torch.randint(0, 6, (edges,))]), 5, 6)
    return layout, [rand(*shape, dtype=dtype) for shape in shapes]


def naive_edges(layout, activation):
    def function(query, key, vector, features=None, weight=None):
        pairs = query[layout.target.long()] + key[layout.source.long()]
        if features is not None:
            pairs = pairs + torch.einsum("ef,fhk->ehk", features, weight)
        return naive(pairs, vector, activation)

    return function


def grid_of(activation):
    return lambda query, key, vector, *edge: pairwise_grid(query, key, vector, activation, 0.3, *edge)


def edges_of(layout, activation):
    return lambda query, key, vector, *edge: pairwise_edges(
        layout, query, key, vector, activation, 0.3, *edge
    )


def assert_same(found, expected, tolerance):
    for got, wanted in zip(found, expected, strict=True):
        assert got.shape == wanted.shape
        assert torch.allclose(got.double(), wanted.double(), atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("edge", [False, True])
@pytest.mark.parametrize("block", [1, 7, 40, 100, 2**17])
def test_a_grid_in_blocks_is_the_grid_written_out(monkeypatch, activation, edge, block):
    monkeypatch.setattr(pairwise, "BLOCK", block)
    for shape in ((3, 4, 5), (1, 1, 1), (5, 3, 2)):
        inputs = grid_inputs(*shape, edge)
        expected = gradients(lambda q, k, v, *e: naive_grid(q, k, v, activation, *e), *inputs)
        assert_same(gradients(grid_of(activation), *inputs), expected, 1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("edge", [False, True])
@pytest.mark.parametrize("block", [1, 7, 40, 2**17])
def test_edges_in_blocks_are_the_edges_written_out(monkeypatch, activation, edge, block):
    monkeypatch.setattr(pairwise, "BLOCK", block)
    for number in (1, 13, 40):
        layout, inputs = edge_inputs(number, edge)
        expected = gradients(naive_edges(layout, activation), *inputs)
        assert_same(gradients(edges_of(layout, activation), *inputs), expected, 1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("edge", [False, True])
def test_gradients_are_those_of_differences(activation, edge):
    assert torch.autograd.gradcheck(grid_of(activation), grid_inputs(2, 3, 2, edge))
    layout, inputs = edge_inputs(7, edge)
    assert torch.autograd.gradcheck(edges_of(layout, activation), inputs)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("edge", [False, True])
def test_without_pairs_there_are_no_logits_and_gradients_are_zero(activation, edge):
    for shape in ((0, 3, 2), (2, 0, 3), (2, 3, 0)):
        inputs = grid_inputs(*shape, edge)
        found = gradients(grid_of(activation), *inputs)
        assert found[0].shape == (shape[0], 2, *shape[1:])
        assert all(not gradient.any() for gradient in found[1:])
    layout, inputs = edge_inputs(0, edge)
    found = gradients(edges_of(layout, activation), *inputs)
    assert found[0].shape == (0, 2)
    assert all(not gradient.any() for gradient in found[1:])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_float32_is_close_to_float64(activation):
    inputs = grid_inputs(3, 4, 5, True)
    exact = gradients(grid_of(activation), *inputs)
    short = [t.detach().float().requires_grad_() for t in inputs]
    assert_same(gradients(grid_of(activation), *short), exact, 1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_half_precision_is_computed_in_float32_under_autocast_too(activation):
    inputs = [t.detach().bfloat16().requires_grad_() for t in grid_inputs(3, 4, 5, False)]
    exact = gradients(grid_of(activation), *(t.detach().double().requires_grad_() for t in inputs))
    with torch.autocast("cpu", torch.bfloat16):
        value = grid_of(activation)(*inputs)
    assert value.dtype == torch.float32
    assert torch.allclose(value.double(), exact[0], atol=1e-5)


def test_scores_of_large_opposite_ends_are_exact_to_the_precision_of_the_ends():
    query, key, vector, *_ = grid_inputs(1, 2, 2, False, torch.float32)
    query, key = (query + 1000).detach(), (key - 1000).detach()
    expected = naive_grid(query.double(), key.double(), vector.double(), "leaky_relu")
    assert torch.allclose(grid_of("leaky_relu")(query, key, vector).double(), expected, atol=2e-3)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("edge", [False, True])
def test_it_compiles_as_one_graph(activation, edge):
    inputs = grid_inputs(3, 4, 5, edge)
    function = grid_of(activation)
    assert_same(compiled_gradients("aot_eager", function, *inputs), gradients(function, *inputs), 1e-12)
    layout, inputs = edge_inputs(13, edge)
    function = edges_of(layout, activation)
    assert_same(compiled_gradients("aot_eager", function, *inputs), gradients(function, *inputs), 1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_it_never_waits_for_a_device(accelerator, activation):
    pretended_gradients(accelerator, grid_of(activation), *grid_inputs(3, 4, 5, True))
    layout, inputs = edge_inputs(13, True)
    pretended_gradients(
        accelerator,
        lambda csr, q, k, v, *e: pairwise_edges(csr, q, k, v, activation, 0.3, *e),
        layout,
        *inputs,
    )
