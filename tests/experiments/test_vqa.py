"""Every committed configuration runs, cut small; the model learns and uses its inputs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from jsonargparse import ArgumentParser

from experiments import vqa
from mmgraph.data.synthetic import ANSWERS, Scenes
from mmgraph.tasks.vqa import FusionSettings, load_run, make_builder, make_split

CONFIGS = sorted((Path(vqa.__file__).parent / "configs").glob("vqa_*.yaml"))
SMALL = {
    "train_scenes": 6,
    "validation_scenes": 4,
    "test_scenes": 3,
    "steps": 4,
    "validate_every": 2,
    "dim": 16,
    "heads": 2,
    "batch_size": 16,
    "gallery_samples": 0,
}


def read(path: Path) -> vqa.Config:
    parser = ArgumentParser()
    parser.add_class_arguments(vqa.Config, "config")
    return parser.instantiate_classes(
        parser.parse_object({"config": yaml.safe_load(path.read_text())})
    ).config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_runs_and_leaves_its_files(path, tmp_path):
    config = replace(read(path), out=str(tmp_path), open_test=True, **SMALL)
    answerer, _, validation, found = vqa.run(config)
    results = json.loads((tmp_path / "results.json").read_text())
    assert set(results) == {"fitted", "validation", "test"}
    assert results["validation"]["accuracy"] == found["validation"].model.share
    assert found["validation"].model.total == len(validation.questions)
    assert yaml.safe_load((tmp_path / "config.yaml").read_text())["kind"] == config.kind
    graphs = validation.graphs
    assert load_run(tmp_path).answerer.predict(graphs, "cpu") == answerer.predict(graphs, "cpu")


def test_a_run_shows_its_first_answers_at_the_end(tmp_path):
    small = {**SMALL, "gallery_samples": 1}
    vqa.run(vqa.Config(kind="sort-of-clevr", modalities=("image",), out=str(tmp_path), **small))
    pages = sorted(path.name for path in (tmp_path / "gallery").iterdir())
    assert pages == ["0.html", "index.html"]
    index = (tmp_path / "gallery" / "index.html").read_text()
    assert "1 questions of the first 1 scenes of the validation split" in index


def test_the_test_split_stays_shut_by_default(tmp_path, monkeypatch):
    opened = []
    original = vqa.SceneData.scenes

    def watch(self, split):
        opened.append(split)
        return original(self, split)

    monkeypatch.setattr(vqa.SceneData, "scenes", watch)
    small = {**SMALL, "gallery_samples": 1}
    vqa.run(vqa.Config(kind="sort-of-clevr", modalities=("image",), out=str(tmp_path), **small))
    assert set(opened) == {"train", "validation"}


def test_regions_found_in_the_pixels_are_the_objects():
    scenes = Scenes("train", 10, kind="sort-of-clevr", questions_per_scene=1)
    builder = make_builder(["what shape is red?"], ["image"])
    split = make_split(scenes, builder, ANSWERS["sort-of-clevr"])
    graph = split.graphs.graph
    for number, scene in enumerate(split.scenes):
        boxes = graph.pos["region"][graph.batch["region"] == number] * 75
        expected = torch.tensor([item.box for item in scene.objects]).float()
        assert torch.allclose(boxes.sort(0).values, expected.sort(0).values, atol=1e-3)


def test_segments_found_in_the_sound_are_the_objects_that_sound():
    scenes = Scenes("train", 10, questions_per_scene=1)
    split = make_split(scenes, make_builder(["?"], ["audio"]), ANSWERS["full"])
    graph = split.graphs.graph
    for number, scene in enumerate(split.scenes):
        times = graph.pos["segment"][graph.batch["segment"] == number]
        expected = torch.tensor(sorted((o.onset, o.end) for o in scene.objects if o.onset is not None))
        assert torch.allclose(times, expected, atol=0.05)


def test_a_modality_that_is_left_out_is_missing_in_every_sample():
    scenes = Scenes("train", 2, questions_per_scene=2)
    builder = make_builder(["what shape is red?"], ["image", "audio"])
    split = make_split(scenes, builder, ANSWERS["full"], drop=["audio"])
    assert set(split.graphs.graph.sizes["segment"]) == {0}
    answerer = FusionSettings(dim=16, heads=2).make(builder.schema, ANSWERS["full"])
    assert len(answerer.predict(split.graphs, "cpu")) == 4
