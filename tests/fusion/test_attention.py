import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.fusion import AttentionFusion

NAMES = ("region", "token", "segment")


def example(batch=4):
    fusion = AttentionFusion(NAMES, 6).double()
    pooled = {name: torch.randn(batch, 6, dtype=torch.float64) for name in NAMES}
    present = {name: torch.ones(batch, dtype=torch.bool) for name in NAMES}
    return fusion, pooled, present


def test_fusion_equals_the_formula_by_hand():
    fusion, pooled, present = example(1)
    rows = [f(pooled[n][0]) for f, n in zip(fusion.project, NAMES, strict=True)]
    weight = torch.stack([fusion.score(row.tanh())[0] for row in rows]).softmax(0)
    expected = sum(w * row for w, row in zip(weight, rows, strict=True))
    assert torch.allclose(fusion(pooled, present)[0], expected, atol=1e-12)


@pytest.mark.parametrize("value", [0.0, 1e30, float("nan"), float("inf")])
def test_an_absent_modality_changes_nothing_whatever_its_values(value):
    fusion, pooled, present = example()
    present["token"][1] = False
    before = fusion(pooled, present)
    pooled["token"][1] = value
    assert torch.equal(before, fusion(pooled, present))
    assert fusion.weights(pooled, present)[1, 1] == 0
    fusion(pooled, present).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in fusion.parameters())


def test_one_modality_alone_is_its_projection_and_none_is_zero():
    fusion, pooled, present = example()
    for name in NAMES:
        present[name][:2] = name == "segment"
        present[name][2] = False
    out = fusion(pooled, present)
    assert torch.allclose(out[0], fusion.project[2](pooled["segment"][0]), atol=1e-12)
    assert torch.equal(out[2], torch.zeros(6, dtype=torch.float64))


def test_the_order_of_the_dict_is_irrelevant():
    fusion, pooled, present = example()
    turned = dict(reversed(pooled.items()))
    assert torch.equal(fusion(pooled, present), fusion(turned, present))


def test_every_weight_is_registered_and_trains():
    fusion, pooled, present = example()
    fusion(pooled, present).pow(2).sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in fusion.project.parameters())
    assert float(fusion.score.weight.grad.abs().sum()) > 0


def test_errors_name_what_is_missing():
    fusion, pooled, present = example()
    del pooled["token"]
    with pytest.raises(InputError, match="'token' is not there"):
        fusion(pooled, present)
    with pytest.raises(InputError, match="name at least one"):
        AttentionFusion((), 4)
