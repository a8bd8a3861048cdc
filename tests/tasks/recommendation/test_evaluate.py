"""Ranking scores against a dense ranking with explicit loops, and their groups, masks and errors."""

import math
from itertools import pairwise

import pytest
import torch

from mmgraph.data.recommendation import InteractionTable
from mmgraph.errors import InputError
from mmgraph.metrics.ranking import RANKING_METRICS
from mmgraph.models.recommendation import Embedded, RecommendationGraph
from mmgraph.tasks.recommendation.evaluate import evaluate_ranking

USERS, ITEMS = 40, 60


def table(pairs):
    users, items = (torch.tensor(column, dtype=torch.long) for column in zip(*pairs, strict=True))
    return InteractionTable(users, items)


def drawn(share, items=ITEMS, seed=0):
    mask = torch.rand(USERS, ITEMS, generator=torch.Generator().manual_seed(seed)) < share
    mask[:, items:] = False
    return InteractionTable(*mask.nonzero().T)


@pytest.fixture
def world():
    """Some users without held-out items; the last five items are cold; held-out pairs that are masked too."""
    train = drawn(0.2, ITEMS - 5, 1)
    graph = RecommendationGraph.of(train, USERS, ITEMS)
    held_out = drawn(0.06, seed=2)
    embedded = Embedded(torch.randn(USERS, 8), torch.randn(ITEMS, 8))
    return graph, train, held_out, embedded


def by_user(pairs):
    found = {}
    for user, item in zip(pairs.users.tolist(), pairs.items.tolist(), strict=True):
        found.setdefault(user, set()).add(item)
    return found


def oracle(embedded, train, held_out, k, wanted=None, among=None, also_seen=None):
    """Recall and NDCG of each user, with sorted lists and loops."""
    score = (embedded.users @ embedded.items.T).tolist()
    masked = by_user(train)
    if also_seen is not None:
        masked = {u: masked.get(u, set()) | by_user(also_seen).get(u, set()) for u in range(len(score))}
    values = {}
    for user, items in sorted(by_user(held_out).items()):
        relevant = items if wanted is None else items & wanted
        if not relevant:
            continue
        allowed = set(range(ITEMS) if among is None else among) - masked.get(user, set())
        best = sorted(allowed, key=lambda item: (-score[user][item], item))[:k]
        hits = [item in relevant for item in best]
        gain = sum(hit / math.log2(place + 2) for place, hit in enumerate(hits))
        ideal = sum(1 / math.log2(place + 2) for place in range(min(k, len(relevant))))
        values[user] = (sum(hits) / len(relevant), gain / ideal)
    return values


def check(scores, prefix, k, expected):
    for place, name in enumerate(("recall", "ndcg")):
        values = torch.tensor([value[place] for value in expected.values()], dtype=torch.float64)
        assert torch.allclose(scores.per_user(f"{prefix}{name}@{k}"), values)
        assert scores[f"{prefix}{name}@{k}"] == pytest.approx(float(values.mean()))


@pytest.mark.parametrize("k", [1, 10, 20])
def test_scores_are_those_of_sorted_lists_and_loops(world, k):
    graph, train, held_out, embedded = world
    scores = evaluate_ranking(embedded, graph, held_out, [k])
    expected = oracle(embedded, train, held_out, k)
    assert scores.overall.users.tolist() == list(expected)
    assert len(expected) < USERS
    check(scores, "", k, expected)


def test_cold_items_are_ranked_among_all_and_among_themselves(world):
    graph, train, held_out, embedded = world
    cold = set(range(ITEMS - 5, ITEMS))
    scores = evaluate_ranking(embedded, graph, held_out, [3])
    check(scores, "cold.", 3, oracle(embedded, train, held_out, 3, cold))
    check(scores, "cold_only.", 3, oracle(embedded, train, held_out, 3, cold, cold))
    assert scores["cold_only.recall@3"] > scores["cold.recall@3"]


def test_which_items_are_cold_can_be_said(world):
    graph, train, held_out, embedded = world
    chosen = torch.rand(ITEMS) < 0.3
    chosen[-5:] = True
    cold = set(chosen.nonzero()[:, 0].tolist())
    scores = evaluate_ranking(embedded, graph, held_out, [5], cold=chosen)
    check(scores, "cold.", 5, oracle(embedded, train, held_out, 5, cold))
    check(scores, "cold_only.", 5, oracle(embedded, train, held_out, 5, cold, cold))
    count = torch.bincount(train.items, minlength=ITEMS).masked_fill(chosen, 0).tolist()
    for number, items in quintiles(count).items():
        check(scores, f"popularity.q{number + 1}.", 5, oracle(embedded, train, held_out, 5, items))


