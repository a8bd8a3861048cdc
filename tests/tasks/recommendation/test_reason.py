"""Reasons against scores that are computed by hand, once with everything and once without each thing."""

from dataclasses import replace

import pytest
import torch

from mmgraph.data.recommendation import InteractionTable, ItemFeatures, Knowledge, Preferences
from mmgraph.data.recommendation.preferences import MODALITIES
from mmgraph.models.recommendation import (
    Embedded,
    ItemGraph,
    LightGCNRecommender,
    RecommendationGraph,
    make_recommender,
)
from mmgraph.tasks.recommendation import (
    Connection,
    Recommendation,
    RecommendationSource,
    RecommenderBudget,
    load_recommendations,
)
from mmgraph.tasks.recommendation.reason import MOST, reasons
from tests.models.recommendation.world import ITEMS, USERS, light, neighbours, rated, world
from tests.tasks.recommendation.small import trained


def edges(pairs):
    return torch.tensor(pairs, dtype=torch.long).view(-1, 2).T


def graph_of(pairs, num_users=4, num_items=5, similar=(), **options):
    users, items = edges(pairs)
    near = {name: ItemGraph.of(edges(joined), num_items) for name, joined in similar}
    return RecommendationGraph.of(
        InteractionTable(users, items), num_users, num_items, similar=near, **options
    )


class Linear:
    """Items are what they look and sound like and whom they are near; users the sum of what they chose."""

    def __call__(self, graph):
        items = torch.cat([one.x for one in graph.features.values()], 1)
        for one in graph.similar.values():
            items = items + one.propagate(items)
        return Embedded((rated(graph) @ items.double()).float(), items)

    def loss(self, graph, batch):
        return {}


def linear(chosen, parts, joined=()):
    """The same by hand: `chosen` as `[U, I]`, features as `[I, D]` parts, item graphs as matrices."""
    items = torch.cat([part.double() for part in parts], 1)
    for matrix in joined:
        items = items + matrix @ items
    users = chosen @ items
    return users / users.norm(dim=1, keepdim=True).clamp(min=1e-12) @ items.T


@pytest.mark.parametrize("user", [0, 3, 7])
def test_shares_are_what_the_score_loses_without_each_part(user):
    graph = world(torch.float32)
    items = [1, 8, 10]
    parts = {name: one.x for name, one in graph.features.items()}
    joined = {name: neighbours(one) for name, one in graph.similar.items()}
    whole = linear(rated(graph), parts.values(), joined.values())[user, items]
    lost = {"interactions": whole}
    for name in parts:
        left = [x if other != name else 0 * x for other, x in parts.items()]
        near = [matrix if other != name else 0 * matrix for other, matrix in joined.items()]
        lost[name] = whole - linear(rated(graph), left, near)[user, items]
    found = reasons(Linear(), graph, user, items)
    for place, reason in enumerate(found):
        assert reason.shares.keys() == {"image", "audio", "interactions"}
        for name, share in reason.shares.items():
            assert share == pytest.approx(float(lost[name][place] / whole[place].abs()), abs=1e-4)
        most = max(("image", "audio"), key=lambda name: reason.shares[name])
        assert reason.speaks == (most if reason.shares[most] > 0 else None)


def gcn(graph):
    torch.manual_seed(0)
    return LightGCNRecommender(graph, dim=3, layers=2).double()


def dense_scores(model, graph, chosen, user):
    """LightGCN's scores by a dense matrix, of the user at length one, with other interactions."""
    pairs = InteractionTable(*chosen.nonzero().T)
    left = world(torch.float64, pairs)
    users, items = light(left, model.users, model.items, 2).split([USERS, ITEMS])
    return (users[user] / users[user].norm() @ items.T).detach()


def test_interactions_that_are_taken_away_change_lightgcn_as_a_dense_matrix_without_them():
    graph, user, items = world(), 2, [0, 5, 11]
    model = gcn(graph)
    chosen = rated(graph)
    whole = dense_scores(model, graph, chosen, user)[items]
    own = chosen[user].nonzero()[:, 0].tolist()
    assert len(own) > 2

    def fall(gone):
        less = chosen.clone()
        less[user, gone] = 0
        return (whole - dense_scores(model, graph, less, user)[items]) / whole.abs()

    everything, alone = fall(own), torch.stack([fall([item]) for item in own])
    for place, reason in enumerate(reasons(model, graph, user, items)):
        assert reason.shares["interactions"] == pytest.approx(float(everything[place]), abs=1e-6)
        assert reason.because == own[int(alone[:, place].argmax())]
        assert reason.fall == pytest.approx(float(alone[:, place].max()), abs=1e-6)
        assert reason.shares["image"] == reason.shares["audio"] == 0
        assert reason.speaks is None


