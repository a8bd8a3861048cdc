"""Every committed comparison runs, cut small, from the command line."""

import json
from pathlib import Path

import pytest
import yaml

import experiments
from mmgraph.cli import main
from mmgraph.tasks.vqa.arms import arm

CONFIGS = sorted((Path(experiments.__file__).parent / "configs").glob("compare_vqa_*.yaml"))
SMALL = {
    "train_scenes": 6,
    "validation_scenes": 3,
    "test_scenes": 3,
    "questions_per_scene": 6,
    "steps": 2,
    "validate_every": 2,
    "batch_size": 16,
    "dim": 16,
    "heads": 2,
}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_comparison_runs_and_leaves_its_tables(path, tmp_path, capsys):
    sizes = [f"--task.{name}={value}" for name, value in SMALL.items()]
    out, result = tmp_path / "out", tmp_path / "table.json"
    where = ["--arms=full,no_graph", "--seeds=1", "--gallery=1", f"--out={out}", f"--json={result}"]
    main(["compare", "vqa", f"--config={path}", *sizes, *where])
    table = json.loads(result.read_text())
    assert table == json.loads((out / "table.json").read_text())
    assert table["split"] == "test"
    assert set(table["arms"]) == {"full", "no_graph"}
    printed = capsys.readouterr().out
    assert "| full |" in printed
    assert printed.splitlines()[-1] == f"open {out}/gallery/index.html"
    assert sorted(path.name for path in (out / "gallery").iterdir()) == ["0.html", "index.html"]
    assert (out / "figure.png").stat().st_size > 1000
    assert (out / "subsets.png").stat().st_size > 1000


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_comparison_names_arms_that_there_are(path):
    config = yaml.safe_load(path.read_text())
    for name in config["arms"].split(","):
        assert arm(name).about
    assert config["seeds"] >= 5


def test_a_user_s_error_is_one_line(tmp_path):
    with pytest.raises(SystemExit, match="there is no arm 'magic'"):
        main(["compare", "vqa", "--arms=magic", f"--out={tmp_path / 'out'}"])
    assert not (tmp_path / "out").exists()
