"""The benchmark of a step on a GPU, cut small: both sides are checked to do the same, wherever they lie."""

import json

import torch

from experiments.benchmarks import gpu_step


def test_it_runs_with_or_without_a_gpu_and_writes_its_figures(tmp_path, monkeypatch, capsys):
    for name, value in {"USERS": 600, "ITEMS": 400, "INTERACTIONS": 5000, "BATCH": 640}.items():
        monkeypatch.setattr(gpu_step, name, value)
    gpu_step.main(quick=True, json=str(tmp_path / "figures.json"))
    found = json.loads((tmp_path / "figures.json").read_text())
    assert found["gpu_step.speedup_pyg"] > 0
    assert ("gpu_step.peak_mib_ours" in found) == torch.cuda.is_available()
    assert "a step on 500 interactions" in capsys.readouterr().out
