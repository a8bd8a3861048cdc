"""A run that is read back answers as the one that was trained; what is no run is one clear line."""

import json
import re

import pytest
import torch

from experiments import vqa
from mmgraph.comparison import compare
from mmgraph.data.synthetic import flatten
from mmgraph.errors import InputError
from mmgraph.graph import split
from mmgraph.tasks.vqa import ArmSettings, load_run, make_split
from tests.tasks.vqa.runs import DATA, TASK, untrained_run

SMALL = {
    "train_scenes": 4,
    "validation_scenes": 3,
    "questions_per_scene": 4,
    "steps": 2,
    "validate_every": 2,
    "dim": 16,
    "heads": 2,
    "batch_size": 8,
    "gallery_samples": 0,
}


def test_a_run_of_the_experiment_answers_as_it_did_when_it_was_trained(tmp_path):
    options = {"layer": "gat", "fusion": "gated", "aligner": "dot", "seed": 3, "cross_from": 1}
    config = vqa.Config(out=str(tmp_path), families=("closest",), **SMALL, **options)
    answerer, builder, validation, found = vqa.run(config)
    run = load_run(tmp_path)
    again = run.first(1000)
    assert not run.answerer.training
    assert again.graphs.graph.equal(validation.graphs.graph)
    assert run.answerer.predict(again.graphs) == answerer.predict(validation.graphs)
    assert run.validation == pytest.approx(found["validation"].model.share)
    assert run.step == 2
    assert run.recipe.builder.schema == builder.schema


@pytest.mark.parametrize("name", ["full", "text_image", "late_decisions", "fusion:low_rank"])
def test_a_cell_of_a_comparison_answers_as_it_did_when_it_was_trained(name, tmp_path):
    compare(TASK, [name], 1, tmp_path, open_test=False)
    cell = tmp_path / "cells" / name.replace(":", "-") / "seed0"
    scores = json.loads((cell / "results.json").read_text())
    run = load_run(cell)
    samples = run.first(1000)
    predicted = run.answerer.predict(samples.graphs)
    right = [a == b for a, b in zip(predicted, samples.expected(), strict=True)]
    assert sum(right) / len(right) == pytest.approx(scores["accuracy"])
    assert run.recipe.model.name.startswith(name)


def test_a_page_names_the_folder_as_it_was_given_and_none_above_an_absolute_one(tmp_path, monkeypatch):
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    folder = untrained_run(tmp_path / "runs" / "mine")
    assert load_run(folder).name == "mine"
    monkeypatch.chdir(tmp_path)
    assert load_run("runs/mine").name == "runs/mine"
    monkeypatch.chdir(folder)
    assert load_run(".").name == load_run("../mine").name == "mine"


def test_samples_are_those_of_the_whole_split(tmp_path):
    run = load_run(untrained_run(tmp_path))
    scenes = list(DATA.scenes("validation"))
    whole = make_split(scenes, run.recipe.builder, run.recipe.answers)
    some = run.split([9, 2, 3])
    assert [question for _, question in some.questions] == [flatten(scenes)[i][1] for i in (2, 3, 9)]
    assert [scene.id for scene in some.scenes] == ["validation-000000", "validation-000002"]
    for one, number in zip(split(some.graphs.graph), (2, 3, 9), strict=True):
        assert one.equal(whole.graphs[number])
        assert one.samples[0].id.endswith(f":{number}")
    training = run.split([0], "train")
    assert training.scenes[0].id == "train-000000"
    assert len(run.first(5).questions) == 5
    assert len(run.split([]).questions) == 0


def test_an_arm_reads_what_it_was_trained_on(tmp_path):
    graph = load_run(untrained_run(tmp_path, ArmSettings("text", 16, 1, 2))).first(2).graphs.graph
    assert graph.num_nodes("token") > 0
    assert graph.num_nodes("region") == graph.num_nodes("segment") == 0


def test_the_test_split_stays_shut_and_says_why(tmp_path):
    run = load_run(untrained_run(tmp_path))
    for read in (lambda: run.split([0], "test"), lambda: run.first(3, "test")):
        with pytest.raises(InputError, match=r"test split stays shut: .*give validation or train"):
            read()
    with pytest.raises(InputError, match="no split 'dev': give validation or train"):
        run.first(3, "dev")


def test_samples_that_there_are_not_are_errors(tmp_path):
    run = load_run(untrained_run(tmp_path))
    with pytest.raises(InputError, match=r"no sample 12: the validation split of .* has 12, numbered from 0"):
        run.split([3, 12])
    with pytest.raises(InputError, match="no sample -1"):
        run.split([-1, 2])


