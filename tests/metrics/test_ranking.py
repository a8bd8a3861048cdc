"""Ranking metrics against values of RecBole, ir-measures, and cases counted by hand."""

import math
from itertools import product

import ir_measures
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.metrics.ranking import RANKING_METRICS, ranking_metrics

HITS = torch.tensor(
    [[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]], dtype=torch.bool
)
RELEVANT = torch.tensor([2, 3, 4, 9, 1])
RECBOLE = {
    "recall": (0.12222222, 0.36666667, 0.71111111),
    "ndcg": (0.4, 0.49008841, 0.61344263),
    "precision": (0.4, 0.46666667, 0.48),
    "hit": (0.4, 0.6, 0.8),
    "mrr": (0.4, 0.5, 0.54),
    "map": (0.4, 0.44444444, 0.5425),
}
"""What the classes of recbole.evaluator.metrics, version 1.2.1, give for these at 1, 3 and 5."""

IR_MEASURES = {
    "recall": ir_measures.R,
    "ndcg": ir_measures.nDCG,
    "precision": ir_measures.P,
    "hit": ir_measures.Success,
    "mrr": ir_measures.RR,
    "ap": ir_measures.AP,
}


def ir_measures_of(hits, relevant, ks):
    """The same lists as documents: r0, r1, ... are relevant, and no others."""
    judged, lists = {}, {}
    for user, (row, count) in enumerate(zip(hits.tolist(), relevant.tolist(), strict=True)):
        judged[f"u{user}"] = {f"r{number}": 1 for number in range(count)}
        found = iter(range(count))
        names = [f"r{next(found)}" if hit else f"x{place}" for place, hit in enumerate(row)]
        lists[f"u{user}"] = {name: float(-place) for place, name in enumerate(names)}
    measures = {metric @ k: f"{name}@{k}" for (name, metric), k in product(IR_MEASURES.items(), ks)}
    values = {name: torch.zeros(len(hits), dtype=torch.float64) for name in measures.values()}
    for result in ir_measures.iter_calc(list(measures), judged, lists):
        values[measures[result.measure]][int(result.query_id[1:])] = result.value
    return values


@pytest.mark.parametrize("name", list(RECBOLE))
def test_the_means_are_recbole_s(name):
    found = ranking_metrics(HITS, RELEVANT, (1, 3, 5))
    for k, expected in zip((1, 3, 5), RECBOLE[name], strict=True):
        assert float(found[f"{name}@{k}"].mean()) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("share", [0.05, 0.4, 0.9])
def test_each_user_s_values_are_those_of_ir_measures(share):
    hits = torch.rand(60, 20) < share
    relevant = hits.sum(1) + torch.randint(1, 30, (60,))
    found, ks = ranking_metrics(hits, relevant, (1, 5, 10, 20)), (1, 5, 10, 20)
    for name, values in ir_measures_of(hits, relevant, ks).items():
        assert torch.allclose(found[name], values, atol=1e-9), name


def test_a_case_counted_by_hand():
    found = {
        name: float(value)
        for name, value in ranking_metrics(
            torch.tensor([[False, True, True]]), torch.tensor([4]), (2, 3)
        ).items()
    }
    log3, log4 = math.log2(3), math.log2(4)
    assert found["recall@3"] == 2 / 4
    assert found["precision@3"] == pytest.approx(2 / 3)
    assert found["hit@2"] == 1
    assert found["mrr@3"] == 1 / 2
    assert found["ndcg@2"] == pytest.approx((1 / log3) / (1 + 1 / log3))
    assert found["ndcg@3"] == pytest.approx((1 / log3 + 1 / log4) / (1 + 1 / log3 + 1 / log4))
    assert found["map@3"] == pytest.approx((1 / 2 + 2 / 3) / 3)
    assert found["ap@3"] == pytest.approx((1 / 2 + 2 / 3) / 4)


def test_map_and_ap_differ_only_for_users_with_more_than_k_relevant_items():
    hits = torch.rand(50, 10) < 0.5
    relevant = hits.sum(1) + torch.randint(1, 15, (50,))
    found = ranking_metrics(hits, relevant, [10])
    few = relevant <= 10
    assert torch.equal(found["map@10"][few], found["ap@10"][few])
    assert bool((found["map@10"] >= found["ap@10"]).all())
    assert not torch.equal(found["map@10"], found["ap@10"])


def test_a_list_full_of_hits_is_best_and_one_without_is_zero():
    full = ranking_metrics(torch.ones(1, 5, dtype=torch.bool), torch.tensor([5]), [5])
    none = ranking_metrics(torch.zeros(1, 5, dtype=torch.bool), torch.tensor([5]), [5])
    assert all(float(value) == pytest.approx(1) for value in full.values())
    assert all(float(value) == 0 for value in none.values())


def test_a_hit_moved_forward_never_makes_a_value_lower():
    relevant = torch.tensor([3])
    for place in range(1, 6):
        hits = torch.zeros(1, 6, dtype=torch.bool)
        hits[0, place] = True
        later = ranking_metrics(hits, relevant, (2, 6))
        earlier = ranking_metrics(hits.roll(-1, 1), relevant, (2, 6))
        assert all(bool((earlier[name] >= later[name]).all()) for name in later)


def test_users_do_not_mix():
    together = ranking_metrics(HITS, RELEVANT, (1, 4))
    for user in range(len(HITS)):
        alone = ranking_metrics(HITS[user : user + 1], RELEVANT[user : user + 1], (1, 4))
        assert all(torch.equal(together[name][user : user + 1], alone[name]) for name in alone)


def test_only_the_metrics_asked_for_are_computed():
    assert list(ranking_metrics(HITS, RELEVANT, (2, 3), ["ndcg"])) == ["ndcg@2", "ndcg@3"]
    assert len(ranking_metrics(HITS, RELEVANT, (2, 3))) == 2 * len(RANKING_METRICS)


def test_no_users_give_no_values():
    found = ranking_metrics(HITS[:0], RELEVANT[:0], [3])
    assert all(value.shape == (0,) for value in found.values())


@pytest.mark.parametrize("ks", [[], [0], [6], [2, 6]])
def test_a_length_outside_the_lists_raises(ks):
    with pytest.raises(InputError, match="for lists of 5: expected lengths from 1"):
        ranking_metrics(HITS, RELEVANT, ks)


def test_a_user_without_relevant_items_and_an_unknown_metric_raise():
    with pytest.raises(InputError, match="without a relevant item: leave such users out"):
        ranking_metrics(HITS, torch.tensor([2, 0, 4, 9, 1]), [3])
    with pytest.raises(InputError, match="no metric 'auc': expected some of recall, ndcg"):
        ranking_metrics(HITS, RELEVANT, [3], ["recall", "auc"])
