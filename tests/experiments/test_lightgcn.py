"""The benchmark of LightGCN, cut small."""

import json

import torch

from experiments.benchmarks import lightgcn


def test_interactions_are_different_pairs_listed_by_user():
    index = lightgcn.interactions(50, 30, 400)
    assert index.shape == (2, 400)
    assert torch.equal(index[0], index[0].sort().values)
    assert torch.unique(index, dim=1).shape == (2, 400)
    assert bool((index.amax(1) < torch.tensor([50, 30])).all())
    degree = torch.bincount(index[0], minlength=50).sort(descending=True).values
    assert int(degree[:10].sum()) > 2 * int(degree[-10:].sum())


def test_all_sides_agree_and_the_figures_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(lightgcn, "INTERACTIONS", 20_000)
    monkeypatch.setattr(lightgcn, "rates", lambda rounds: {"machine.copy_gb_s": 10.0})
    lightgcn.main(quick=True, json=str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    peers = ("pyg", "csr", "dgl")
    assert set(found) == {
        *(f"lightgcn.speedup_{peer}" for peer in peers),
        *(f"lightgcn.memory_ratio_{peer}" for peer in peers),
        "lightgcn.peak_mib",
        "lightgcn.sorting",
        "lightgcn.share_of_copy_rate",
        "lightgcn.share_of_sums",
    }
    assert all(value > 0 for value in found.values())
