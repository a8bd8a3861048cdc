"""A run that is read back recommends as the model that was trained; what is no run is one clear line."""

import json
import shutil
import sys

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.tasks.recommendation import (
    ModelSettings,
    Recommendation,
    RecommendationSource,
    evaluate_ranking,
    load_recommendations,
)
from tests.tasks.recommendation.small import WORLD, small_task, trained, write_ml100k


def remembered(monkeypatch):
    """The models that are made from now on."""
    made, new = [], Recommendation.new
    monkeypatch.setattr(Recommendation, "new", lambda *given: made.append(new(*given)) or made[-1])
    return made


@pytest.mark.parametrize(
    "name", ["aligned", "popularity", "aligned:late", "lightgcn:shuffled", "aligned:only_image"]
)
def test_a_run_gives_the_vectors_of_the_model_in_memory(name, tmp_path, monkeypatch):
    made = remembered(monkeypatch)
    task = small_task()
    run = trained(tmp_path, task, name, seed=1)
    (model,) = made
    found = load_recommendations(run)
    assert found.model is not model
    assert not found.model.training
    expected = model(found.graph)
    assert torch.equal(found.embedded.users, expected.users)
    assert torch.equal(found.embedded.items, expected.items)
    assert found.recommend(3, 4, why=False)[0].title in WORLD.catalogue.item_ids


def test_its_scores_on_validation_are_those_of_the_run(tmp_path):
    task = small_task()
    task.prepare("train", tmp_path / "data")
    run = tmp_path / "cells" / "aligned" / "seed0"
    scores = task.train("aligned", 0, tmp_path / "data", run)
    found = load_recommendations(run)
    again = evaluate_ranking(found.embedded, found.graph, WORLD.data.validation)
    for name in ("recall@20", "ndcg@10"):
        assert again[name] == pytest.approx(scores[name])


def test_the_training_interactions_are_those_that_are_left_out(tmp_path):
    found = load_recommendations(trained(tmp_path))
    assert torch.equal(found.interactions.edge_index, WORLD.data.train.edge_index)


def test_settings_of_all_kinds_are_read_back(tmp_path):
    task = small_task(
        models={"freedom": ModelSettings({"dim": 4, "weights": {"image": 0.1, "text": 0.8, "audio": 0.1}})},
        score="ndcg@5",
    )
    found = load_recommendations(trained(tmp_path, task, "freedom"))
    assert found.model.weights == {"image": 0.1, "text": 0.8, "audio": 0.1}


def test_a_run_may_be_moved_out_of_its_comparison_and_then_leaves_no_files(tmp_path):
    run = trained(tmp_path / "out")
    moved = tmp_path / "elsewhere" / "mine"
    shutil.copytree(run, moved)
    shutil.rmtree(tmp_path / "out")
    before = sorted(tmp_path.rglob("*"))
    found = load_recommendations(moved)
    assert found.recommend(0, 1)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_made_of_posters_is_read_from_the_comparisons_folder_or_the_one_given(tmp_path):
    folder = write_ml100k(tmp_path / "films")
    task = small_task(RecommendationSource("ml100k", folder=str(folder), neighbours=2))
    run = trained(tmp_path, task)
    expected = load_recommendations(run).embedded.items
    (tmp_path / "data").rename(tmp_path / "kept")
    for poster in (folder / "posters").iterdir():
        poster.write_bytes(b"nothing that can be read")
    found = load_recommendations(run, cache=tmp_path / "kept")
    assert torch.equal(found.embedded.items, expected)
    reason = found.recommend(0, 1)[0].reason
    assert {"image", "text", "knowledge"} < set(reason.shares)


def damage(run, **changes):
    """Change the settings in run.json, or the file's own entries."""
    content = json.loads((run / "run.json").read_text())
    for key, value in changes.items():
        (content if key in content else content["settings"])[key] = value
    (run / "run.json").write_text(json.dumps(content))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def run(kept, tmp_path):
    shutil.copytree(kept, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "vqa"}, r"run\.json: .*of the task 'vqa'"),
        ({"arm": "magic"}, "no recommender 'magic'"),
        ({"arm": "aligned:magic"}, "no variant 'magic'"),
        ({"arm": "aligned:only_smell"}, "no variant 'only_smell'"),
        ({"arm": "lightgcn"}, "holds weights of another model"),
        ({"arm": 3}, "arm is 3, expected a string"),
        ({"settings": []}, "settings is a list of 0"),
        ({"settings": {"nothing": 1}}, "settings cannot be used: settings has 'nothing'"),
        ({"score": "luck"}, "settings cannot be used: score='luck'"),
        ({"data": {"source": "films"}}, "settings.data.source is 'films'"),
        ({"data": {"source": "tiktok", "folder": "none"}}, "there is no folder 'none'"),
        ({"data": {"preferences": {"num_items": 3}}}, "settings cannot be used: Preferences"),
        ({"data": {}}, r"model\.safetensors: .* has shape"),
        ({"models": {"aligned": {"options": {"width": 3}}}}, r"got options \['width'\]"),
        ({"models": {}}, "has shape"),
    ],
)
def test_a_damaged_run_file_is_one_line_that_says_what_is_wrong(changes, message, run):
    damage(run, **changes)
    with pytest.raises(InputError, match=message) as found:
        load_recommendations(run)
    assert "\n" not in str(found.value)


def test_weights_that_are_none_or_not_there_are_one_line(run):
    path = run / "model.safetensors"
    for content in (b"", b"nothing", path.read_bytes()[:-8]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"model\.safetensors is not a checkpoint of mmgraph"):
            load_recommendations(run)
    path.unlink()
    with pytest.raises(InputError, match=r"model\.safetensors is not a checkpoint"):
        load_recommendations(run)


def test_a_folder_that_is_no_run_is_named(tmp_path):
    for folder in (tmp_path, tmp_path / "none", "/"):
        with pytest.raises(InputError, match=r"run\.json: cannot read: No such file"):
            load_recommendations(folder)


@pytest.mark.parametrize("where", ["data", "budget", "options"])
def test_nothing_in_the_file_is_executed(where, run, tmp_path, monkeypatch):
    (tmp_path / "trap.py").write_text("def call(**given): raise SystemExit('called')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    code = {"class_path": "trap.call", "init_args": {}}
    damage(
        run, **({"models": {"aligned": {"options": {"dim": code}}}} if where == "options" else {where: code})
    )
    with pytest.raises((InputError, TypeError)):
        load_recommendations(run)
    assert "trap" not in sys.modules
