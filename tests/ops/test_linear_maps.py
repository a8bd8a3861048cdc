"""Several maps of the same vectors against each alone, in values and gradients of any order."""

import pytest
import torch
from torch.nn.functional import linear

from mmgraph.ops import nodes
from mmgraph.ops.blocks import blocks
from mmgraph.ops.linear_maps import linear_maps, stack
from mmgraph.ops.nodes import Nodes
from tests.ops import tracing as traced


def rand(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def maps_of(dim=3):
    """One with a bias, one without, one of another width."""
    return [(rand(4, dim), rand(4)), (rand(4, dim), None), (rand(2, dim), rand(2))]


def gradients(found, wanted):
    return torch.autograd.grad(sum((rows.sin() * (1 + n)).sum() for n, rows in enumerate(found)), wanted)


@pytest.mark.parametrize("count", [0, 1, 6])
def test_each_map_gives_what_it_gives_alone(count):
    x, maps = rand(count, 3), maps_of()
    wanted = [x, *(t for affine in maps for t in affine if t is not None)]
    found, alone = linear_maps(x, maps), [linear(x, *affine) for affine in maps]
    for got, expected in zip(found, alone, strict=True):
        assert torch.equal(got, expected)
    for got, expected in zip(gradients(found, wanted), gradients(alone, wanted), strict=True):
        assert torch.allclose(got, expected, atol=1e-12)


def test_gradients_can_be_differentiated_again():
    x, (first, second, third) = rand(5, 3), maps_of()

    def function(x, *weights):
        return tuple(linear_maps(x, list(zip(weights, (first[1], None, third[1]), strict=True))))

    weights = (first[0], second[0], third[0])
    assert torch.autograd.gradcheck(function, (x, *weights))
    assert torch.autograd.gradgradcheck(function, (x, *weights))


def test_what_wants_no_gradient_gets_none():
    x, maps = rand(5, 3), maps_of()
    for frozen in (x, maps[0][0], maps[2][1]):
        frozen.requires_grad_(False)
    sum(rows.sum() for rows in linear_maps(x, maps)).backward()
    assert x.grad is maps[0][0].grad is maps[2][1].grad is None
    assert torch.allclose(maps[1][0].grad, x.sum(0).expand(4, 3))
    assert torch.equal(maps[0][1].grad, torch.full((4,), 5.0, dtype=torch.float64))


def test_a_missing_bias_is_zero_in_a_stack():
    maps, x = maps_of(), rand(5, 3)
    assert torch.allclose(linear(x, *stack(maps)), torch.cat(linear_maps(x, maps), dim=1))
    assert stack([maps[1]])[1] is None


@pytest.mark.parametrize("wide", [2, 5])
def test_nodes_under_maps_are_the_same_one_by_one_and_as_one(monkeypatch, wide):
    monkeypatch.setattr(nodes, "WIDE", wide)
    places, maps = blocks(torch.tensor([0, 0, 2, 2, 2]), (2, 0, 3)), maps_of()
    x, given = rand(5, 3), Nodes(padded=rand(3, 1, 3), blocks=places)
    for source in (Nodes(x, blocks=places), given):
        for found, affine in zip(source.linears(maps), maps, strict=True):
            expected = source.linear(affine)
            assert torch.allclose(found.flat, expected.flat)
            assert torch.allclose(found.padded, expected.padded)


def test_products_are_short_under_autocast_and_gradients_come_as_the_inputs_are():
    x, maps = rand(5, 3).float().detach().requires_grad_(), [(w.float(), b) for w, b in maps_of()[1:2] * 2]
    with torch.autocast("cpu", torch.bfloat16):
        found = linear_maps(x, maps)
    assert {rows.dtype for rows in found} == {torch.bfloat16}
    sum(rows.float().sum() for rows in found).backward()
    assert torch.allclose(x.grad, 2 * maps[0][0].sum(0).expand(5, 3), rtol=0.02, atol=0.02)


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compiled_as_one_graph_it_is_the_same(backend):
    x, weights = rand(5, 3), [weight for weight, _ in maps_of()]

    def function(x, *weights):
        return torch.cat(linear_maps(x, [(weight, None) for weight in weights]), dim=1).sin()

    expected = traced.gradients(function, x, *weights)
    for got, wanted in zip(traced.compiled_gradients(backend, function, x, *weights), expected, strict=True):
        assert torch.allclose(got, wanted)
