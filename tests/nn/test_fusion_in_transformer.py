from copy import deepcopy

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from mmgraph.errors import InputError
from mmgraph.nn.fusion_in_transformer import FusionInTransformer
from mmgraph.ops import ragged
from mmgraph.ops.blocks import blocks
from tests.nn.hetero import SIZES, nodes, randomize

TYPES = tuple(SIZES)
DIM, HEADS, WIDTH = 6, 2, 3


def placed(sizes=SIZES):
    return {key: blocks(ragged.sample_of(counts), counts) for key, counts in sizes.items()}


def example(dtype=torch.float64):
    layer = FusionInTransformer(TYPES, DIM, HEADS).to(dtype)
    randomize(layer)
    return layer, nodes(dict.fromkeys(TYPES, DIM), dtype)


def by_hand(layer, x):
    """Sample by sample: outputs, and weights by (source, target) types and sample."""
    found, weights = {key: [] for key in TYPES}, {}
    starts = {key: ragged.offsets(SIZES[key]).tolist() for key in TYPES}
    for sample in range(5):
        own = {key: x[key][starts[key][sample] : starts[key][sample + 1]] for key in TYPES}
        counts = [len(rows) for rows in own.values()]

        def of(maps, own=own):
            mapped = torch.cat([maps[key](rows) for key, rows in own.items()])
            return mapped.view(len(mapped), HEADS, WIDTH).transpose(0, 1)

        query, key, value = of(layer.query), of(layer.key), of(layer.value)
        share = (query @ key.transpose(1, 2) / WIDTH**0.5).softmax(-1)
        mixed = (share @ value).transpose(0, 1).flatten(1)
        for target, rows, row in zip(TYPES, mixed.split(counts), share.split(counts, 1), strict=True):
            found[target].append(layer.output[target](rows))
            for source, part in zip(TYPES, row.split(counts, 2), strict=True):
                weights[source, target, sample] = part
    return {key: torch.cat(rows) for key, rows in found.items()}, weights


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_it_equals_the_equation_in_outputs_and_gradients(dtype, tolerance):
    layer, x = example(dtype)
    # By hand in float64 always: in float32 the rounding of both sides would count.
    exact = {key: rows.detach().double().requires_grad_() for key, rows in x.items()}
    exact_layer = deepcopy(layer).double()
    found, (expected, _) = layer(x, placed()), by_hand(exact_layer, exact)
    directions = {key: torch.randn_like(value) for key, value in found.items()}
    sides = (found, x, layer), (expected, exact, exact_layer)
    gradients = [
        torch.autograd.grad(
            sum((out[key] * directions[key]).sum() for key in out), [*leaves.values(), *own.parameters()]
        )
        for out, leaves, own in sides
    ]
    for key in TYPES:
        assert torch.allclose(found[key].double(), expected[key], atol=tolerance)
    for mine, other in zip(*gradients, strict=True):
        scale = max(1, float(other.abs().max())) if other.numel() else 1
        assert torch.allclose(mine.double(), other, atol=tolerance * scale)


def test_weights_are_those_of_the_equation_and_sum_to_one():
    layer, x = example()
    found, (_, expected) = layer.weights(x, placed()), by_hand(layer, x)
    assert set(found) == {(source, target) for source in TYPES for target in TYPES}
    for (source, target, sample), share in expected.items():
        block = found[source, target][sample]
        assert torch.allclose(block[:, : share.shape[1], : share.shape[2]], share, atol=1e-12)
        assert torch.allclose(block.sum(), share.sum())
    for target in TYPES:
        total = sum(found[source, target].sum(-1) for source in TYPES)
        mask = placed()[target].mask
        assert torch.allclose(total, mask[:, None].expand_as(total).double())


@pytest.mark.parametrize(
    "sizes",
    [SIZES, {"region": (3, 3), "token": (3, 3), "segment": (3, 3), "item": (3, 3)}, dict.fromkeys(TYPES, ())],
    ids=["ragged", "equal", "none"],
)
def test_the_cost_is_half_of_the_operations_that_torch_counts(sizes):
    def attention(query, key, value, *rest, out_shape=None, **named):
        return sdpa_flop_count(query, key, value)

    def counted(types):
        layer = FusionInTransformer(types, DIM, HEADS)
        x = {key: torch.randn(sum(sizes[key]), DIM) for key in types}
        kernel = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        with FlopCounterMode(display=False, custom_mapping={kernel: attention}) as counter:
            layer(x, placed({key: sizes[key] for key in types}))
        return counter.get_total_flops()

    cost = FusionInTransformer(TYPES, DIM, HEADS).cost(sizes)
    assert 2 * cost.joint == counted(TYPES)
    assert 2 * cost.separate == sum(counted((key,)) for key in TYPES)
    assert cost.ratio == cost.joint / max(cost.separate, 1)


def test_attention_over_four_modalities_of_one_length_costs_four_times_as_much():
    layer = FusionInTransformer(TYPES, 8, 2)
    maps = 4 * 8 * 8 * 4 * 20
    cost = layer.cost(dict.fromkeys(TYPES, (10, 10)))
    assert cost.joint - maps == 4 * (cost.separate - maps)


def test_samples_without_nodes_and_batches_without_samples_have_finite_gradients():
    for sizes in (dict.fromkeys(TYPES, (0, 2)), dict.fromkeys(TYPES, (0, 0)), dict.fromkeys(TYPES, ())):
        layer = FusionInTransformer(TYPES, DIM, HEADS)
        x = {key: torch.randn(sum(counts), DIM, requires_grad=True) for key, counts in sizes.items()}
        found = layer(x, placed(sizes))
        assert {key: value.shape for key, value in found.items()} == {k: v.shape for k, v in x.items()}
        sum(value.sum() for value in found.values()).backward()
        assert all(leaf.grad is None or leaf.grad.isfinite().all() for leaf in x.values())
        assert all(p.grad is None or p.grad.isfinite().all() for p in layer.parameters())
        assert all(value.isfinite().all() for value in layer.weights(x, placed(sizes)).values())


def test_gradcheck():
    layer, x = example()

    def run(*values):
        return tuple(layer(dict(zip(x, values, strict=True)), placed()).values())

    assert torch.autograd.gradcheck(run, tuple(x.values()), fast_mode=True)


def test_errors_say_what_came_and_what_to_do():
    layer, x = example()
    with pytest.raises(InputError, match=r"dim=6, heads=4\): heads has to divide dim"):
        FusionInTransformer(TYPES, 6, 4)
    with pytest.raises(InputError, match=r"x lacks the modalities \['item'\]: give all of"):
        layer({key: value for key, value in x.items() if key != "item"}, placed())
    with pytest.raises(InputError, match=r"sizes lacks the modalities \['item', 'segment', 'token'\]"):
        layer.cost({"region": (1,)})