def test_what_is_no_run_is_one_line_that_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match=r"there is no folder '.*none': give that of a run"):
        load_run(tmp_path / "none")
    with pytest.raises(InputError, match=r"is not a run: it has no run\.json"):
        load_run(tmp_path)
    untrained_run(tmp_path / "inner")
    with pytest.raises(
        InputError, match=r"is not a run itself: give one of the 1 runs in it, such as .*inner"
    ):
        load_run(tmp_path)
    cells = tmp_path / "comparison"
    untrained_run(cells / "cells" / "full" / "seed0")
    (cells / "comparison.json").write_text("{}")
    with pytest.raises(InputError, match=r"is a comparison: .* such as .*cells/full/seed0"):
        load_run(cells)
    (tmp_path / "inner" / "run.json").unlink()
    with pytest.raises(InputError, match="trained by an older mmgraph; train again"):
        load_run(tmp_path / "inner")
    (cells / "cells" / "full" / "seed0" / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"has no model\.safetensors: its training was stopped"):
        load_run(cells / "cells" / "full" / "seed0")


def damage(folder, **changes):
    """Change some entries of run.json; a dict goes into the one that is there, None takes one away."""
    path = folder / "run.json"
    content = json.loads(path.read_text())
    for key, value in changes.items():
        if value is None:
            del content[key]
        elif isinstance(value, dict):
            content[key].update(value)
        else:
            content[key] = value
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "x"}, "its format is 'x'"),
        ({"version": 2}, "version 2, expected 'mmgraph.run', version 1"),
        ({"task": "captioning"}, "a run of the task 'captioning', expected 'vqa'"),
        ({"words": None}, "lacks 'words'"),
        ({"extra": 1}, "'extra', which is not known"),
        ({"words": ["a", 1]}, r"words\[1\] is 1, expected a string"),
        ({"words": ["a", "a"]}, "word 'a' is there twice"),
        ({"words": ["what"]}, "whose vocabulary has 1 words .*train again"),
        ({"answers": ["yes", "no"]}, r"the model knows the answers \['yes', 'no'\]"),
        ({"model": {"kind": "magic"}}, "model.kind is 'magic', expected one of fusion, arm"),
        ({"model": {"aligner": "magic"}}, "model cannot be used: .*aligner.*magic"),
        ({"model": {"class_path": "os.system"}}, "model cannot be used: .*class_path"),
        ({"model": {"dim": 10**9}}, "model.dim is 1000000000, expected 1 to 8192"),
        ({"model": {"layers": -1}}, "model.layers is -1"),
        ({"model": {"heads": 3}}, "no model can be made from it: .*heads"),
        ({"model": {"dim": 32}}, "the weights do not belong to .*run.json"),
        ({"model": 3}, "model is 3, expected an object"),
        ({"data": {"kind": "films"}}, "data cannot be used: .*kind.*films"),
        ({"data": {"train_scenes": "many"}}, "data cannot be used: .*train_scenes"),
    ],
)
def test_a_damaged_run_is_one_line_that_names_the_file(changes, message, tmp_path):
    folder = untrained_run(tmp_path)
    damage(folder, **changes)
    with pytest.raises(InputError, match=message) as found:
        load_run(folder)
    assert "\n" not in str(found.value)
    assert str(folder) in str(found.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"{}", b"[" * 100_000])
def test_a_run_file_that_is_no_json_object_is_one_line(content, tmp_path):
    folder = untrained_run(tmp_path)
    (folder / "run.json").write_bytes(content)
    with pytest.raises(InputError, match=re.escape(str(folder / "run.json"))) as found:
        load_run(folder)
    assert "\n" not in str(found.value)


def test_weights_that_are_none_are_one_line(tmp_path):
    folder = untrained_run(tmp_path)
    (folder / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"the weights do not belong to .*train again") as found:
        load_run(folder)
    assert "\n" not in str(found.value)


def test_a_new_run_in_the_folder_leaves_nothing_of_the_old_one(tmp_path):
    for name in ("gallery", "explanations"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.html").write_text("old")
    (tmp_path / "explanations" / "notes.txt").write_text("mine")
    config = vqa.Config(out=str(tmp_path), **SMALL)
    vqa.run(config)
    assert not (tmp_path / "gallery").exists()
    assert [path.name for path in (tmp_path / "explanations").iterdir()] == ["notes.txt"]
    assert torch.isfinite(torch.tensor(load_run(tmp_path).validation))
