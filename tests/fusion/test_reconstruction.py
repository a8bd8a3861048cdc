from copy import deepcopy
from typing import get_args

import jaxtyping
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from mmgraph.errors import InputError
from mmgraph.fusion import AttentionFusion, Reconstruction, ReconstructionKind
from tests.fusion.every_fusion import NAMES, WIDTH, example_input

KINDS = pytest.mark.parametrize("kind", get_args(ReconstructionKind))


def made(kind: str, dtype: torch.dtype = torch.float64, **options) -> Reconstruction:
    """In evaluation, with every number in it moved at random."""
    reconstruction = Reconstruction(NAMES, WIDTH, kind, **options).to(dtype).eval()
    random = torch.Generator().manual_seed(1)
    for value in (*reconstruction.parameters(), *reconstruction.buffers()):
        if value.is_floating_point():
            value.data.add_(0.3 * torch.randn(value.shape, generator=random, dtype=dtype))
    return reconstruction


def prediction(reconstruction: Reconstruction, pooled, i: int, target: int, others: set[int]) -> torch.Tensor:
    """What "predict" says of a modality of sample i from some others, by hand."""
    guess = reconstruction.guess
    parts = [pooled[n][i] if m in others else guess.stand_in.vector[m] for m, n in enumerate(NAMES)]
    return guess.heads[target](torch.nn.functional.gelu(guess.trunk[0](torch.cat(parts))))


def there(present, i: int) -> set[int]:
    return {m for m, name in enumerate(NAMES) if bool(present[name][i])}


@KINDS
def test_what_is_present_stays_and_all_is_present_afterwards(kind):
    pooled, present = example_input()
    filled, after = made(kind)(pooled, present)
    assert list(filled) == list(after) == list(NAMES)
    for name in NAMES:
        assert bool(after[name].all())
        assert torch.equal(filled[name][present[name]], pooled[name][present[name]])
        assert bool((filled[name][~present[name]] != pooled[name][~present[name]]).all())


@KINDS
@pytest.mark.parametrize("value", [0.0, 1e30, float("nan"), float("inf")])
@pytest.mark.parametrize("training", [True, False])
def test_the_values_of_what_is_missing_never_matter(kind, value, training):
    pooled, present = example_input()
    spoiled = {name: row.masked_fill(~present[name][:, None], value) for name, row in pooled.items()}
    first = made(kind).train(training)
    second = deepcopy(first)
    before = torch.stack([*first(pooled, present)[0].values()])
    leaves = {name: row.requires_grad_() for name, row in spoiled.items()}
    after = torch.stack([*second(leaves, present)[0].values()])
    assert torch.equal(before, after)
    loss = second.loss(leaves, present)
    assert torch.equal(first.loss(pooled, present), loss)
    (after.square().sum() + loss).backward()
    for name, leaf in leaves.items():
        assert float(leaf.grad[~present[name]].abs().sum()) == 0
        assert bool(torch.isfinite(leaf.grad).all())
    for value in second.state_dict().values():
        assert bool(torch.isfinite(value).all())


def test_the_mean_is_that_of_all_vectors_seen_in_training():
    reconstruction = Reconstruction(NAMES, WIDTH, "mean", momentum=0.0).double()
    seen = {name: [] for name in NAMES}
    for batch in (7, 3, 5):
        pooled, present = example_input(batch)
        pooled = {name: row + batch for name, row in pooled.items()}
        reconstruction(pooled, present)
        for name in NAMES:
            seen[name].append(pooled[name][present[name]])
    expected = torch.stack([torch.cat(seen[name]).mean(0) for name in NAMES])
    assert torch.allclose(reconstruction.guess.mean, expected, atol=1e-12)
    filled, _ = reconstruction.eval()(pooled, present)
    assert torch.allclose(filled["segment"][0], expected[2], atol=1e-12)
    assert torch.allclose(reconstruction.guess.mean, expected, atol=1e-12)


def test_with_momentum_a_late_batch_counts_as_much_as_that():
    reconstruction = Reconstruction(("image",), 1, "mean", momentum=0.4)
    here = {"image": torch.tensor([True])}
    means = []
    for value in (8.0, 4.0, 1.0, 1.0):
        reconstruction({"image": torch.tensor([[value]])}, here)
        means.append(float(reconstruction.guess.mean))
    assert means == pytest.approx([8.0, 6.0, 4.0, 2.8])


