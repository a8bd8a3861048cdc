"""Every committed configuration of retrieval runs, cut small, and leaves its files."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from jsonargparse import ArgumentParser

from experiments import retrieval
from experiments.benchmarks import retrieval as benchmark
from mmgraph.cli import main
from tests.tasks.captioning.small import write_photographs

CONFIGS = sorted((Path(retrieval.__file__).parent / "configs").glob("retrieval_*.yaml"))


def read(path):
    parser = ArgumentParser()
    parser.add_class_arguments(retrieval.Config, "config")
    content = yaml.safe_load(path.read_text())
    return parser.instantiate_classes(parser.parse_object({"config": content})).config


def small(config, folder):
    """The same in small, on our own photographs where it is about photographs."""
    ours, data = write_photographs(folder), config.task.data
    scenes = replace(data.scenes, train=6, validation=4, test=3)
    photographs = replace(ours, boxes=data.photographs.boxes, features=data.photographs.features)
    return replace(
        config,
        task=replace(
            config.task,
            data=replace(data, scenes=scenes, photographs=photographs, min_count=1),
            model=replace(config.task.model, dim=16, width=8),
            budget=replace(config.task.budget, steps=2, batch_size=8, validate_every=2),
        ),
        arms="full,ridge",
        seeds=1,
        examples=3,
        out=str(folder / "out"),
    )


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_runs_and_leaves_its_files(path, tmp_path):
    config = small(read(path), tmp_path)
    report = retrieval.run(config)
    table = (tmp_path / "out" / "results.md").read_text()
    assert "R@10, %" in table
    assert "| ridge | image to text |" in table
    assert report.split == ("test" if config.open_test else "validation")
    found = json.loads((tmp_path / "out" / "table.json").read_text())
    assert found["metric"] == config.task.metric
    assert set(found["arms"]) == {"full", "ridge"}
    assert (tmp_path / "out" / "gallery" / "examples.html").exists()
    assert len(list((tmp_path / "out" / "gallery" / "examples").iterdir())) == 3


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_runs_from_the_command_line(path, tmp_path, capsys):
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
        "budget.steps": 2,
        "budget.validate_every": 2,
        "budget.batch_size": 8,
    }
    options = [f"--task.{name}={value}" for name, value in sizes.items()]
    out, result = tmp_path / "out", tmp_path / "table.json"
    where = ["--arms=full", "--seeds=1", "--gallery=3", f"--out={out}", f"--json={result}"]
    main(["compare", "retrieval", f"--config={path}", *options, *where])
    table = json.loads(result.read_text())
    assert table == json.loads((out / "table.json").read_text())
    assert set(table["arms"]) == {"full"}
    assert table["metric"] == ("text_to_image_r1" if "scenes" in path.stem else "text_to_image_r10")
    assert capsys.readouterr().out.splitlines()[-1] == f"open {out}/gallery/examples.html"
    assert (out / "gallery" / "examples.html").exists()


def test_a_user_s_error_is_one_line(tmp_path):
    with pytest.raises(SystemExit, match="there is no arm 'magic'"):
        main(["compare", "retrieval", "--arms=magic", f"--out={tmp_path / 'out'}"])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_has_three_seeds_and_all_controls(path):
    config = read(path)
    assert config.seeds >= 3
    assert {"full", "no_graph", "shuffled", "ridge"} <= set(config.arms.split(","))


def test_photographs_are_reported_with_the_last_weights_as_nothing_may_be_picked_there():
    budget = read(next(path for path in CONFIGS if "flickr" in path.stem)).task.budget
    assert budget.validate_every == budget.steps


def test_the_default_needs_no_data():
    assert retrieval.Config().task.data.source == "scenes"


def test_the_benchmark_of_ranks_gives_its_figures(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "FEW", 200)
    monkeypatch.setattr(benchmark, "MANY", 400)
    found = benchmark.main(json=str(tmp_path / "figures.json"))
    assert json.loads((tmp_path / "figures.json").read_text()) == found
    assert set(found) == {
        "ranks.200.seconds",
        "ranks.200.peak_mib",
        "ranks.200_by_5.seconds",
        "ranks.400.seconds_extrapolated",
    }
    assert found["ranks.400.seconds_extrapolated"] == pytest.approx(4 * found["ranks.200.seconds"])
    whole = benchmark.main(full=True)
    assert {"ranks.400.seconds", "ranks.400.peak_mib"} <= set(whole)
