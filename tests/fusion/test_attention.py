import torch

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


def test_one_modality_alone_is_its_projection():
    fusion, pooled, present = example()
    for name in NAMES:
        present[name][:2] = name == "segment"
    out = fusion(pooled, present)
    assert torch.allclose(out[0], fusion.project[2](pooled["segment"][0]), atol=1e-12)
    assert fusion.weights(pooled, present)[0].tolist() == [0.0, 0.0, 1.0]
