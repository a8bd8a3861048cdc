"""Every committed configuration of captioning runs, cut small, and leaves its files."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from jsonargparse import ArgumentParser

from experiments import captioning
from mmgraph.cli import main
from mmgraph.data.captions import CaptionVocabulary
from mmgraph.tasks.captioning import PhotographCaptions
from mmgraph.tasks.captioning.arms import arm
from tests.tasks.captioning.small import write_photographs

FOLDER = Path(captioning.__file__).parent / "configs"
CONFIGS = sorted(FOLDER.glob("captioning_*.yaml"))
COMPARISONS = sorted(FOLDER.glob("compare_captioning_*.yaml"))


def read(path):
    parser = ArgumentParser()
    parser.add_class_arguments(captioning.Config, "config")
    content = yaml.safe_load(path.read_text())
    return parser.instantiate_classes(parser.parse_object({"config": content})).config


def small(config, folder):
    """The same in small, on our own photographs where it is about photographs."""
    ours = write_photographs(folder)
    scenes = replace(config.data.scenes, train=6, validation=4, test=3)
    photographs = replace(
        ours, boxes=config.data.photographs.boxes, features=config.data.photographs.features
    )
    return replace(
        config,
        data=replace(config.data, scenes=scenes, photographs=photographs, min_count=1),
        model=replace(config.model, dim=16, heads=2),
        budget=replace(config.budget, steps=4, batch_size=8, validate_every=2),
        examples=1,
        out=str(folder / "out"),
    )


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_runs_and_leaves_its_files(path, tmp_path):
    config = small(read(path), tmp_path)
    _, words, found = captioning.run(config)
    out = tmp_path / "out"
    results = json.loads((out / "results.json").read_text())
    assert set(results) == {"fitted", "validation", "test"}
    assert results["test"]["cider"] == pytest.approx(found["test"].model.as_dict()["cider"])
    assert ("exact" in results["test"]) == (config.data.source == "scenes")
    assert "caption" in results["test"]["typical_caption"]
    assert CaptionVocabulary.load(out / "vocabulary.json") == words
    report = (out / "results.md").read_text()
    assert "| cider |" in report
    assert "one caption for all" in report
    assert (out / "examples.html").exists()
    assert len(list((out / "examples").glob("*.html"))) == 3
    assert yaml.safe_load((out / "config.yaml").read_text())["data"]["source"] == config.data.source


def test_the_test_split_stays_shut_by_default(tmp_path, monkeypatch):
    opened = []
    original = captioning.CaptionData.split
    monkeypatch.setattr(
        captioning.CaptionData, "split", lambda self, name: opened.append(name) or original(self, name)
    )
    config = replace(small(captioning.Config(), tmp_path), examples=0)
    captioning.run(config)
    assert set(opened) == {"train", "validation"}
    assert not (tmp_path / "out" / "examples.html").exists()


def test_the_default_needs_no_data():
    assert captioning.Config().data.source == "scenes"


@pytest.mark.parametrize("path", COMPARISONS, ids=lambda path: path.stem)
def test_every_comparison_runs_from_the_command_line(path, tmp_path, capsys):
    ours = write_photographs(tmp_path)
    sizes = {
        "data.scenes.train": 6,
        "data.scenes.validation": 3,
        "data.scenes.test": 3,
        "data.photographs.captions": ours.captions,
        "data.photographs.validation": 3,
        "data.photographs.test": 2,
        "data.min_count": 1,
        "model.dim": 16,
        "model.heads": 2,
        "budget.steps": 2,
        "budget.validate_every": 2,
        "budget.batch_size": 8,
    }
    options = [f"--task.{name}={value}" for name, value in sizes.items()]
    out, result = tmp_path / "out", tmp_path / "table.json"
    where = ["--arms=full", "--seeds=1", "--gallery=3", f"--out={out}", f"--json={result}"]
    main(["compare", "captioning", f"--config={path}", *options, *where])
    table = json.loads(result.read_text())
    assert table == json.loads((out / "table.json").read_text())
    assert set(table["arms"]) == {"full"}
    assert table["metric"] == ("exact" if "scenes" in path.stem else "cider")
    assert capsys.readouterr().out.splitlines()[-1] == f"open {out}/gallery/examples.html"
    assert (out / "gallery" / "examples.html").exists()


@pytest.mark.parametrize("path", COMPARISONS, ids=lambda path: path.stem)
def test_every_comparison_has_three_seeds_and_all_controls(path):
    config = yaml.safe_load(path.read_text())
    assert config["seeds"] >= 3
    assert {"full", "no_graph", "shuffled", "random_image", "most_frequent"} == set(config["arms"].split(","))
    for name in config["arms"].split(","):
        assert arm(name).about


def test_a_user_s_error_is_one_line(tmp_path):
    with pytest.raises(SystemExit, match="there is no arm 'magic'"):
        main(["compare", "captioning", "--arms=magic", f"--out={tmp_path / 'out'}"])


def test_committed_photographs_are_those_of_the_data_folder(data_folder):
    assert len(PhotographCaptions().split("validation")) == 200