def test_a_batch_that_lacks_a_modality_does_not_move_its_mean():
    reconstruction = Reconstruction(("image", "text"), 2, "mean", momentum=0.5)
    pooled = {name: torch.ones(3, 2) for name in ("image", "text")}
    here = {"image": torch.ones(3, dtype=torch.bool), "text": torch.zeros(3, dtype=torch.bool)}
    filled, _ = reconstruction(pooled, here)
    assert reconstruction.guess.mean.tolist() == [[1, 1], [0, 0]]
    assert filled["text"].tolist() == [[0, 0]] * 3
    reconstruction({name: value[:0] for name, value in pooled.items()}, {n: h[:0] for n, h in here.items()})
    assert reconstruction.guess.mean.tolist() == [[1, 1], [0, 0]]


def test_the_loss_does_not_move_the_mean():
    reconstruction = made("mean").train()
    before = {name: value.clone() for name, value in reconstruction.state_dict().items()}
    reconstruction.loss(*example_input())
    for name, value in reconstruction.state_dict().items():
        assert torch.equal(value, before[name])


def test_the_token_is_the_same_for_every_sample():
    reconstruction = made("token")
    pooled, present = example_input()
    filled, _ = reconstruction(pooled, present)
    for m, name in enumerate(NAMES):
        missing = filled[name][~present[name]]
        assert torch.equal(missing, reconstruction.guess.vector[m].expand_as(missing))


def test_the_prediction_is_that_of_the_network_by_hand():
    reconstruction = made("predict", hidden=5)
    pooled, present = example_input()
    filled, _ = reconstruction(pooled, present)
    for i in range(7):
        for m in {0, 1, 2} - there(present, i):
            expected = prediction(reconstruction, pooled, i, m, there(present, i))
            assert torch.allclose(filled[NAMES[m]][i], expected, atol=1e-12)


def test_the_loss_predicts_each_present_modality_from_the_others_by_hand():
    reconstruction = made("predict", hidden=5)
    pooled, present = example_input()
    errors = []
    for i in range(7):
        for m in there(present, i):
            if others := there(present, i) - {m}:
                guessed = prediction(reconstruction, pooled, i, m, others)
                errors.append((guessed - pooled[NAMES[m]][i]).square().mean())
    assert len(errors) == 9
    assert torch.allclose(reconstruction.loss(pooled, present), torch.stack(errors).mean(), atol=1e-12)


@KINDS
def test_the_loss_is_zero_where_samples_have_one_modality_only(kind):
    pooled, present = example_input()
    alone = {name: torch.full((7,), name == "token") for name in NAMES}
    assert float(made(kind).loss(pooled, alone)) == 0
    empty = [{name: value[:0] for name, value in given.items()} for given in (pooled, present)]
    assert float(made(kind).loss(*empty)) == 0


def test_what_is_predicted_gets_no_gradient_of_the_loss():
    reconstruction = made("predict")
    pooled, _ = example_input()
    both = {name: torch.full((7,), name != "segment") for name in NAMES}
    for head in (0, 2):
        nn.init.zeros_(reconstruction.guess.heads[head].weight)
    leaves = {name: value.requires_grad_() for name, value in pooled.items()}
    reconstruction.loss(leaves, both).backward()
    # Only "token" is predicted from anything, and it is so from "region".
    assert float(leaves["region"].grad.abs().sum()) > 0
    assert float(leaves["token"].grad.abs().sum()) == 0


def test_training_on_the_loss_makes_a_predictable_modality_known():
    torch.manual_seed(0)
    reconstruction = Reconstruction(("image", "text"), 4, "predict", hidden=32)
    turn = torch.linalg.qr(torch.randn(4, 4))[0]
    image = torch.randn(64, 4)
    pooled = {"image": image, "text": image @ turn}
    present = {name: torch.ones(64, dtype=torch.bool) for name in pooled}
    start = float(reconstruction.loss(pooled, present))
    optimizer = torch.optim.Adam(reconstruction.parameters(), lr=0.01)
    for _ in range(200):
        optimizer.zero_grad()
        reconstruction.loss(pooled, present).backward()
        optimizer.step()
    assert float(reconstruction.loss(pooled, present)) < 0.1 * start
    lacking = {**present, "text": ~present["text"]}
    filled, _ = reconstruction({**pooled, "text": torch.zeros(64, 4)}, lacking)
    assert float((filled["text"] - pooled["text"]).square().mean()) < 0.1


