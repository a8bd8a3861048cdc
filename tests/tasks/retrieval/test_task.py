import json
import pickle

import pytest
import torch

from mmgraph.builders.tokens.vocabulary import Vocabulary
from mmgraph.comparison import Illustrated, Task, compare
from mmgraph.errors import InputError
from mmgraph.tasks.retrieval import Retrieval, RetrievalData
from mmgraph.tasks.retrieval.arms import ARMS, arm
from tests.tasks.retrieval.small import photograph_task, scene_task

COSTS = {"cpu_seconds", "peak_mib"}
NEAR = ("region", "near", "region")


@pytest.fixture(scope="module", params=["scenes", "photographs"])
def prepared(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    task = scene_task() if request.param == "scenes" else photograph_task(folder)
    for split in ("train", "validation", "test"):
        task.prepare(split, folder / "data")
    return task, folder / "data"


@pytest.mark.parametrize("name", list(ARMS))
def test_every_arm_is_tested_with_what_it_left(name, prepared, tmp_path):
    task, data = prepared
    trained = task.train(name, 0, data, tmp_path)
    tested = task.test(name, 0, data, tmp_path)
    recalls = {f"{way}_r{k}" for way in ("text_to_image", "image_to_text") for k in (1, 5, 10)}
    assert tested.keys() == recalls | {"median.text_to_image", "median.image_to_text"}
    assert trained.keys() == tested.keys() | {"parameters", "cpu_seconds", "peak_mib"}
    assert tested == task.test(name, 0, data, tmp_path)
    assert tested["text_to_image_r10"] == 1.0
    assert (tmp_path / "model.safetensors").exists() != arm(name).ridge


def test_a_task_is_what_compare_takes_and_goes_to_other_processes(prepared):
    task, _ = prepared
    assert isinstance(task, Task)
    assert json.dumps(dict(task.settings()))
    assert pickle.loads(pickle.dumps(task)) == task


def test_scenes_are_ranked_by_the_first_picture_and_photographs_by_the_first_ten():
    assert Retrieval().metric == "text_to_image_r1"
    assert Retrieval(RetrievalData("photographs")).metric == "text_to_image_r10"


def test_the_words_are_those_of_the_training_split_only(prepared):
    task, data = prepared
    train = task.data.chosen.split("train")
    said = {word for texts in train.references for text in texts for word in text.lower().split()}
    assert set(Vocabulary.load(data / "vocabulary.json").words) == said


def test_the_arms_differ_in_what_they_should(prepared):
    task, data = prepared
    graphs = {name: task._pairs("train", arm(name), data).graphs.graph for name in ARMS}
    assert not torch.equal(graphs["full"].edge_index[NEAR], graphs["shuffled"].edge_index[NEAR])
    assert torch.equal(graphs["full"].x["region"], graphs["shuffled"].x["region"])
    twice = 2 if task.data.mirrored else 1
    assert (
        graphs["full"].num_graphs == graphs["ridge_mirrored"].num_graphs == twice * graphs["ridge"].num_graphs
    )
    assert [arm(name).settings(task.model).layers for name in ("full", "no_graph", "shuffled")] == [1, 0, 1]


def test_the_same_seed_gives_the_same_scores_and_another_other_weights(prepared, tmp_path):
    task, data = prepared
    first, second, _ = (
        task.train("full", seed, data, tmp_path / name) for seed, name in ((0, "a"), (0, "b"), (1, "c"))
    )
    assert {k: v for k, v in first.items() if k not in COSTS} == {
        k: v for k, v in second.items() if k not in COSTS
    }
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in "abc"]
    assert weights[0] == weights[1] != weights[2]


def test_the_gallery_shows_what_captions_found_and_ridge_has_none(prepared, tmp_path):
    task, data = prepared
    assert isinstance(task, Illustrated)
    cell = data.parent / "cells" / "full" / "seed0"
    task.train("full", 0, data, cell)
    index = task.gallery("full", 0, cell, tmp_path / "pages", samples=3)
    assert index == tmp_path / "pages" / "examples.html"
    assert sorted(path.name for path in (tmp_path / "pages" / "examples").iterdir()) == [
        f"{group}-0.html" for group in ("best", "random", "worst")
    ]
    with pytest.raises(InputError, match="'ridge' has no model"):
        task.gallery("ridge", 0, cell, tmp_path / "pages", samples=3)


def test_shuffled_edges_train_other_weights(prepared, tmp_path):
    task, data = prepared
    for name in ("full", "shuffled"):
        task.train(name, 0, data, tmp_path / name)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("full", "shuffled")]
    assert weights[0] != weights[1]


def test_an_unknown_arm_is_an_error():
    with pytest.raises(InputError, match="no arm 'magic': expected one of full, no_graph, shuffled, ridge"):
        scene_task().describe("magic")


def test_a_comparison_runs_from_end_to_end(tmp_path):
    report = compare(scene_task(), ["full", "ridge"], seeds=1, out=tmp_path / "out")
    assert report.metric == "text_to_image_r1"
    assert {row.arm for row in report.rows} == {"full", "ridge"}