def test_a_modality_of_our_model_falls_silent_as_if_no_item_had_it():
    graph = world(torch.float32)
    torch.manual_seed(0)
    model = make_recommender("aligned", graph, dim=4).eval()
    none = torch.zeros(2, 0, dtype=torch.long)
    silent = {}
    for name, one in graph.features.items():
        gone = ItemFeatures(torch.zeros_like(one.x), torch.zeros(ITEMS, dtype=torch.bool))
        left = replace(
            graph,
            features={**graph.features, name: gone},
            similar={**graph.similar, name: ItemGraph.of(none, ITEMS)},
        )
        silent[name] = left

    def score(left):
        found = model(left)
        return float((found.items[4] @ found.users[1] / found.users[1].norm()).detach())

    (reason,) = reasons(model, graph, 1, [4])
    for name, left in silent.items():
        expected = (score(graph) - score(left)) / abs(score(graph))
        assert reason.shares[name] == pytest.approx(expected, abs=1e-5)


def test_a_user_without_interactions_has_no_item_that_spoke():
    graph = world()
    model = gcn(graph)
    (reason,) = reasons(model, graph, USERS - 1, [3])
    assert reason.because is None
    assert reason.path is None
    assert reason.fall == 0
    assert reason.shares["interactions"] == 0


def test_a_user_whose_vector_is_zero_has_shares_of_zero():
    graph = world()
    model = gcn(graph)
    with torch.no_grad():
        model.users[-1] = 0
    (reason,) = reasons(model, graph, USERS - 1, [3])
    assert set(reason.shares.values()) == {0.0}
    assert reason.speaks is None


def test_no_items_have_no_reasons_and_nothing_is_kept():
    graph = world()
    model = gcn(graph)
    assert reasons(model, graph, 0, []) == []
    assert all(weight.grad is None for weight in model.parameters())


def test_a_negative_score_has_positive_shares_of_what_raised_it():
    graph = graph_of([(0, 0)], features={"image": features([[1.0], [-2.0], [0.5], [0.0], [0.0]])})
    (reason,) = reasons(Linear(), graph, 0, [1])
    assert reason.shares["interactions"] == pytest.approx(-1)
    assert reason.shares["image"] == pytest.approx(-1)
    assert reason.speaks is None


def features(rows):
    return ItemFeatures.of(torch.tensor(rows), torch.ones(len(rows), dtype=torch.bool))


class Plain:
    """Every item suits every user alike who chose item 0, and less who did not."""

    def __call__(self, graph):
        chose = rated(graph)[:, :1].float()
        users = torch.cat([chose, torch.ones_like(chose)], 1)
        return Embedded(users, torch.tensor([[1.0, 0.0]]).expand(graph.num_items, 2))

    def loss(self, graph, batch):
        return {}


def path(graph, item=1, user=0):
    (reason,) = reasons(Plain(), graph, user, [item])
    assert reason.because == 0
    return reason.path


def test_two_items_are_joined_by_the_modality_in_which_either_is_near_the_other():
    chosen = [(0, 0), (0, 2)]
    for joined in ([(0, 1)], [(1, 0)]):
        assert path(graph_of(chosen, similar=[("image", []), ("audio", joined)])) == Connection("audio")
    both = [("image", [(0, 1)]), ("audio", [(0, 1)])]
    assert path(graph_of(chosen, similar=both)).relation == "image"


def test_the_modality_that_speaks_is_the_path_where_it_is_one():
    rows = {"image": [[0.0]] * 5, "audio": [[1.0]] * 5}
    known = {name: features(one) for name, one in rows.items()}
    joined = [("image", [(0, 1)]), ("audio", [(0, 1)])]
    graph = graph_of([(0, 0)], similar=joined, features=known)
    (reason,) = reasons(Linear(), graph, 0, [1])
    assert (reason.speaks, reason.path) == ("audio", Connection("audio"))
    only_image = graph_of([(0, 0)], similar=[("image", [(0, 1)]), ("audio", [])], features=known)
    (reason,) = reasons(Linear(), only_image, 0, [1])
    assert (reason.speaks, reason.path) == ("audio", Connection("image"))