@pytest.mark.parametrize("kind", ["token", "predict"])
def test_every_weight_gets_a_gradient_from_the_filled_vectors_and_from_the_loss(kind):
    for use in ("filled", "loss"):
        reconstruction = made(kind)
        pooled, present = example_input()
        if use == "loss":
            reconstruction.loss(pooled, present).backward()
        else:
            torch.stack([*reconstruction(pooled, present)[0].values()]).square().sum().backward()
        for name, parameter in reconstruction.named_parameters():
            assert float(parameter.grad.abs().sum()) > 0, (use, name)


@KINDS
def test_gradients_are_those_of_finite_differences(kind):
    reconstruction = made(kind)
    pooled, present = example_input(3)

    def function(*values: torch.Tensor) -> torch.Tensor:
        return torch.stack([*reconstruction(dict(zip(NAMES, values, strict=True)), present)[0].values()])

    leaves = tuple(pooled[name].clone().requires_grad_() for name in NAMES)
    assert torch.autograd.gradcheck(function, leaves, fast_mode=True)


@KINDS
def test_a_fusion_behind_it_sees_all_modalities(kind):
    pooled, present = example_input()
    fusion = AttentionFusion(NAMES, WIDTH).double()
    weights = fusion.weights(*made(kind)(pooled, present))
    assert bool((weights > 0).all())


@KINDS
def test_a_state_dict_carries_everything(kind):
    first, second = made(kind), Reconstruction(NAMES, WIDTH, kind).double().eval()
    second.load_state_dict(first.state_dict())
    for one, other in zip(
        first(*example_input())[0].values(), second(*example_input())[0].values(), strict=True
    ):
        assert torch.equal(one, other)


@KINDS
def test_forward_backward_and_loss_never_wait_for_the_device(kind, accelerator):
    reconstruction = made(kind, torch.float32).train()
    mode = FakeTensorMode()

    def fake(tensor: torch.Tensor) -> torch.Tensor:
        return FakeTensor(mode, tensor.detach().to("meta"), accelerator)

    pooled, present = (
        {name: fake(value) for name, value in part.items()} for part in example_input(dtype=torch.float32)
    )
    state = {name: fake(value) for name, value in reconstruction.named_buffers()}
    weights = {name: nn.Parameter(fake(value)) for name, value in reconstruction.named_parameters()}
    leaves = [*weights.values(), *(value.requires_grad_() for value in pooled.values())]
    with mode:
        step = _Step(reconstruction)
        given = {f"reconstruction.{name}": value for name, value in {**weights, **state}.items()}
        out = torch.func.functional_call(step, given, (pooled, present))
        assert out.device.type == "sim"
        torch.autograd.grad(out, leaves, allow_unused=True)


class _Step(nn.Module):
    def __init__(self, reconstruction: Reconstruction) -> None:
        super().__init__()
        self.reconstruction = reconstruction

    def forward(self, pooled, present) -> torch.Tensor:
        filled, _ = self.reconstruction(pooled, present)
        return torch.stack([*filled.values()]).square().sum() + self.reconstruction.loss(pooled, present)


def test_an_unknown_kind_is_an_error(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match=r"kind='mode'\): expected one of \('mean', 'token', 'predict'\)"):
        Reconstruction(NAMES, WIDTH, "mode")


def test_wrong_arguments_are_errors():
    with pytest.raises(InputError, match=r"momentum=2.0\): expected 0 to 1"):
        Reconstruction(NAMES, WIDTH, momentum=2.0)
    with pytest.raises(InputError, match="name at least one"):
        Reconstruction((), WIDTH)
    pooled, present = example_input()
    with pytest.raises(InputError, match="sample 1 of the batch has no modality at all"):
        made("token")(pooled, {**present, "token": torch.zeros(7, dtype=torch.bool)})
