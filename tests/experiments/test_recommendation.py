"""Every committed configuration of recommendation runs, cut small, on files laid out like its data set."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from jsonargparse import ArgumentParser

from experiments import recommendation
from mmgraph.cli import compare_recommendation, main
from mmgraph.comparison import compare
from mmgraph.comparison.report import Report, Row
from mmgraph.data.recommendation import Preferences
from mmgraph.metrics.interval import MeanInterval, mean_interval
from mmgraph.tasks.recommendation import (
    ModelSettings,
    OwnFiles,
    Recommendation,
    RecommendationSource,
    load_recommendations,
)
from mmgraph.tasks.recommendation.arms import arm
from tests.tasks.recommendation.small import small_task, work_here, write_ml100k, write_tiktok

CONFIGS = sorted((Path(recommendation.__file__).parent / "configs").glob("*recommendation*.yaml"))
SINGLE = [path for path in CONFIGS if path.stem.startswith("recommendation_")]
COMPARISONS = [path for path in CONFIGS if path.stem.startswith("compare_")]

each_single = pytest.mark.parametrize("path", SINGLE, ids=lambda path: path.stem)
each_comparison = pytest.mark.parametrize("path", COMPARISONS, ids=lambda path: path.stem)

SMALL = {"dim": 4, "feature_dim": 4, "neighbours": 2, "layers": 1}


def read(path):
    """The configuration as the program reads it: of the experiment, or the arguments of the comparison."""
    parser = ArgumentParser(exit_on_error=False)
    content = yaml.safe_load(path.read_text())
    if path in SINGLE:
        parser.add_class_arguments(recommendation.Config, "config")
        return parser.instantiate_classes(parser.parse_object({"config": content})).config
    parser.add_function_arguments(compare_recommendation)
    return parser.instantiate_classes(parser.parse_object(content))


def small_source(source, folder):
    """The same data set in small."""
    cut = {"neighbours": 2, "folder": None, "inter": None}
    if source.source == "preferences":
        world = replace(source.preferences, num_users=30, num_items=24, interactions=8)
        return replace(source, preferences=world, **cut)
    assert source.source != "files"
    write = {"tiktok": write_tiktok, "ml100k": write_ml100k}[source.source]
    return replace(source, **{**cut, "folder": str(write(folder / source.source))})


def small_settings(settings):
    """One epoch of a narrow model."""
    options = {
        name: min(value, SMALL[name]) if name in SMALL else value for name, value in settings.options.items()
    }
    budget = settings.budget and replace(settings.budget, epochs=1, batch_size=64)
    return ModelSettings(options, budget)


def small(task, folder):
    return replace(
        task,
        data=small_source(task.data, folder),
        budget=replace(task.budget, epochs=1, batch_size=64),
        models={name: small_settings(one) for name, one in task.models.items()},
        device="cpu",
    )


@pytest.fixture(autouse=True)
def no_package(monkeypatch):
    """Interactions come from the small files, whatever is installed."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "recbole" else found(name, *rest)
    )


def test_there_are_configurations_and_all_are_of_one_of_the_two_programs():
    assert COMPARISONS
    assert sorted(SINGLE + COMPARISONS) == CONFIGS


@each_single
def test_every_configuration_of_a_model_is_one_of_a_model_and_data_that_there_are(path):
    config = read(path)
    _, data, model = path.stem.split("_", 2)
    assert config.task.data.source == data
    assert arm(config.arm).model == model
    assert not config.open_test
    assert config.seeds >= 1
    assert Path(config.out).name == path.stem


@each_single
def test_every_configuration_of_a_model_runs_and_leaves_its_files(path, tmp_path, monkeypatch):
    work_here(monkeypatch)
    config = read(path)
    out = tmp_path / "out"
    config = replace(config, task=small(config.task, tmp_path), seeds=1, examples=0, out=str(out))
    report = recommendation.run(config)
    assert [row.arm for row in report.rows] == [config.arm]
    assert report.split == ("test" if config.open_test else "validation")
    assert f"| {config.task.score.partition('@')[0]}@20 |" in (out / "results.md").read_text()
    found = load_recommendations(out / "cells" / config.arm.replace(":", "-") / "seed0")
    assert len(found.recommend(0, 2, why=False)) == 2


@each_comparison
def test_every_comparison_has_three_seeds_controls_and_a_closed_test(path):
    given = read(path)
    arms = given.arms.split(",")
    assert all(arm(name) for name in arms)
    assert given.seeds >= 3
    assert not given.open_test
    assert {"aligned", "aligned:shuffled", "aligned:no_features"} <= set(arms)
    assert given.task.reference in arms
    assert set(given.task.models) <= {name.partition(":")[0] for name in arms}
    assert Path(given.out).name == path.stem


@each_comparison
def test_every_comparison_runs_with_all_its_arms(path, tmp_path, monkeypatch):
    work_here(monkeypatch)
    given = read(path)
    task, arms = small(given.task, tmp_path), given.arms.split(",")
    report = compare(task, arms, 1, tmp_path / "out", open_test=False)
    assert {row.arm for row in report.rows} == set(arms)
    assert task.score in (tmp_path / "out" / "table.md").read_text()


