"""Lists against a sorted dense ranking; new users and items land where those like them are."""

import pytest
import torch
from torch.nn.functional import normalize

from mmgraph.data.recommendation import Knowledge, Preferences
from mmgraph.errors import InputError
from mmgraph.models.recommendation import RECOMMENDERS, RecommendationGraph, make_recommender
from mmgraph.tasks.recommendation import (
    ModelSettings,
    Recommendation,
    Recommendations,
    RecommendationSource,
    RecommenderBudget,
    load_recommendations,
)
from mmgraph.tasks.recommendation.reason import reasons
from tests.tasks.recommendation.small import WORLD, trained

SOURCE = RecommendationSource(preferences=Preferences(120, 60, interactions=12), neighbours=5)
TWINS = list(range(0, 60, 6))
"""Items that new ones have the features of."""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Our model, after some epochs."""
    budget = RecommenderBudget(epochs=10, validate_every=10, batch_size=512, learning_rate=0.02)
    task = Recommendation(SOURCE, budget, {"aligned": ModelSettings({"dim": 16})})
    torch.manual_seed(0)
    return load_recommendations(trained(tmp_path_factory.mktemp("run"), task))


def untrained(name="aligned", data=None, **options):
    """Any model with new weights, on the small world."""
    data = WORLD.data if data is None else data
    source = RecommendationSource(preferences=WORLD, neighbours=3)

    def build(catalogue, interactions):
        own = type(data)(catalogue, interactions, data.validation, None)
        return source.graph(own)

    def make(graph):
        torch.manual_seed(0)
        return make_recommender(name, graph, **({} if name == "popularity" else {"dim": 4}), **options).eval()

    model = make(build(data.catalogue, data.train))
    return Recommendations(model, make, build, data.catalogue, data.train)


def features(known, items):
    return {name: one.x[items] for name, one in known.catalogue.features.items()}


def weights(found):
    return {name: value.clone() for name, value in found.model.state_dict().items()}


@pytest.mark.parametrize("user", [0, 17, 119])
def test_the_list_is_the_sorted_ranking_without_what_the_user_chose(found, user):
    scores = (found.embedded.users[user] @ found.embedded.items.T).tolist()
    chosen = set(found.interactions.items[found.interactions.users == user].tolist())
    order = sorted(set(range(60)) - chosen, key=lambda item: -scores[item])
    got = found.recommend(user, 7, why=False)
    assert [one.item for one in got] == order[:7]
    assert [one.score for one in got] == pytest.approx([scores[item] for item in order[:7]], abs=1e-5)
    assert [one.title for one in got] == [f"item {item}" for item in order[:7]]
    assert all(one.reason is None for one in got)


def test_a_user_may_be_named_and_the_list_ends_where_nothing_is_left(found):
    assert found.recommend("user 3", 4, why=False) == found.recommend(3, 4, why=False)
    chosen = int((found.interactions.users == 3).sum())
    assert len(found.recommend(3, 1000, why=False)) == 60 - chosen


def test_the_reasons_are_those_of_the_model_and_its_graph(found):
    got = found.recommend(5, 3)
    assert [one.reason for one in got] == reasons(found.model, found.graph, 5, [one.item for one in got])
    assert {"image", "text", "audio", "interactions"} == set(got[0].reason.shares)


@pytest.mark.parametrize(
    ("user", "k", "message"),
    [
        (120, 3, "there is no user 120: expected 0 to 119"),
        (-1, 3, "there is no user -1"),
        ("nobody", 3, "there is no user 'nobody'"),
        (0, 0, "recommend got k=0: expected at least 1"),
    ],
)
def test_a_user_that_is_not_there_and_an_empty_list_are_errors(found, user, k, message):
    with pytest.raises(InputError, match=message):
        found.recommend(user, k)


def test_a_new_item_lies_nearest_to_the_one_whose_features_it_has(found):
    more = found.with_items(features(found, TWINS), [f"new {item}" for item in TWINS])
    items = normalize(more.embedded.items, dim=1)
    cosine = items[60:] @ items[:60].T
    assert cosine.argmax(1).tolist() == TWINS
    assert float(cosine.gather(1, torch.tensor(TWINS)[:, None]).mean()) > 0.8 > float(cosine.mean()) + 0.5


def test_items_that_were_known_stay_about_where_they_were(found):
    more = found.with_items(features(found, TWINS), [f"new {item}" for item in TWINS])
    cosine = (normalize(found.embedded.items, dim=1) * normalize(more.embedded.items[:60], dim=1)).sum(1)
    assert float(cosine.min()) > 0.9


def test_a_new_item_is_recommended_by_its_name_to_those_whose_taste_it_meets(found):
    liked = found.recommend(4, 1, why=False)[0].item
    more = found.with_items(features(found, [liked]), ["a new film"])
    assert more.catalogue.num_items == 61
    assert "a new film" in [one.title for one in more.recommend(4, 5, why=False)]


def test_a_new_user_gets_about_the_list_of_one_who_chose_the_same(found):
    starts, items = found.graph.seen
    users = range(0, 120, 10)
    chosen = {f"twin {u}": items[int(starts[u]) : int(starts[u + 1])].tolist() for u in users}
    more = found.with_users(chosen)
    assert more.catalogue.num_users == 120 + len(users)
    shared, other = [], []
    for user in users:
        lists = [
            {one.item for one in more.recommend(who, 10, why=False)}
            for who in (user, f"twin {user}", (user + 7) % 120)
        ]
        shared.append(len(lists[0] & lists[1]))
        other.append(len(lists[2] & lists[1]))
    assert sum(shared) / len(shared) > 6
    assert sum(shared) > 1.5 * sum(other)


def test_a_new_user_is_not_recommended_what_was_chosen(found):
    more = found.with_users({"Ann": [1, 2, 2, 5], "Bob": []})
    titles = {one.item for one in more.recommend("Ann", 100, why=False)}
    assert titles == set(range(60)) - {1, 2, 5}
    assert len(more.recommend("Bob", 100, why=False)) == 60
    assert more.recommend("Ann", 1)[0].reason.because in {1, 2, 5}
    (reason,) = [one.reason for one in more.recommend("Bob", 1)]
    assert (reason.because, reason.path) == (None, None)


def test_users_and_items_can_be_added_one_after_the_other(found):
    more = found.with_items(features(found, [3]), ["new"]).with_users({"Ann": [60, 3]})
    assert (more.catalogue.num_users, more.catalogue.num_items) == (121, 61)
    assert 60 not in {one.item for one in more.recommend("Ann", 100, why=False)}


def test_trained_vectors_are_untouched_and_new_ones_are_zeros(found):
    before, lists = weights(found), [found.recommend(user, 5, why=False) for user in range(5)]
    more = found.with_items(features(found, [1, 2]), ["x", "y"])
    many = found.with_users({"Ann": [1]})
    for name, value in found.model.state_dict().items():
        assert torch.equal(value, before[name])
        for grown in (more, many):
            own = grown.model.state_dict()[name]
            assert torch.equal(own[: len(value)] if value.dim() else own, value)
    assert not more.model.items[60:].any()
    assert not many.model.users[120:].any()
    assert not more.model.training
    assert lists == [found.recommend(user, 5, why=False) for user in range(5)]
    assert found.catalogue.num_items == 60


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_every_recommender_takes_new_users_and_items(name):
    known = untrained(name)
    more = known.with_items(features(known, [0, 1]), ["x", "y"]).with_users({"Ann": [0, 3], "Bob": []})
    assert more.embedded.items.shape[0] == known.catalogue.num_items + 2
    assert more.embedded.users.isfinite().all()
    assert len(more.recommend("Ann", 3)) == 3


def test_an_item_may_lack_modalities_by_name_by_zeros_or_by_a_flag():
    known = untrained()
    x = features(known, known.catalogue.features["image"].present.nonzero()[:2, 0].tolist())
    empty = x["text"].clone()
    empty[1] = 0
    flags = {"image": torch.tensor([False, True])}
    more = known.with_items({"image": x["image"], "text": empty}, ["x", "y"], flags).catalogue.features
    assert more["image"].present[-2:].tolist() == [False, True]
    assert not more["image"].x[-2].any()
    assert not more["text"].present[-1]
    assert not more["audio"].present[-2:].any()
    for name, one in known.catalogue.features.items():
        assert torch.equal(more[name].x[:-2], one.x)
        assert torch.equal(more[name].present[:-2], one.present)


def test_titles_and_facts_grow_along():
    names = WORLD.data.catalogue.item_ids
    knowledge = Knowledge.of(
        [("e0", "by", "Ann"), ("e1", "by", "Ann")], {names[0]: "e0", names[1]: "e1"}, names
    )
    catalogue = WORLD.data.catalogue
    titled = type(catalogue)(
        catalogue.user_ids,
        names,
        catalogue.features,
        titles=tuple(f"The {name}" for name in names),
        knowledge=knowledge,
    )
    known = untrained(data=WORLD.data.with_catalogue(titled))
    more = known.with_items(features(known, [0]), ["x"])
    assert "knowledge" in more.graph.similar
    assert more.catalogue.title(30) == "x"
    assert more.catalogue.title(0) == f"The {names[0]}"
    assert more.catalogue.knowledge.item_entity.tolist() == [*knowledge.item_entity.tolist(), -1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: ({}, ["item 4"]), "with_items got 'item 4', which is an item already"),
        (lambda x: ({}, ["x", "x"]), "the item 'x' twice"),
        (
            lambda x: ({"smell": torch.ones(1, 2)}, ["x"]),
            r"features of 'smell', but the model knows \['audio',",
        ),
        (
            lambda x: ({"image": x[:, 1:]}, ["x"]),
            r"got image features \[1, 63\] for 1 items: expected \[1, 64\]",
        ),
        (
            lambda x: ({"image": x}, ["x", "y"]),
            r"got image features \[1, 64\] for 2 items: expected \[2, 64\]",
        ),
        (lambda x: ({"image": x / 0}, ["x"]), "features of item 0 are not finite"),
        (
            lambda x: ({"image": x[[0, 0]]}, ["x"], {"image": torch.ones(2).bool()}),
            r"present\['image'\] of \[2\]",
        ),
        (lambda x: ({"image": x}, ["x"], {"text": torch.ones(1).bool()}), r"present\['text'\] of \[1\]"),
        (lambda x: ({"image": x}, ["x"], {"smell": torch.ones(1).bool()}), r"features here: \['image'\]"),
    ],
)
def test_items_that_cannot_be_added_are_refused(change, message):
    known = untrained()
    with pytest.raises(InputError, match=message):
        known.with_items(*change(torch.ones(1, 64)))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"user 3": [1]}, "with_users got 'user 3', who is a user already"),
        ({"Ann": [1, 30]}, "with_users got item 30: expected 0 to 29"),
        ({"Ann": [-1]}, "with_users got item -1"),
    ],
)
def test_users_that_cannot_be_added_are_refused(chosen, message):
    with pytest.raises(InputError, match=message):
        untrained().with_users(chosen)


def test_nothing_new_changes_nothing():
    known = untrained()
    for same in (known.with_users({}), known.with_items({}, [])):
        assert torch.equal(same.embedded.items, known.embedded.items)
        assert isinstance(same.graph, RecommendationGraph)
