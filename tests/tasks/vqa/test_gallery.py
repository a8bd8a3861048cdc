"""A gallery has a page a sample, figures over all of them, and nothing of an earlier one."""

import json
from dataclasses import fields

import pytest

from mmgraph.explanation import Fidelity
from mmgraph.tasks.vqa import choose, explain_samples, load_run, write_gallery
from tests.tasks.vqa.runs import TASK, untrained_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return load_run(untrained_run(tmp_path_factory.mktemp("run")))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_gallery_has_a_page_a_sample_and_means_over_them(run, tmp_path):
    found = write_gallery(run, tmp_path, choose(run, 3), methods=["relevance"])
    assert names(tmp_path) == ["0.html", "1.html", "2.html", "index.html"]
    assert found.index == tmp_path / "index.html"
    explained = list(explain_samples(run, choose(run, 3).numbers, methods=["relevance"]))
    assert found.samples == 3
    assert found.accuracy == sum(one.prediction.right for one in explained) / 3
    for field in fields(Fidelity):
        for mean, side in ((found.fidelity, "fidelity"), (found.chance, "chance")):
            values = [getattr(getattr(one["relevance"], side), field.name) for one in explained]
            assert getattr(mean["relevance"], field.name) == pytest.approx(sum(values) / 3)
    assert json.loads(json.dumps(found.as_dict()))["index"] == str(tmp_path / "index.html")
    page = found.index.read_text()
    assert f"{run.folder.name}: 3 questions of the first 3 scenes of the validation split" in page
    assert str(run.folder.parent) not in page


def test_a_smaller_gallery_leaves_no_page_of_the_larger_one_before(run, tmp_path):
    write_gallery(run, tmp_path, choose(run, 3), methods=["plan"])
    (tmp_path / "notes.txt").write_text("mine")
    write_gallery(run, tmp_path, choose(run, 1), methods=["plan"])
    assert names(tmp_path) == ["0.html", "index.html", "notes.txt"]


def test_the_task_of_the_comparison_shows_a_cell_that_does_not_say_what_it_is_made_of(tmp_path):
    for split in ("train", "validation"):
        TASK.prepare(split, tmp_path / "data")
    TASK.train("text_image", 0, tmp_path / "data", tmp_path / "cell")
    said = (tmp_path / "cell" / "run.json").read_bytes()
    (tmp_path / "cell" / "run.json").unlink()
    index = TASK.gallery("text_image", 0, tmp_path / "cell", tmp_path / "gallery", 1)
    assert index.is_file()
    assert (tmp_path / "cell" / "run.json").read_bytes() == said