def test_the_command_line_compares_by_a_configuration_and_options(tmp_path, capsys, monkeypatch):
    work_here(monkeypatch)
    folder = write_tiktok(tmp_path / "tiktok")
    path = next(path for path in COMPARISONS if "tiktok" in path.stem)
    options = {"data.folder": folder, "data.neighbours": 2, "budget.epochs": 1, "best": "popularity"}
    out, result = tmp_path / "out", tmp_path / "table.json"
    where = [
        "--arms=popularity",
        "--seeds=1",
        "--workers=1",
        "--gallery=0",
        f"--out={out}",
        f"--json={result}",
    ]
    given = [f"--task.{name}={value}" for name, value in options.items()]
    main(["compare", "recommendation", f"--config={path}", *given, *where])
    table = json.loads(result.read_text())
    assert table == json.loads((out / "table.json").read_text())
    assert set(table["arms"]) == {"popularity"}
    assert (table["metric"], table["split"]) == ("recall@20", "validation")
    printed = capsys.readouterr().out
    assert "| popularity |" in printed
    assert f"wrote {out}/table.md" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--arms=magic"], "there is no recommender 'magic'"),
        (["--arms=lightgcn:magic"], "has no variant 'magic'"),
        (["--task.data.source=tiktok", "--task.data.folder=none"], "there is no folder 'none'"),
        (["--task.data.source=files"], "source=files needs --task.data.files.interactions"),
        (["--task.data.modalities=smell"], "has no modality 'smell'"),
    ],
)
def test_a_user_s_error_is_one_line(options, message, tmp_path):
    with pytest.raises(SystemExit, match=message) as found:
        main(["compare", "recommendation", *options, f"--out={tmp_path / 'out'}"])
    assert str(found.value).startswith("mmgraph: ")
    assert "\n" not in str(found.value)


def test_the_default_is_our_model_on_a_world_that_is_drawn(tmp_path, monkeypatch):
    work_here(monkeypatch)
    config = recommendation.Config()
    assert (config.arm, config.task.data.source, config.open_test) == ("aligned", "preferences", False)
    cut = replace(config, task=small(config.task, tmp_path), examples=3, out=str(tmp_path / "out"))
    report = recommendation.run(cut)
    assert report.reference == "aligned"
    assert (tmp_path / "out" / "gallery" / "examples.html").exists()
    table = (tmp_path / "out" / "results.md").read_text()
    assert table == recommendation.table(report) + "\n"
    assert table.startswith("aligned, validation split, 1 seeds")


def test_a_model_alone_is_its_own_reference(tmp_path, monkeypatch):
    work_here(monkeypatch)
    config = recommendation.Config(
        small_task(), arm="popularity", open_test=True, examples=0, out=str(tmp_path)
    )
    report = recommendation.run(config)
    assert (report.reference, report.split) == ("popularity", "test")


def test_own_files_are_a_data_set_too(tmp_path, monkeypatch):
    work_here(monkeypatch)
    world = Preferences(30, 24, interactions=8)
    rows = world.interaction_table.edge_index.T.tolist()
    text = "user,item\n" + "".join(f"u{user},i{item:02}\n" for user, item in rows)
    (tmp_path / "mine.csv").write_text(text)
    source = RecommendationSource("files", files=OwnFiles(str(tmp_path / "mine.csv")))
    task = Recommendation(source, models={"lightgcn": ModelSettings({"dim": 4})})
    task = replace(task, budget=replace(task.budget, epochs=1))
    recommendation.run(recommendation.Config(task, arm="lightgcn", examples=0, out=str(tmp_path / "out")))
    found = load_recommendations(tmp_path / "out" / "cells" / "lightgcn" / "seed0")
    assert found.recommend("u3", 1)[0].title.startswith("i")


def test_shares_are_per_cent_and_counts_and_bits_are_not():
    values = {
        "recall@20": 0.25,
        "also.popularity.q1.recall@20": 0.125,
        "also.popularity@20": 37.5,
        "also.novelty@20": 4.25,
        "also.coverage@20": 0.5,
        "parameters": 9000.0,
    }
    scores = {name: mean_interval([value]) for name, value in values.items()}
    scores["ndcg@20"] = MeanInterval(0.1, 0.08, 0.12, 3)
    row = Row("aligned", "ours", scores, None, (0.25,))
    report = Report("recommendation", "recall@20", "aligned", "validation", 3, (row,))
    lines = recommendation.table(report).splitlines()
    assert lines[:4] == [
        "aligned, validation split, 3 seeds: mean [95 % interval], Student's t",
        "",
        "| score | value |",
        "|---|---|",
    ]
    assert set(lines[4:]) == {
        "| recall@20 | 25.00 % |",
        "| ndcg@20 | 10.00 [8.00, 12.00] % |",
        "| popularity.q1.recall@20 | 12.50 % |",
        "| popularity@20 | 37.5 |",
        "| novelty@20 | 4.2 |",
        "| coverage@20 | 50.00 % |",
        "| parameters | 9000.0 |",
    }
