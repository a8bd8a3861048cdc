"""The benchmark of recommendation at scale, cut small."""

import json

import pytest
import torch

from experiments.benchmarks import recommendation_scale as scale

TINY = scale.Size(300, 90, 3_000)


def test_interactions_are_different_pairs_listed_by_user_and_uneven():
    table = scale.interactions(TINY)
    assert len(table) == TINY.edges
    table.check_within(TINY.users, TINY.items)
    assert torch.equal(table.users, table.users.sort().values)
    assert torch.unique(table.edge_index, dim=1).shape == (2, TINY.edges)
    for ends, nodes in ((table.users, TINY.users), (table.items, TINY.items)):
        degree = torch.bincount(ends, minlength=nodes).sort(descending=True).values
        assert int(degree[: nodes // 10].sum()) > TINY.edges / 4
    assert torch.equal(table.items, scale.interactions(TINY).items)


@pytest.mark.parametrize("name", list(scale.WAYS))
def test_each_way_trains_and_ranks(name):
    cost = scale.measure(TINY, scale.WAYS[name])
    assert min(cost.build_seconds, cost.step_seconds, cost.rank_seconds) > 0
    assert cost.peak >= cost.train


def test_a_billion_interactions_fit_the_indices_and_more_than_two_do_not():
    largest = max(size.edges for size in scale.COMPUTED.values())
    assert largest == 10**9 < 2**31


def test_computed_memory_grows_with_nodes_and_edges_and_rows_need_less():
    billion = scale.COMPUTED["billion"]
    assert max(scale.computed(billion, scale.WAYS["rows"])) < max(scale.computed(billion, scale.WAYS["full"]))
    for way in scale.WAYS.values():
        small, large = (max(scale.computed(size, way)) for size in (scale.MEASURED["large"], billion))
        assert small < large <= 100 * small


def test_the_table_and_the_figures_are_written(tmp_path, monkeypatch, capsys):
    cost = scale.Cost(1e9, 2e9, 1.5e9, 3.0, 0.5, 4.0, 100)
    monkeypatch.setattr(scale, "measure", lambda size, way: cost)
    scale.main(quick=True, json=str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["scale.large.full.peak_gb"] == 2
    assert found["scale.billion.full.computed_step_s"] == pytest.approx(0.5 * 10**9 / 10**5)
    assert found["scale.billion.rows.computed_step_s"] == 0.5
    assert all(value > 0 for value in found.values())
    rows = [row for row in capsys.readouterr().out.splitlines() if row.startswith("|")]
    assert len(rows) == 2 + 3 * (len(scale.MEASURED) + len(scale.COMPUTED))
    assert len({row.count("|") for row in rows}) == 1
