"""What holds for every public fusion, stated once. A fusion without an example fails here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

import mmgraph.fusion
import mmgraph.fusion.base
from mmgraph.errors import InputError
from tests.fusion.every_fusion import EXAMPLES, NAMES, NO_FUSIONS, WIDTH, Example, example_input

ROOT = Path(__file__).parent.parent.parent
ALL = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())
COUNTS = pytest.mark.parametrize("names", [NAMES[:1], NAMES[:2], NAMES, (*NAMES, "user")], ids=len)


def made(example: Example, names=NAMES, dtype: torch.dtype = torch.float64) -> nn.Module:
    """The fusion in evaluation, every weight moved at random: zeros would hide what they multiply."""
    fusion = example.make(names).to(dtype).eval()
    random = torch.Generator().manual_seed(1)
    for parameter in fusion.parameters():
        parameter.data.add_(0.3 * torch.randn(parameter.shape, generator=random, dtype=dtype))
    return fusion


def test_every_public_fusion_has_an_example():
    public = {
        name
        for name in mmgraph.fusion.__all__
        if isinstance(kind := getattr(mmgraph.fusion, name), type) and issubclass(kind, nn.Module)
    }
    assert public - NO_FUSIONS == {name.partition("(")[0] for name in EXAMPLES}


@ALL
@COUNTS
def test_any_number_of_modalities_gives_a_vector_of_each_sample(example, names):
    fusion = made(example, names)
    out = fusion(*example_input(2 ** len(names) - 1, names))
    assert out.shape == (2 ** len(names) - 1, WIDTH)
    assert bool(torch.isfinite(out).all())
    assert fusion.modalities == tuple(names)


@ALL
@pytest.mark.parametrize("value", [0.0, 1e30, float("nan"), float("inf")])
def test_an_absent_modality_changes_nothing_whatever_its_values(example, value):
    fusion = made(example)
    pooled, present = example_input()
    before = fusion(pooled, present)
    spoiled = {name: row.masked_fill(~present[name][:, None], value) for name, row in pooled.items()}
    leaves = {name: row.requires_grad_() for name, row in spoiled.items()}
    after = fusion(leaves, present)
    assert torch.equal(before, after)
    after.square().sum().backward()
    assert all(p.grad is None or bool(torch.isfinite(p.grad).all()) for p in fusion.parameters())
    for name, leaf in leaves.items():
        assert float(leaf.grad[~present[name]].abs().sum()) == 0


@ALL
def test_a_sample_gives_alone_what_it_gives_in_a_batch(example):
    fusion = made(example)
    pooled, present = example_input()
    together = fusion(pooled, present)
    for i in range(len(together)):
        alone = [{name: value[i : i + 1] for name, value in given.items()} for given in (pooled, present)]
        assert torch.allclose(fusion(*alone)[0], together[i], atol=1e-10)


@ALL
def test_a_modality_alone_works_and_is_read(example):
    fusion = made(example)
    for name in NAMES:
        pooled, _ = example_input(3)
        present = {other: torch.full((3,), other == name) for other in NAMES}
        before = fusion(pooled, present)
        assert bool(torch.isfinite(before).all())
        pooled[name] = pooled[name] + torch.randn(3, WIDTH, dtype=torch.float64)
        assert not torch.allclose(before, fusion(pooled, present))


@ALL
def test_the_order_of_the_dicts_is_irrelevant(example):
    fusion = made(example)
    pooled, present = example_input()
    turned = [dict(reversed(given.items())) for given in (pooled, present)]
    assert torch.equal(fusion(pooled, present), fusion(*turned))


@ALL
def test_every_weight_is_registered_and_gets_a_gradient(example):
    fusion = made(example)
    pooled, present = example_input()
    out = fusion({name: value.requires_grad_() for name, value in pooled.items()}, present)
    (out * torch.randn_like(out)).sum().backward()
    for name, parameter in fusion.named_parameters():
        if name in example.unread:
            continue
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().sum()) > 0, name
    moved = sum(p.numel() for p in fusion.parameters())
    tensors = [value for value in vars(fusion).values() if isinstance(value, torch.Tensor)]
    assert not tensors, f"{len(tensors)} tensors are no weights, beside {moved} numbers that are"


@ALL
@pytest.mark.parametrize("scale", [1e-6, 1e4])
def test_extreme_values_have_finite_outputs_and_gradients(example, scale):
    fusion = made(example, dtype=torch.float32)
    pooled, present = example_input(dtype=torch.float32)
    leaves = {name: (scale * value).requires_grad_() for name, value in pooled.items()}
    out = fusion(leaves, present)
    assert bool(torch.isfinite(out).all())
    (out / scale**0.5).sum().backward()
    gradients = [leaf.grad for leaf in leaves.values()] + [p.grad for p in fusion.parameters()]
    assert all(gradient is None or bool(torch.isfinite(gradient).all()) for gradient in gradients)


@ALL
def test_gradients_are_those_of_finite_differences(example):
    fusion = made(example)
    pooled, present = example_input(3)

    def function(*values: torch.Tensor) -> torch.Tensor:
        return fusion(dict(zip(NAMES, values, strict=True)), present)

    leaves = tuple(pooled[name].clone().requires_grad_() for name in NAMES)
    assert torch.autograd.gradcheck(function, leaves, fast_mode=True)


@ALL
def test_a_state_dict_carries_everything(example):
    first, second = made(example), example.make(NAMES).double().eval()
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(*example_input()), second(*example_input()))


@ALL
def test_a_sample_without_any_modality_is_an_error_that_names_it(example):
    fusion = made(example)
    pooled, present = example_input()
    for name in NAMES:
        present[name][4] = False
    with pytest.raises(InputError, match="sample 4 of the batch has no modality at all"):
        fusion(pooled, present)


@ALL
def test_such_a_sample_unseen_as_on_an_accelerator_is_finite_and_hurts_no_other(example, monkeypatch):
    fusion = made(example)
    pooled, present = example_input()
    before = fusion(pooled, present)
    present = {name: here.index_fill(0, torch.tensor([4]), False) for name, here in present.items()}
    monkeypatch.setattr(mmgraph.fusion.base, "check_some_present", lambda *_: None)
    leaves = {name: value.requires_grad_() for name, value in pooled.items()}
    out = fusion(leaves, present)
    assert bool(torch.isfinite(out).all())
    assert torch.allclose(out[torch.arange(7) != 4], before[torch.arange(7) != 4], atol=1e-12)
    out.square().sum().backward()
    gradients = [leaf.grad for leaf in leaves.values()] + [p.grad for p in fusion.parameters()]
    assert all(gradient is None or bool(torch.isfinite(gradient).all()) for gradient in gradients)


@ALL
def test_no_samples_give_no_vectors(example):
    fusion = made(example)
    pooled, present = example_input(0)
    out = fusion({name: value.requires_grad_() for name, value in pooled.items()}, present)
    assert out.shape == (0, WIDTH)
    out.sum().backward()
    assert all(p.grad is None or float(p.grad.abs().sum()) == 0 for p in fusion.parameters())


@ALL
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_short_floats_stay_short_and_near_the_long_ones(example, dtype):
    fusion = made(example, dtype=torch.float32)
    pooled, present = example_input(dtype=torch.float32)
    exact = fusion(pooled, present).detach()
    out = fusion.to(dtype)({name: value.to(dtype) for name, value in pooled.items()}, present)
    assert out.dtype == dtype
    assert bool(((out.float() - exact).abs() < 0.06 * exact.abs().max().clamp(min=1)).all())


@ALL
def test_autocast_stays_near_and_has_finite_gradients(example):
    fusion = made(example, dtype=torch.float32)
    pooled, present = example_input(dtype=torch.float32)
    leaves = {name: value.requires_grad_() for name, value in pooled.items()}
    exact = fusion(leaves, present).detach()
    with torch.autocast("cpu", torch.bfloat16):
        out = fusion(leaves, present)
    assert bool(((out.float() - exact).abs() < 0.06 * exact.abs().max().clamp(min=1)).all())
    (out * torch.randn_like(out)).sum().backward()
    assert all(float(leaf.grad.abs().sum()) > 0 for leaf in leaves.values())
    assert all(p.grad is not None and bool(torch.isfinite(p.grad).all()) for p in fusion.parameters())


@ALL
def test_other_modalities_than_it_was_made_for_are_errors(example):
    fusion = made(example)
    pooled, present = example_input()
    with pytest.raises(InputError, match="'token' is not there"):
        fusion({name: pooled[name] for name in ("region", "segment")}, present)
    with pytest.raises(InputError, match=r"presence of .* 'token' is not there"):
        fusion(pooled, {name: present[name] for name in ("region", "segment")})
    with pytest.raises(InputError, match="'item' is unknown"):
        fusion({**pooled, "item": pooled["token"]}, present)
    narrow = {name: value[:, 1:] for name, value in pooled.items()}
    with pytest.raises(InputError, match=rf"width {WIDTH} and got \[7, {WIDTH - 1}\] of 'region'"):
        fusion(narrow, present)
    with pytest.raises(InputError, match="name at least one"):
        example.make(())
    with pytest.raises(InputError, match="'token' twice"):
        example.make(("token", "region", "token"))


@ALL
def test_forward_backward_and_step_never_wait_for_the_device(example, accelerator):
    fusion = made(example, dtype=torch.float32)
    mode = FakeTensorMode()

    def fake(tensor: torch.Tensor) -> torch.Tensor:
        return FakeTensor(mode, tensor.detach().to("meta"), accelerator)

    given = example_input(dtype=torch.float32)
    pooled, present = ({name: fake(value) for name, value in part.items()} for part in given)
    weights = {name: nn.Parameter(fake(value)) for name, value in fusion.named_parameters()}
    buffers = {name: fake(value) for name, value in fusion.named_buffers()}
    leaves = [*weights.values()] or [value.requires_grad_() for value in pooled.values()]
    with mode:
        out = torch.func.functional_call(fusion, {**weights, **buffers}, (pooled, present))
        assert out.device.type == "sim"
        gradients = torch.autograd.grad(out.square().sum(), leaves, allow_unused=True)
        for leaf, gradient in zip(leaves, gradients, strict=True):
            leaf.grad = gradient
        torch.optim.AdamW(leaves, foreach=False).step()


@pytest.fixture(scope="module")
def faults():
    """What went wrong with each compiled fusion."""
    script = [sys.executable, "-m", "tests.fusion.compile_every_fusion"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", EXAMPLES)
def test_torch_compiles_it_without_a_break(name, faults):
    assert faults[name] == ""
