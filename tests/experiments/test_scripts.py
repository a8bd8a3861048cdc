"""Fuzzing, benchmarks and the demonstration run, cut small."""

import json

from PIL import Image

from experiments import demo, fuzz
from experiments.benchmarks import building


def test_damaged_files_raise_only_our_errors_quickly_and_within_memory():
    figures = fuzz.main(count=600, seed=1)
    assert figures["image.files"] == figures["audio.files"] == figures["graph.files"] == 200
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


def test_the_demonstration_leaves_its_pictures(tmp_path, capsys):
    config = demo.Config(seconds=1.0, train_scenes=20, validation_scenes=10, out=str(tmp_path))
    demo.train_on_scenes(config)
    demo.build_photograph(config)
    assert "gain over the question alone" in capsys.readouterr().out
    for name in ("scene_relational", "scene_non_relational", "astronaut_alignment", "astronaut_graph"):
        assert Image.open(tmp_path / f"{name}.png").size[0] > 500
    assert (tmp_path / "astronaut.json").is_file()
    assert (tmp_path / "scenes" / "results.json").is_file()