def test_two_items_are_joined_by_those_who_chose_both_the_pickiest_first():
    pairs = [(0, 0), (1, 0), (1, 1), (1, 2), (1, 3), (2, 0), (2, 1), (3, 1), (3, 4)]
    assert path(graph_of(pairs)) == Connection("users", (2, 1))


def test_a_modality_that_lowers_the_score_is_the_path_only_where_nobody_else_chose_both():
    rows = {"image": features([[1.0], [-6.0], [0.0], [0.0], [0.0]]), "audio": features([[2.0]] * 5)}
    joined = [("image", [(0, 1)]), ("audio", [])]
    for pairs, expected in (
        ([(0, 0), (1, 0), (1, 1)], Connection("users", (1,))),
        ([(0, 0)], Connection("image")),
    ):
        graph = graph_of(pairs, similar=joined, features=rows)
        (reason,) = reasons(Linear(), graph, 0, [1])
        assert reason.shares["image"] < 0 < reason.shares["audio"]
        assert reason.path == expected


def test_nobody_else_and_no_likeness_is_no_path():
    assert path(graph_of([(0, 0), (1, 1), (2, 0), (2, 3)])) is None
    assert path(graph_of([(0, 0), (0, 1)]), item=1) is None


TRIPLES = [
    ("e0", "genre", "Drama"),
    ("e1", "genre", "Drama"),
    ("e2", "genre", "Drama"),
    ("e0", "directed_by", "Jane"),
    ("e1", "directed_by", "Jane"),
    ("Bob", "acted_in", "e0"),
    ("Bob", "acted_in", "e1"),
    ("Ann", "acted_in", "e0"),
    ("Ann", "acted_in", "e2"),
    ("e1", "genre", "War"),
]


def known(item_ids=("0", "1", "2", "3", "4")):
    return Knowledge.of(TRIPLES, {"0": "e0", "1": "e1", "2": "e2"}, item_ids)


def test_items_that_share_facts_are_joined_by_them_the_rarest_first():
    graph = graph_of([(0, 0)], similar=[("knowledge", [(0, 1), (0, 2), (0, 3)])], knowledge=known())
    assert path(graph, 1) == Connection(
        "knowledge", facts=("directed_by: Jane", "acted_in of: Bob", "genre: Drama")
    )
    assert path(graph, 2) == Connection("knowledge", facts=("acted_in of: Ann", "genre: Drama"))
    assert path(graph, 3) == Connection("knowledge")


def test_neighbours_by_facts_without_the_facts_themselves_have_no_names():
    graph = graph_of([(0, 0)], similar=[("knowledge", [(0, 1)])])
    assert path(graph) == Connection("knowledge")


def test_shared_facts_have_a_share_and_can_speak():
    rows = features([[1.0], [1.0], [1.0], [1.0], [1.0]])
    graph = graph_of([(0, 0)], similar=[("knowledge", [(0, 1)])], features={"image": rows}, knowledge=known())
    (reason,) = reasons(Linear(), graph, 0, [1])
    assert reason.shares == pytest.approx({"image": 1.0, "knowledge": 0.5, "interactions": 1.0})


def test_of_very_many_items_the_first_ones_are_taken_away():
    pairs = [(0, item) for item in range(MOST + 9)]
    seen = []

    class Counting(Plain):
        def __call__(self, graph):
            seen.append(int(rated(graph)[0].sum()))
            return super().__call__(graph)

    reasons(Counting(), graph_of(pairs, num_items=MOST + 10), 0, [MOST + 9])
    assert seen == [MOST + 9, 0, *[MOST + 8] * MOST]


def test_what_speaks_agrees_with_the_taste_that_the_world_was_drawn_from(tmp_path):
    """A third of the pairs would by chance, and 45 % at most by naming one modality always."""
    source = RecommendationSource(preferences=Preferences(300, 150))
    budget = RecommenderBudget(epochs=8, validate_every=8, batch_size=512, learning_rate=0.03)
    found = load_recommendations(trained(tmp_path, Recommendation(source, budget)))
    pairs = [(user, one) for user in range(20) for one in found.recommend(user, 10)]
    users, items = (torch.tensor(column) for column in zip(*((u, one.item) for u, one in pairs), strict=True))
    truth = source.preferences.truth.speaks(users, items).tolist()
    agree = [one.reason.speaks == MODALITIES[place] for (_, one), place in zip(pairs, truth, strict=True)]
    assert max(truth.count(place) for place in range(3)) < 0.45 * len(truth)
    assert sum(agree) / len(agree) > 0.6
