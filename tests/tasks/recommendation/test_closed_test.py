"""Nothing of the test split is read before it is opened: not by training, nor by what picks weights."""

import pytest
import torch

from mmgraph.data.recommendation import InteractionTable, Preferences, RecommendationData
from mmgraph.errors import InputError
from mmgraph.tasks.recommendation import Recommendation, RecommendationSource, RecommenderBudget

WORLD = Preferences(num_users=60, num_items=40)


def task():
    budget = RecommenderBudget(epochs=2, batch_size=256, learning_rate=0.01)
    return Recommendation(data=RecommendationSource(preferences=WORLD), budget=budget)


def with_test(data, test):
    return RecommendationData(data.catalogue, data.train, data.validation, test, name=data.name)


def give(monkeypatch, data):
    monkeypatch.setattr(RecommendationSource, "load", lambda self, cache=None: data)


def trained(folder):
    one = task()
    one.prepare("train", folder)
    scores = dict(one.train("lightgcn", 0, folder, folder / "run"))
    scores = {
        name: value for name, value in scores.items() if "cpu_seconds" not in name and "peak" not in name
    }
    return scores, (folder / "run" / "model.safetensors").read_bytes()


def test_training_and_validation_never_open_the_test_split(tmp_path, monkeypatch):
    data = WORLD.data

    def opened(self):
        raise AssertionError("the test split was opened")

    give(monkeypatch, data)
    monkeypatch.setattr(RecommendationData, "open_test", opened)
    scores, _ = trained(tmp_path)
    assert any(name.startswith("recall@") for name in scores)
    with pytest.raises(AssertionError, match="was opened"):
        task().test("lightgcn", 0, tmp_path, tmp_path / "run")


def test_weights_and_validation_scores_are_the_same_whatever_the_test_split_is(tmp_path, monkeypatch):
    data = WORLD.data
    test = data.open_test()
    others = {
        "given": test,
        "flipped": InteractionTable(test.users.flip(0), test.items.flip(0) * 0 + 1),
        "none": None,
    }
    found = {}
    for name, other in others.items():
        give(monkeypatch, with_test(data, other))
        (tmp_path / name).mkdir()
        found[name] = trained(tmp_path / name)
    assert found["given"] == found["flipped"] == found["none"]


def test_the_test_split_is_scored_with_its_own_pairs_and_validation_masked(tmp_path, monkeypatch):
    data = WORLD.data
    give(monkeypatch, data)
    trained(tmp_path)
    opened = task().test("lightgcn", 0, tmp_path, tmp_path / "run")
    give(monkeypatch, with_test(data, data.validation))
    # All of it is masked, so nothing of it can be found.
    assert task().test("lightgcn", 0, tmp_path, tmp_path / "run")["recall@20"] == 0
    assert opened["recall@20"] > 0


def test_without_a_test_split_a_comparison_that_wants_it_ends_before_it_trains(tmp_path, monkeypatch):
    give(monkeypatch, with_test(WORLD.data, None))
    with pytest.raises(InputError, match="no test part at hand"):
        task().prepare("test", tmp_path)


def test_what_is_printed_of_the_data_shows_nothing_of_the_test_split():
    data = WORLD.data
    test = data.open_test()
    shown = repr(data)
    assert "test" not in shown
    assert torch.equal(test.users, data.open_test().users)
