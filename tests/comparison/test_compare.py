import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmgraph.comparison import compare
from mmgraph.errors import InputError
from tests.comparison.toy import Drawn, Toy

ROOT = Path(__file__).parent.parent.parent


def lines(tmp_path):
    return sorted((tmp_path / "log").read_text().split("\n"))[1:]


def test_every_cell_is_trained_and_then_tested_once_and_more_arms_add_to_it(tmp_path):
    task, out = Toy(str(tmp_path / "log")), tmp_path / "out"
    compare(task, ["better"], 2, out, workers=2)
    first = lines(tmp_path)
    assert first == sorted(
        [f"prepare {split}" for split in ("train", "validation", "test")]
        + [
            f"{stage} {arm} {seed}"
            for stage in ("train", "test")
            for arm in ("plain", "better")
            for seed in (0, 1)
        ]
    )
    compare(task, ["better"], 2, out)
    assert lines(tmp_path) == first
    report = compare(task, ["better"], 3, out)
    assert {"train plain 2", "test better 2"} <= set(lines(tmp_path))
    assert lines(tmp_path).count("test better 0") == 1
    assert [row.arm for row in report.rows] == ["better", "plain"]
    assert json.loads((out / "table.json").read_text()) == report.as_dict()
    assert (out / "table.md").read_text() == report.markdown() + "\n"


def test_the_test_split_stays_shut_until_it_is_opened(tmp_path):
    task = Toy(str(tmp_path / "log"))
    report = compare(task, [], 1, tmp_path / "out", open_test=False)
    assert report.split == "validation"
    assert lines(tmp_path) == ["prepare train", "prepare validation", "train plain 0"]
    assert report.rows[0].scores["accuracy"].mean == 0.5


def test_a_gallery_is_of_the_reference_arm_s_first_run_and_only_where_it_is_asked_for(tmp_path):
    task, out = Drawn(str(tmp_path / "log")), tmp_path / "out"
    compare(task, ["better"], 2, out, open_test=False)
    assert not (out / "gallery").exists()
    compare(task, ["better"], 2, out, open_test=False, gallery=3)
    found = json.loads((out / "gallery" / "index.html").read_text())
    assert found == ["plain", 0, str(out / "cells" / "plain" / "seed0"), 3]
    with pytest.raises(InputError, match="gallery=-1"):
        compare(task, [], 1, out, gallery=-1)


def test_a_task_that_cannot_show_anything_is_compared_without_a_gallery(tmp_path):
    out = tmp_path / "out"
    compare(Toy(str(tmp_path / "log")), [], 1, out, open_test=False, gallery=3)
    assert (out / "table.md").exists()
    assert not (out / "gallery").exists()


def test_a_cell_that_fails_is_named_and_the_others_are_kept(tmp_path):
    task, out = Toy(str(tmp_path / "log")), tmp_path / "out"
    with pytest.raises(InputError, match=r"1 of 2 cells failed to train.*ValueError: the arm is broken"):
        compare(task, ["broken"], 1, out)
    assert (out / "cells" / "plain" / "seed0" / "results.json").exists()
    assert not (out / "cells" / "broken" / "seed0" / "results.json").exists()
    assert "test plain 0" not in lines(tmp_path)


def test_what_cannot_be_compared_is_an_error(tmp_path):
    task, out = Toy(str(tmp_path / "log")), tmp_path / "out"
    with pytest.raises(InputError, match="no arm 'nope'"):
        compare(task, ["nope"], 1, out)
    with pytest.raises(InputError, match="seeds=0"):
        compare(task, [], 0, out)
    assert not out.exists()
    compare(task, [], 1, out, open_test=False)
    with pytest.raises(InputError, match="its size is 3, now it is 4"):
        compare(Toy(str(tmp_path / "log"), size=4), [], 1, out)
    (out / "cells" / "plain" / "seed0" / "results.json").write_text("[1]")
    with pytest.raises(InputError, match="not a result of a comparison"):
        compare(task, [], 1, out, open_test=False)
    (out / "comparison.json").write_text("{")
    with pytest.raises(InputError, match="is no JSON"):
        compare(task, [], 1, out)


def test_an_interrupted_comparison_keeps_what_is_done_and_leaves_no_process(tmp_path):
    code = (
        "from tests.comparison.toy import Toy; from mmgraph.comparison import compare\n"
        "if __name__ == '__main__':\n"
        f"    compare(Toy({str(tmp_path / 'log')!r}), ['slow'], 1, {str(tmp_path / 'out')!r})"
    )
    script = tmp_path / "run.py"
    script.write_text(code)
    # A job in the background of a shell ignores the signal, and so do its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    end = time.monotonic() + 90
    while time.monotonic() < end and "train slow 0" not in _read(tmp_path / "log"):
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) != 0
    assert (tmp_path / "out" / "cells" / "plain" / "seed0" / "results.json").exists()
    assert not (tmp_path / "out" / "cells" / "slow" / "seed0" / "results.json").exists()
    assert _ends(process.pid), "some process of the comparison is still there"


def _ends(group):
    """Whether a process group is gone, or goes within some seconds."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def _read(path):
    return path.read_text() if path.exists() else ""