def quintiles(count):
    """Items in groups of about a fifth of the interactions each, the rarest first."""
    before, groups = 0, {}
    for item in sorted((item for item in range(ITEMS) if count[item]), key=lambda item: (count[item], item)):
        groups.setdefault(5 * before // sum(count), set()).add(item)
        before += count[item]
    return groups


def test_what_is_also_seen_is_masked_everywhere(world):
    graph, train, held_out, embedded = world
    also = drawn(0.3, seed=3)
    cold = set(range(ITEMS - 5, ITEMS))
    scores = evaluate_ranking(embedded, graph, held_out, [6], also_seen=also)
    check(scores, "", 6, oracle(embedded, train, held_out, 6, also_seen=also))
    check(scores, "cold_only.", 6, oracle(embedded, train, held_out, 6, cold, cold, also))
    assert scores["recall@6"] != evaluate_ranking(embedded, graph, held_out, [6])["recall@6"]


def test_groups_of_popularity_share_interactions_and_their_recalls_are_those_of_their_items(world):
    graph, train, held_out, embedded = world
    count = torch.bincount(train.items, minlength=ITEMS).tolist()
    scores = evaluate_ranking(embedded, graph, held_out, [10])
    groups = quintiles(count)
    assert len(groups) == 5
    for number, items in groups.items():
        assert abs(sum(count[item] for item in items) - len(train) / 5) <= max(count)
        check(scores, f"popularity.q{number + 1}.", 10, oracle(embedded, train, held_out, 10, items))


def test_groups_of_activity_have_a_fifth_of_the_users_each_and_their_mean_is_the_whole(world):
    graph, train, held_out, embedded = world
    scores = evaluate_ranking(embedded, graph, held_out, [10])
    groups = [scores.groups[f"activity.q{number}"] for number in range(1, 6)]
    degree = torch.bincount(train.users, minlength=USERS)
    for less, more in pairwise(groups):
        assert int(degree[less.users].max()) <= int(degree[more.users].min())
    sizes = [len(group.users) for group in groups]
    assert max(sizes) - min(sizes) <= 1
    assert torch.equal(torch.cat([group.users for group in groups]).sort().values, scores.overall.users)
    values = torch.cat([group.values["recall@10"] for group in groups])
    assert float(values.mean()) == pytest.approx(scores["recall@10"])


def test_the_order_and_repetition_of_pairs_changes_nothing(world):
    graph, _, held_out, embedded = world
    again = InteractionTable.joined([held_out, held_out])[torch.randperm(2 * len(held_out))]
    also = drawn(0.1, seed=4)
    shuffled = InteractionTable.joined([also, also])[torch.randperm(2 * len(also))]
    expected = evaluate_ranking(embedded, graph, held_out, also_seen=also).as_dict()
    assert evaluate_ranking(embedded, graph, again, also_seen=shuffled).as_dict() == expected


def test_a_held_out_item_that_is_masked_is_not_found():
    graph = RecommendationGraph.of(table([(0, 0), (0, 1)]), 1, 3)
    embedded = Embedded(torch.ones(1, 1), torch.tensor([[3.0], [2.0], [1.0]]))
    scores = evaluate_ranking(embedded, graph, table([(0, 0), (0, 2)]), [1, 3])
    assert scores["recall@1"] == scores["recall@3"] == 0.5
    assert scores["mrr@3"] == 1


def test_lists_longer_than_the_catalogue_keep_their_names_and_end_early():
    graph = RecommendationGraph.of(table([(0, 0), (1, 1)]), 2, 3)
    embedded = Embedded(torch.ones(2, 1), torch.tensor([[3.0], [2.0], [1.0]]))
    scores = evaluate_ranking(embedded, graph, table([(0, 2), (1, 0)]), [20])
    assert scores["recall@20"] == 1
    assert scores["precision@20"] == 1 / 20
    assert scores["coverage@20"] == 1
    assert scores["cold_only.mrr@20"] == 1


def test_of_equal_scores_a_drawn_order_decides_and_it_is_always_the_same():
    graph = RecommendationGraph.of(table([(0, 0)]), 200, 50)
    embedded = Embedded(torch.zeros(200, 4), torch.randn(50, 4))
    # Every user holds out one item of the first half, which a model that knows only numbers would put first.
    held_out = table([(user, 1 + user % 24) for user in range(1, 200)])
    scores = evaluate_ranking(embedded, graph, held_out, [10])
    assert 0 < scores["recall@10"] < 0.4
    assert evaluate_ranking(embedded, graph, held_out, [10]).as_dict() == scores.as_dict()
    # By number, the first ten would be all of these.
    first = table([(user, 1 + user % 9) for user in range(1, 200)])
    assert evaluate_ranking(embedded, graph, first, [10])["recall@10"] < 0.5
    # All that are cold: the same lists, for those who hold out a cold one.
    assert scores["cold_only.recall@10"] == pytest.approx(scores["cold.recall@10"], abs=0.1)


def test_the_quick_way_gives_the_same_and_only_what_was_asked_for(world):
    graph, _, held_out, embedded = world
    whole = evaluate_ranking(embedded, graph, held_out).as_dict()
    quick = evaluate_ranking(embedded, graph, held_out, [20], groups=False, metrics=["recall"]).as_dict()
    assert quick == {"recall@20": whole["recall@20"]}


def test_the_flat_names_are_these(world):
    graph, _, held_out, embedded = world
    found = evaluate_ranking(embedded, graph, held_out, [5]).as_dict()
    quintiles = [f"{kind}.q{number}" for kind in ("popularity", "activity") for number in range(1, 6)]
    assert set(found) == {
        *(f"{group}{name}@5" for group in ("", "cold.", "cold_only.") for name in RANKING_METRICS),
        *(f"{group}.{name}@5" for group in quintiles for name in ("recall", "ndcg")),
        *(f"{name}@5" for name in ("coverage", "popularity", "novelty", "gini")),
    }
    assert all(isinstance(value, float) and math.isfinite(value) for value in found.values())


def test_a_group_without_held_out_items_has_no_scores():
    graph = RecommendationGraph.of(table([(0, 0), (1, 1), (1, 2)]), 2, 3)
    embedded = Embedded(torch.ones(2, 1), torch.ones(3, 1))
    for also_seen in (None, table([(1, 0)])):
        scores = evaluate_ranking(embedded, graph, table([(0, 1)]), [2], also_seen)
        assert "cold" not in scores.groups
        assert not any(name.startswith("cold") for name in scores.as_dict())


def test_an_interval_is_over_users(world):
    graph, _, held_out, embedded = world
    scores = evaluate_ranking(embedded, graph, held_out)
    found = scores.interval("popularity.q3.recall@10")
    assert found.count == len(scores.groups["popularity.q3"].users)
    assert found.low < found.mean < found.high
    assert found.mean == pytest.approx(scores["popularity.q3.recall@10"])


def test_vectors_of_inference_mode_are_scored_too(world):
    graph, _, held_out, embedded = world
    with torch.inference_mode():
        copied = Embedded(embedded.users.clone(), embedded.items.clone())
        inside = evaluate_ranking(copied, graph, held_out).as_dict()
    expected = evaluate_ranking(embedded, graph, held_out).as_dict()
    assert evaluate_ranking(copied, graph, held_out).as_dict() == expected == inside


def test_bad_input_raises(world):
    graph, _, held_out, embedded = world
    with pytest.raises(InputError, match="no held-out interactions"):
        evaluate_ranking(embedded, graph, held_out[:0])
    with pytest.raises(InputError, match=r"ks=\[0, 5\]: expected lengths of at least 1"):
        evaluate_ranking(embedded, graph, held_out, [0, 5])
    with pytest.raises(InputError, match="no metric 'auc'"):
        evaluate_ranking(embedded, graph, held_out, metrics=["auc"])
    broken = Embedded(embedded.users, embedded.items.clone().index_fill_(0, torch.tensor([3]), math.nan))
    with pytest.raises(InputError, match="NaN or infinite"):
        evaluate_ranking(broken, graph, held_out)
    scores = evaluate_ranking(embedded, graph, held_out)
    for name in ("recall@7", "warm.recall@10", "auc"):
        with pytest.raises(InputError, match="there is no score"):
            scores[name]
