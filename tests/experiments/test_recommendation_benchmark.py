"""The benchmark of recommendation: its parts that rank, cut small, and how sections are chosen."""

import json
from types import SimpleNamespace

import pytest
import torch

from experiments.benchmarks import recommendation, recommendation_ranking


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(recommendation_ranking, "USERS", 3000)
    monkeypatch.setattr(recommendation_ranking, "ITEMS", 2000)
    monkeypatch.setattr(recommendation_ranking, "INTERACTIONS", 50_000)


def test_both_rank_the_same_and_the_figures_are_written(small, tmp_path):
    recommendation.main(quick=True, json=str(tmp_path / "found.json"), only=["ranking"])
    found = json.loads((tmp_path / "found.json").read_text())
    names = ("speedup_dense", "memory_ratio_dense", "share_of_matmul", "peak_mib")
    assert set(found) == {f"ranking.{name}" for name in names}
    assert all(value > 0 for value in found.values())


def test_lists_that_are_not_the_best_are_noticed():
    users, items = torch.randn(4, 3), torch.randn(9, 3)
    best = (users @ items.T).topk(2, dim=1)
    recommendation_ranking.check_equal(users, items, tuple(best), tuple(best))
    other = best.values, (best.indices + 1) % 9
    with pytest.raises(AssertionError):
        recommendation_ranking.check_equal(users, items, other, tuple(best))


def test_the_product_alone_covers_all_users():
    users, items = torch.randn(recommendation_ranking.TOGETHER + 3, 4), torch.randn(5, 4)
    held = torch.zeros(recommendation_ranking.TOGETHER, 5)
    recommendation_ranking.product(users, items, held)
    assert torch.allclose(held[:3], users[-3:] @ items.T)


def test_all_sections_run_in_turn_and_their_figures_are_put_together(tmp_path, monkeypatch):
    def section(name):
        short = name.removeprefix("experiments.benchmarks.recommendation_")
        return SimpleNamespace(figures=lambda quick: {f"{short}.quick": float(quick)})

    monkeypatch.setattr(recommendation, "import_module", section)
    recommendation.main(quick=True, json=str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    assert found == {f"{name}.quick": 1.0 for name in ("epoch", "negatives", "ranking", "item_graph")}
