import json
import pickle
from dataclasses import replace

import pytest
import torch

from mmgraph.comparison import Illustrated, Task, compare
from mmgraph.data.captions import CaptionVocabulary
from mmgraph.errors import InputError
from mmgraph.tasks.captioning import CaptionData, Captioning
from mmgraph.tasks.captioning.arms import ARMS, TrainedArm, arm
from tests.tasks.captioning.small import photograph_task, scene_task

COSTS = {"cpu_seconds", "peak_mib"}


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
    assert task.metric in trained
    assert {"bleu_4", "rouge_l", "cider", "meteor", task.metric} <= tested.keys()
    assert tested == task.test(name, 0, data, tmp_path)
    if isinstance(arm(name), TrainedArm):
        assert {"parameters", "cpu_seconds", "peak_mib"} <= trained.keys()
        assert (tmp_path / "vocabulary.json").exists()
        assert json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])["step"] == 4
    else:
        assert not (tmp_path / "model.safetensors").exists()


def test_a_task_is_what_compare_takes_and_goes_to_other_processes(prepared):
    task, _ = prepared
    assert isinstance(task, Task)
    assert isinstance(task, Illustrated)
    assert json.dumps(dict(task.settings()))
    assert len(pickle.dumps(task)) < 10_000
    assert pickle.loads(pickle.dumps(task)) == task


def test_scenes_are_ranked_by_exact_captions_and_photographs_by_cider():
    assert Captioning().metric == "exact"
    assert Captioning(CaptionData("photographs")).metric == "cider"


def test_settings_hold_those_of_the_pictures_that_are_used_only():
    assert "photographs" not in Captioning().settings()["data"]
    assert "scenes" not in Captioning(CaptionData("photographs")).settings()["data"]


def test_the_vocabulary_has_the_words_of_the_training_split_only(prepared):
    task, data = prepared
    words = set(CaptionVocabulary.load(data / "vocabulary.json").words.words)
    train = task.data.split("train")
    said = {word for captions in train.references for text in captions for word in text.lower().split()}
    assert words == said
    if task.data.source == "photographs":
        held_out = {word for text in sum(task.data.split("test").references, ()) for word in text.split()}
        assert held_out - words


def test_the_arms_differ_in_what_they_should(prepared):
    task, data = prepared
    words = task._words(data)
    graphs = {name: task._store("train", arm(name), words, data).graph for name in ("full", "shuffled")}
    key = ("region", "near", "region")
    assert not torch.equal(graphs["full"].edge_index[key], graphs["shuffled"].edge_index[key])
    assert torch.equal(graphs["full"].x["region"], graphs["shuffled"].x["region"])
    full, bare = (arm(name).settings(task.model).layers for name in ("full", "no_graph"))
    assert (full, bare) == (1, 0)


def test_the_same_seed_gives_the_same_scores_and_another_others(prepared, tmp_path):
    task, data = prepared
    first, second, _ = (
        task.train("full", seed, data, tmp_path / name) for seed, name in ((0, "a"), (0, "b"), (1, "c"))
    )
    assert {k: v for k, v in first.items() if k not in COSTS} == {
        k: v for k, v in second.items() if k not in COSTS
    }
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in "abc"]
    assert weights[0] == weights[1] != weights[2]


def test_a_random_picture_s_caption_depends_on_the_seed_and_comes_from_training(prepared):
    task, _ = prepared
    train, test = task.data.split("train"), task.data.split("test")
    found = [arm("random_image").write(train, test, seed) for seed in range(6)]
    assert len({tuple(captions) for captions in found}) > 1
    known = {text for captions in train.references for text in captions}
    assert {text for captions in found for text in captions} <= known


def test_a_comparison_runs_from_end_to_end(tmp_path):
    task = scene_task()
    report = compare(task, ["full", "most_frequent"], seeds=1, out=tmp_path / "out", gallery=3)
    assert report.metric == "exact"
    assert {row.arm for row in report.rows} == {"full", "most_frequent"}
    assert (tmp_path / "out" / "gallery" / "examples.html").exists()
    assert (tmp_path / "out" / "table.md").exists()


def test_an_unknown_arm_and_pictures_of_no_model_are_errors(tmp_path):
    task = scene_task()
    with pytest.raises(InputError, match="no arm 'magic': expected one of full, no_graph, shuffled"):
        task.describe("magic")
    with pytest.raises(InputError, match="'most_frequent' has no model"):
        task.gallery("most_frequent", 0, tmp_path, tmp_path, 3)


def test_a_tokenizer_that_is_not_there_is_an_error():
    data = replace(scene_task().data, tokenizer="nowhere")
    with pytest.raises(InputError, match="tokenizer='nowhere': there is no such folder"):
        data.words(data.split("train"))
