"""The benchmarks of layers and of a training step, cut small."""

import json
from functools import partial

import pytest
import torch

from experiments.benchmarks import density, layers, layers_data, training_step
from experiments.benchmarks.layers_peers import pyg
from experiments.benchmarks.machine import matmul_flops
from experiments.benchmarks.memory import peak_bytes

NAMES = ("gcn", "sage", "gat", "gatv2", "transformer", "hgt")


@pytest.mark.parametrize("layer", NAMES)
@pytest.mark.parametrize("kind", [layers_data.full, layers_data.top5])
def test_ours_computes_what_pyg_does(layer, kind):
    graph = kind(3)
    layers._checked(layer, graph, pyg(layer, graph), layer)


def test_the_batch_has_the_edges_that_it_says():
    assert 290_000 < sum(map(layers_data.full().num_edges, layers_data.full().schema.edges)) < 320_000
    assert 75_000 < sum(map(layers_data.top5().num_edges, layers_data.top5().schema.edges)) < 90_000


def test_the_layers_are_measured_and_the_figures_written(tmp_path, monkeypatch):
    monkeypatch.setitem(layers.KINDS, "full", lambda graphs: layers_data.full(3))
    monkeypatch.setattr(layers, "rates", lambda rounds: {"machine.matmul_gflops": 50.0})
    layers.main(quick=True, layers=["gcn", "gat"], kinds=["full"], json=str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    for layer in ("gcn", "gat"):
        for figure in ("speedup_pyg", "speedup_mha", "memory_ratio_pyg", "share_of_matmul"):
            assert found[f"{layer}.full.{figure}"] > 0


def test_densities_are_measured_and_the_figures_written(tmp_path, monkeypatch):
    monkeypatch.setattr(density, "NODES", 64)
    monkeypatch.setattr(density, "LAYERS", ("gcn",))
    monkeypatch.setattr(density, "QUICK_SIZES", (16,))
    density.main(quick=True, json=str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    assert {"density.worst_ratio", "density.planner.worst_ratio", "density.gcn.crossover_16"} <= found.keys()


def test_a_step_of_ours_and_of_the_peer_has_the_same_logits():
    seconds, figures = training_step.measure("step", training_step.SETTINGS["step"], rounds=1)
    assert set(seconds) == {"step.ours", "step.pyg"}
    assert set(figures) == {"step.speedup_pyg", "step.memory_ratio_pyg"}


def test_memory_is_that_of_the_worst_moment():
    def work() -> None:
        first = torch.zeros(2**18)
        second = first + 1
        del first
        torch.stack([second])

    assert peak_bytes(work) == pytest.approx(2 * 2**20, rel=1e-3)
    assert peak_bytes(partial(torch.zeros, 2**18)) == pytest.approx(2**20, rel=1e-3)


def test_products_count_alike_whether_they_add_in_place_or_not():
    first, second, total = torch.ones(3, 4), torch.ones(4, 5), torch.ones(3, 5)
    assert matmul_flops(lambda: first @ second) == 2 * 3 * 4 * 5
    assert matmul_flops(lambda: total.addmm_(first, second)) == 2 * 3 * 4 * 5
