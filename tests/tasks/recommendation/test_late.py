"""Late fusion against cosines that are taken pair by pair, each model on a graph that was cut by hand."""

from dataclasses import replace

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.models.recommendation import RecommendationGraph, Resampling, make_recommender
from mmgraph.tasks.recommendation.late import LateRecommender
from mmgraph.tasks.recommendation.train import RecommenderBudget, train_recommender
from mmgraph.training import Run
from tests.models.recommendation.world import ITEMS, USERS, batch, interactions, rated
from tests.tasks.recommendation.small import known_world


def late(graph, name="aligned", **options):
    torch.manual_seed(0)
    return LateRecommender(graph, lambda alone: make_recommender(name, alone, dim=4, **options))


def cut(graph, name):
    """What a model of a single modality reads."""
    own = {name: graph.features[name]}
    return RecommendationGraph(graph.interactions, own, {name: graph.similar[name]})


def cosine(first, second):
    first, second = first.detach(), second.detach()
    return float((first @ second) / (first.norm() * second.norm()).clamp(min=1e-12))


@pytest.mark.parametrize("name", ["aligned", "freedom", "vbpr"])
def test_a_score_is_the_mean_of_the_cosines_of_the_parts(name):
    graph = known_world()
    model = late(graph, name)
    found = model(graph)
    scores = (found.users @ found.items.T).detach()
    parts = [own(cut(graph, modality)) for modality, own in model.alone.items()]
    assert len(parts) == 2
    for user in range(USERS):
        for item in range(ITEMS):
            expected = sum(cosine(part.users[user], part.items[item]) for part in parts) / 2
            assert float(scores[user, item]) == pytest.approx(expected, abs=1e-5)


def test_the_terms_of_the_loss_are_those_of_each_part_by_modality():
    graph, some = known_world(), batch()
    model = late(graph, "freedom")
    terms = model.loss(graph, some)
    expected = {
        f"{modality}.{term}": value
        for modality, own in model.alone.items()
        for term, value in own.loss(cut(graph, modality), some).items()
    }
    assert set(terms) == {f"{m}.{term}" for m in ("image", "audio") for term in ("bpr", f"bpr.{m}", "decay")}
    assert all(torch.equal(terms[term], expected[term]) for term in expected)


def test_a_part_learns_nothing_of_the_other_modality():
    graph, some = known_world(), batch()
    model = late(graph)
    other = dict(graph.features)
    other["audio"] = replace(other["audio"], x=torch.randn_like(other["audio"].x))
    changed = replace(graph, features=other)
    before, after = model.loss(graph, some), model.loss(changed, some)
    for term, value in before.items():
        assert torch.equal(value, after[term]) == (term.startswith("image") or term == "audio.decay")


def test_items_that_lack_a_modality_are_ranked_by_the_other_one():
    graph = known_world()
    found = late(graph, "vbpr")(graph)
    assert found.items.isfinite().all()
    assert found.users.isfinite().all()
    assert not graph.features["image"].present.all()


def test_a_single_modality_is_its_own_model_ranked_by_cosines():
    graph = cut(known_world(), "image")
    model = late(graph)
    own, found = model.alone["image"](graph), model(graph)
    order = (found.users @ found.items.T).argsort(1)
    assert torch.equal(order, (own.users @ own.items.T).argsort(1))


def test_all_parts_train_on_the_same_thinned_out_interactions():
    graph = known_world()
    model = late(graph, drop=0.5)
    assert isinstance(model, Resampling)
    own = model.training_graph(graph, torch.Generator().manual_seed(0))
    assert own.interactions.csr.num_edges == len(interactions()) - round(0.5 * len(interactions()))
    assert bool((rated(own) <= rated(graph)).all())
    assert own.features is graph.features
    assert own.similar is graph.similar
    part = model.alone["image"].training_graph(cut(graph, "image"), torch.Generator().manual_seed(0))
    assert torch.equal(rated(own), rated(part))


def test_parts_that_do_not_resample_train_on_the_whole_graph():
    graph = known_world()
    assert late(graph, "vbpr").training_graph(graph, torch.Generator()) is graph


@pytest.mark.parametrize("name", ["aligned", "lattice"])
def test_it_is_trained_like_any_other(name, tmp_path):
    graph, train = known_world(), interactions()
    model = late(graph, name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    budget = RecommenderBudget(epochs=1, batch_size=16)
    train_recommender(model, graph, train, lambda: 0.0, budget, Run(tmp_path, {}), 0)
    for modality in ("image", "audio"):
        assert not torch.equal(model.alone[modality].users, before[f"alone.{modality}.users"])


def test_without_features_there_is_nothing_to_fuse():
    graph = RecommendationGraph.of(interactions(), USERS, ITEMS)
    with pytest.raises(InputError, match="late fusion needs features of the items, and the graph has none"):
        late(graph)
