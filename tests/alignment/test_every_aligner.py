"""What holds for every public aligner, stated once. An aligner without an example fails here."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

import mmgraph.alignment
from mmgraph.alignment import shares
from mmgraph.ops import ragged
from tests.alignment.every_aligner import EXAMPLES, SOURCES, TARGETS, Example, example_sides

ALL = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())


def made(example: Example, dtype: torch.dtype = torch.float64) -> nn.Module:
    """The aligner in evaluation, its matrices and biases at random: zeros would hide what they multiply."""
    aligner = example.make().to(dtype).eval()
    random = torch.Generator().manual_seed(1)
    for parameter in aligner.parameters():
        if parameter.ndim:
            parameter.data.add_(0.3 * torch.randn(parameter.shape, generator=random, dtype=dtype))
    return aligner


def test_every_public_aligner_has_an_example():
    public = {
        name
        for name in mmgraph.alignment.__all__
        if isinstance(kind := getattr(mmgraph.alignment, name), type) and issubclass(kind, nn.Module)
    }
    assert public == {type(example.make()).__name__ for example in EXAMPLES.values()}


@ALL
def test_a_plan_weighs_pairs_only_and_a_row_at_most_one(example):
    aligner, sides = made(example), example_sides()
    plan = aligner(sides).plan
    assert plan.shape == (6, 4, 4)
    assert bool((plan >= 0).all())
    assert float(plan.detach().masked_fill(sides.pairs, 0.0).abs().sum()) == 0
    assert bool((shares(plan, sides.source_mask).sum(-1) <= 1 + 1e-9).all())
    full = torch.tensor([s > 0 and t > 0 for s, t in zip(SOURCES, TARGETS, strict=True)])
    assert bool((plan.sum((1, 2)) > 0)[full].all())


@ALL
def test_a_sample_s_plan_is_the_same_alone_and_in_a_batch(example):
    aligner = made(example)
    together = aligner(example_sides()).plan
    for number, (s, t) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        alone = aligner(example_sides(samples=(number,))).plan[0]
        assert torch.allclose(alone, together[number, :s, :t], atol=1e-8), number


@ALL
@pytest.mark.parametrize("samples", [(1, 2, 5), (5,), ()], ids=["one side each", "nothing", "no sample"])
def test_empty_sides_give_finite_numbers_and_gradients(example, samples):
    aligner, sides = made(example), example_sides(samples=samples)
    sides = replace(
        sides, source=sides.source.clone().requires_grad_(), target=sides.target.clone().requires_grad_()
    )
    alignment = aligner(sides)
    assert float(alignment.plan.detach().sum()) == 0
    loss = alignment.plan.square().sum() + alignment.loss
    assert bool(torch.isfinite(loss))
    if loss.requires_grad:
        loss.backward()
        leaves = [sides.source, sides.target, *aligner.parameters()]
        assert all(leaf.grad is None or bool(torch.isfinite(leaf.grad).all()) for leaf in leaves)


@ALL
def test_nodes_of_which_nothing_else_is_known_are_matched_with_finite_gradients(example):
    aligner, sides = made(example), example_sides()
    nodes = [side.clone().requires_grad_() for side in (sides.source, sides.target)]
    bare = replace(
        sides, source=nodes[0], target=nodes[1], source_distance=None, target_distance=None, context=None
    )
    alignment = aligner(bare)
    full = torch.tensor([s > 0 and t > 0 for s, t in zip(SOURCES, TARGETS, strict=True)])
    assert ((alignment.plan.sum((1, 2)) > 0) == full).all()
    (alignment.plan.square().sum() + alignment.loss).backward()
    assert all(bool(torch.isfinite(node.grad).all()) for node in nodes)


@ALL
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_every_weight_is_registered_and_gets_a_finite_gradient(example, scale):
    aligner, sides = made(example), example_sides()
    source, target = (side.mul(scale).requires_grad_() for side in (sides.source, sides.target))
    alignment = aligner(replace(sides, source=source, target=target))
    weight = torch.rand(alignment.plan.shape, dtype=torch.float64)
    ((alignment.plan * weight).sum() + alignment.loss).backward()
    assert all(bool(torch.isfinite(side.grad).all()) for side in (source, target) if side.grad is not None)
    assert scale != 1.0 or source.grad is not None
    for name, parameter in aligner.named_parameters():
        assert parameter.grad is not None or name in example.unread, name
        assert parameter.grad is None or bool(torch.isfinite(parameter.grad).all()), name


@ALL
def test_renaming_nodes_renames_the_plan(example):
    if not example.equivariant:
        pytest.skip("breaks ties by the order of nodes")
    aligner, sides = made(example), example_sides()
    order = [_within(sizes) for sizes in (SOURCES, TARGETS)]
    renamed = replace(
        sides,
        source=sides.source[order[0]],
        target=sides.target[order[1]],
        source_distance=_renamed(sides.source_distance, order[0], SOURCES),
        target_distance=_renamed(sides.target_distance, order[1], TARGETS),
    )
    first, second = aligner(sides).plan, aligner(renamed).plan
    for number, (s, t) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        rows, columns = (_local(o, sizes, number) for o, sizes in zip(order, (SOURCES, TARGETS), strict=True))
        expected = first[number, :s, :t][rows][:, columns]
        assert torch.allclose(expected, second[number, :s, :t], atol=1e-6), number


def _within(sizes) -> torch.Tensor:
    sample = ragged.sample_of(sizes)
    return (sample + torch.rand(len(sample))).argsort()


def _local(order, sizes, number) -> torch.Tensor:
    start = int(ragged.offsets(sizes)[number])
    return order[start : start + sizes[number]] - start


def _renamed(distance, order, sizes) -> torch.Tensor:
    out = distance.clone()
    for number, size in enumerate(sizes):
        local = _local(order, sizes, number)
        out[number, :size, :size] = distance[number, :size, :size][local][:, local]
    return out


@ALL
def test_a_state_dict_carries_everything(example):
    first, second = made(example), example.make().double().eval()
    second.load_state_dict(first.state_dict())
    sides = example_sides()
    assert torch.equal(first(sides).plan, second(sides).plan)


@ALL
def test_the_plan_is_the_same_in_training_and_evaluation(example):
    aligner, sides = made(example), example_sides()
    assert torch.equal(aligner(sides).plan, aligner.train()(sides).plan)


@ALL
def test_forward_backward_and_step_never_wait_for_the_device(example, accelerator):
    aligner, sides = made(example, torch.float32), example_sides(torch.float32)
    mode = FakeTensorMode()

    def fake(tensor: torch.Tensor) -> torch.Tensor:
        return FakeTensor(mode, tensor.detach().to("meta"), accelerator)

    def faked(placed):
        tensors = {name: fake(getattr(placed, name)) for name in ("slot", "mask", "order", "start")}
        return replace(placed, **tensors)

    sides = replace(
        sides,
        source=fake(sides.source).requires_grad_(),
        target=fake(sides.target).requires_grad_(),
        source_blocks=faked(sides.source_blocks),
        target_blocks=faked(sides.target_blocks),
        source_distance=fake(sides.source_distance),
        target_distance=fake(sides.target_distance),
        context=fake(sides.context),
    )
    weights = {name: nn.Parameter(fake(value)) for name, value in aligner.named_parameters()}
    buffers = {name: fake(value) for name, value in aligner.named_buffers()}
    with mode:
        alignment = torch.func.functional_call(aligner, {**weights, **buffers}, (sides,))
        loss = alignment.plan.square().sum() + alignment.loss
        assert loss.device.type == "sim"
        leaves = [sides.source, sides.target, *weights.values()]
        gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
        assert all(gradient is None or gradient.device.type == "sim" for gradient in gradients)
        for leaf, gradient in zip(leaves, gradients, strict=True):
            leaf.grad = gradient
        torch.optim.AdamW(leaves, foreach=False).step()
