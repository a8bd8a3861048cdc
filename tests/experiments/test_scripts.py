"""Fuzzing, benchmarks and the demonstration run, cut small."""

import json

import torch
from PIL import Image

from experiments import demo, fuzz
from experiments.benchmarks import building
from mmgraph.graph import HeteroGraph
from mmgraph.tasks.vqa import load_run


def test_damaged_files_raise_only_our_errors_quickly_and_within_memory():
    figures = fuzz.main(count=800, seed=1)
    assert {figures[f"{name}.files"] for name in ("image", "audio", "graph", "explanation")} == {200}
    assert figures["explanation.refused"] > 150
    assert figures["image.refused"] > 50
    assert figures["memory_mb"] < 300


def test_the_building_benchmark_makes_equal_batches_and_writes_its_figures(tmp_path):
    building.main(quick=True, json=str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    assert set(found) == {
        "building.speedup_pyg",
        "building.written_out.speedup_pyg",
        "building.one_by_one.speedup_pyg",
        "spatial.speedup_loop",
    }


def test_the_demonstration_leaves_its_pictures_and_names_the_page_to_open_last(tmp_path, capsys):
    config = demo.Config(
        steps=30, train_scenes=20, validation_scenes=10, gallery_samples=1, out=str(tmp_path)
    )
    demo.run(config)
    printed = capsys.readouterr().out
    assert "gain over the question alone" in printed
    for name in ("scene_relational", "scene_non_relational", "astronaut_alignment", "astronaut_graph"):
        assert Image.open(tmp_path / f"{name}.png").size[0] > 500
    assert (tmp_path / "astronaut.json").is_file()
    assert (tmp_path / "scenes" / "results.json").is_file()
    assert load_run(tmp_path / "scenes").step >= 1
    *_, photograph, last = printed.splitlines()
    assert photograph.endswith(f": {tmp_path / 'astronaut.html'}")
    assert last == f"open {tmp_path / 'scenes' / 'gallery' / 'index.html'}"
    for page in ("astronaut.html", "scenes/gallery/index.html", "scenes/gallery/0.html"):
        assert (tmp_path / page).is_file()


def test_the_photograph_s_links_are_those_of_the_graph(tmp_path):
    explanation = demo.build_photograph(demo.Config(out=str(tmp_path)))
    graph = HeteroGraph.load(tmp_path / "astronaut.json")
    (links,) = explanation.attributions
    edges = graph.edges(("token", "resembles", "region"))
    scores = graph.edge_score["token", "resembles", "region"].double()
    weights = links.maps["token", "region"].values[0, 0]
    assert torch.allclose(weights[edges[0], edges[1]], scores, atol=1e-4)
    assert int((weights > 0).sum()) == edges.shape[1]
    assert explanation.image.size == (512, 512)
    assert explanation.sound.seconds == len(demo.SENTENCE.split()) * demo.WORD_SECONDS
    assert explanation.prediction is None
