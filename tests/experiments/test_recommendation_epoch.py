"""The benchmark of learning: the sides do the same, and its figures, cut small."""

import pytest
import torch

from experiments.benchmarks import recommendation_epoch, recommendation_negatives
from experiments.benchmarks.lightgcn import interactions
from experiments.benchmarks.recommendation_epoch import Ours, check_equal, dgl, pyg
from mmgraph.data.recommendation import InteractionTable

USERS, ITEMS, COUNT = 60, 40, 500


def sides():
    edge_index = interactions(USERS, ITEMS, COUNT)
    train = InteractionTable(edge_index[0].contiguous(), edge_index[1].contiguous())
    width = recommendation_epoch.WIDTH
    tables = torch.randn(USERS, width), torch.randn(ITEMS, width)
    ours = Ours(train, *tables)
    found = {"ours": ours.side(), "pyg": pyg(edge_index, *tables)}
    return train, ours, found, edge_index, tables


def test_pyg_learns_the_same():
    train, ours, found, *_ = sides()
    check_equal(found, ours.draw(train.users[:100], train.items[:100]))


def test_dgl_learns_the_same():
    pytest.importorskip("dgl")
    train, ours, found, edge_index, tables = sides()
    check_equal(found | {"dgl": dgl(edge_index, *tables)}, ours.draw(train.users[:100], train.items[:100]))


def test_a_side_that_learns_something_else_is_noticed():
    train, ours, found, edge_index, (users, items) = sides()
    batch = ours.draw(train.users[:100], train.items[:100])
    with pytest.raises(AssertionError, match="pyg"):
        check_equal(found | {"pyg": pyg(edge_index, users, items + 0.1)}, batch)


def test_a_step_changes_every_sides_weights():
    train, _, found, *_ = sides()
    for side in found.values():
        before = [table.detach().clone() for table in side.tables]
        side.step(train.users[:50], train.items[:50])
        assert not any(torch.equal(*pair) for pair in zip(before, side.tables, strict=True))


@pytest.fixture
def small(monkeypatch):
    for module in (recommendation_epoch, recommendation_negatives):
        monkeypatch.setattr(module, "USERS", 10 * USERS)
        monkeypatch.setattr(module, "ITEMS", 10 * ITEMS)
        monkeypatch.setattr(module, "INTERACTIONS", 10 * COUNT)
    monkeypatch.setattr(recommendation_epoch, "BATCH", 1000)
    monkeypatch.setattr(recommendation_epoch, "SMALL_BATCH", 500)


def test_the_figures_of_an_epoch(small):
    pytest.importorskip("dgl")
    found = recommendation_epoch.figures(quick=True)
    parts = ("propagation", "negatives", "loss", "optimizer")
    speedups = ("speedup_pyg", "speedup_dgl", "speedup_pyg_2048", "speedup_dgl_2048")
    names = (*speedups, "seconds", "peak_mib", *(f"share_of_{part}" for part in parts))
    assert set(found) == {f"epoch.{name}" for name in names}
    assert all(value > 0 for value in found.values())


def test_the_figures_of_negatives(small):
    found = recommendation_negatives.figures(quick=True)
    names = ("speedup_sets", "speedup_matrix", "memory_ratio_sets", "memory_ratio_matrix", "memory_mib")
    assert set(found) == {f"negatives.{name}" for name in names}
    assert all(value > 0 for value in found.values())
