import json
import math

import pytest

from mmgraph.comparison import Report
from mmgraph.comparison.cells import Cell
from tests.comparison.toy import Toy


@pytest.fixture
def report(tmp_path):
    task = Toy(str(tmp_path / "log"))
    cells = [Cell(arm, seed, tmp_path) for seed in range(3) for arm in ("plain", "better")]
    for cell in cells:
        cell.folder.mkdir(parents=True)
        gain = {"better": (0.01, 0.02, 0.06), "plain": (0, 0, 0)}[cell.arm][cell.seed]
        scores = {"accuracy": 0.5 + 0.1 * cell.seed + gain, "easy": 1.0, "easy.part": 0.3}
        (cell.folder / "results.json").write_text(
            json.dumps({**scores, "parameters": 1234, "cpu_seconds": 9.6})
        )
        (cell.folder / "test.json").write_text(json.dumps(scores))
    return Report.of(task, {"plain": "as it is", "better": "more"}, cells, "test")


def test_the_best_arm_is_first_and_differences_are_within_a_seed(report):
    better, plain = report.rows
    assert (better.arm, plain.arm) == ("better", "plain")
    assert better.scores["accuracy"].mean == pytest.approx(0.63)
    assert plain.behind is None
    # By hand: differences 1, 2, 6 points, mean 3, deviation 7 ** 0.5, t = 4.302653 at two degrees of freedom.
    half = 4.302653 * 7**0.5 / 3**0.5
    assert better.behind.mean == pytest.approx(-0.03)
    assert 100 * better.behind.low == pytest.approx(-3 - half, abs=1e-4)
    assert 100 * better.behind.high == pytest.approx(-3 + half, abs=1e-4)


def test_the_table_has_a_line_for_each_arm_with_scores_and_costs(report):
    lines = report.markdown().split("\n")
    assert lines[0] == "toy, test split, 3 seeds: mean [95 % interval], Student's t"
    assert lines[2].split(" | ")[:3] == ["| arm", "accuracy, %", "plain minus it, points"]
    assert "easy, %" in lines[2]
    assert "easy.part" not in lines[2]
    assert lines[4].startswith("| better | 63.0 [")
    assert "| 1,234 | 10 | more |" in lines[4]


def test_json_has_no_nan_and_all_scores(report):
    found = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert found["arms"]["plain"]["scores"]["easy.part"]["mean"] == pytest.approx(0.3)
    assert found["arms"]["plain"]["behind"] is None
    assert found["arms"]["better"]["values"] == pytest.approx([0.51, 0.62, 0.76])


def test_one_seed_has_no_interval(tmp_path):
    task, cell = Toy(str(tmp_path / "log")), Cell("plain", 0, tmp_path)
    cell.folder.mkdir(parents=True)
    (cell.folder / "results.json").write_text('{"accuracy": 0.25}')
    report = Report.of(task, {"plain": "as it is"}, [cell], "validation")
    assert math.isnan(report.rows[0].scores["accuracy"].low)
    assert "| plain | 25.0 |" in report.markdown()
    assert report.as_dict()["arms"]["plain"]["scores"]["accuracy"] == {
        "mean": 0.25,
        "low": None,
        "high": None,
    }


def by_group(tmp_path, scores):
    """The report of three seeds with these scores of each arm, and its arms by popularity."""
    task = Toy(str(tmp_path / "log"))
    cells = [Cell(arm, seed, tmp_path) for seed in range(3) for arm in scores]
    for cell in cells:
        cell.folder.mkdir(parents=True)
        given = {name: value + 0.1 * (cell.seed - 1) for name, value in scores[cell.arm].items()}
        (cell.folder / "results.json").write_text(json.dumps({"accuracy": 0.5, **given}))
    report = Report.of(task, dict.fromkeys(scores, "what it is"), cells, "validation")
    return report, report.by_popularity()


def test_groups_of_popularity_are_given_with_their_intervals_and_drawn(tmp_path):
    scores = {"cold.accuracy": 0.2, "also.popularity.q1.accuracy": 0.3, "also.popularity.q5.accuracy": 0.4}
    other = {"also.popularity.q1.accuracy": 0.1, "also.popularity.q1.easy": 0.9, "also.cold.easy": 0.9}
    report, found = by_group(tmp_path, {"plain": scores, "better": other})
    assert list(found["plain"]) == ["cold", "popularity.q1", "popularity.q5"]
    half = 0.1 * 4.302653 / 3**0.5
    assert found["plain"]["cold"] == pytest.approx((0.2, 0.2 - half, 0.2 + half), abs=1e-6)
    assert found["better"] == {"popularity.q1": pytest.approx((0.1, 0.1 - half, 0.1 + half), abs=1e-6)}
    pytest.importorskip("matplotlib")
    report.write(tmp_path)
    assert (tmp_path / "popularity.png").exists()


def test_a_task_without_such_groups_has_no_such_picture(tmp_path):
    pytest.importorskip("matplotlib")
    report, found = by_group(tmp_path, {"plain": {"easy": 1.0}, "better": {"cold.accuracy": 0.1}})
    report.write(tmp_path)
    assert found == {}
    assert (tmp_path / "figure.png").exists()
    assert not (tmp_path / "popularity.png").exists()


def test_of_many_arms_the_best_and_the_reference_are_drawn(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    groups = {f"popularity.q{n}.accuracy": 0.3 for n in (1, 2)}
    arms = {f"arm {n}": {**groups, "accuracy": 0.9} for n in range(12)} | {"plain": groups}
    report, _ = by_group(tmp_path, arms)
    drawn = []
    monkeypatch.setattr(
        "mmgraph.visualization.recall_by_popularity_figure", lambda arms, **look: drawn.extend(arms)
    )
    monkeypatch.setattr("mmgraph.visualization.save_figure", lambda *given: None)
    report.write(tmp_path)
    assert len(drawn) == 10
    assert drawn[-1] == "plain"
