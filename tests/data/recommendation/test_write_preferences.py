import runpy
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mmgraph.data.recommendation import Preferences, read_table, split_as_given

SCRIPT = str(Path(__file__).parents[3] / "datasets" / "write_preferences.py")


def test_the_script_writes_what_was_drawn(tmp_path, monkeypatch):
    out = tmp_path / "world"
    options = ["--num-users", "30", "--num-items", "24", "--interactions", "6", "--missing", "0.25"]
    monkeypatch.setattr(sys, "argv", [SCRIPT, "--out", str(out), *options])
    runpy.run_path(SCRIPT, run_name="__main__")
    world = Preferences(30, 24, interactions=6.0, missing=0.25)
    assert len(list((out / "image").iterdir())) == len(list((out / "audio").iterdir())) == 18
    rows = read_table(out / "interactions.csv", time="time", part="part")
    ids = world.catalogue.user_ids, world.catalogue.item_ids
    parts = split_as_given(rows.table(*ids), rows.part)
    for found, drawn in zip(
        parts, (world.data.train, world.data.validation, world.data.open_test()), strict=True
    ):
        assert torch.equal(found.edge_index, drawn.edge_index)
        assert torch.equal(found.times, drawn.times)
    assert torch.equal(load_file(out / "truth.safetensors")["factors"], world.truth.factors)


def test_the_script_says_in_one_line_what_is_wrong(tmp_path, monkeypatch):
    for options, message in (([], "already there"), (["--factors", "9"], "factors=9")):
        monkeypatch.setattr(sys, "argv", [SCRIPT, "--out", str(tmp_path), *options])
        with pytest.raises(SystemExit, match=message):
            runpy.run_path(SCRIPT, run_name="__main__")
