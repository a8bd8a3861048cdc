"""The benchmark of entropic transport, cut small."""

import json

import pytest
import torch

from experiments.benchmarks import alignment, planted


@pytest.fixture
def small(monkeypatch):
    for name, value in {"BATCH": 3, "SOURCES": 6, "TARGETS": 4, "ITERATIONS": 20, "EPS": (0.5, 0.05)}.items():
        monkeypatch.setattr(alignment, name, value)


def test_a_ragged_problem_has_even_masses_of_some_nodes(small):
    _, source, target = alignment.problem(ragged=True)
    assert torch.allclose(source.sum(1), torch.ones(3))
    assert torch.allclose(target.sum(1), torch.ones(3))
    sizes = (source > 0).sum(1)
    assert torch.allclose(source, (torch.arange(6) < sizes[:, None]) / sizes[:, None])
    assert len(sizes.unique()) > 1


def test_a_side_that_is_wrong_is_not_timed(small):
    with pytest.raises(AssertionError, match=r"wrong is wrong at eps=0.5"):
        alignment.check_same(alignment.problem(), {"wrong": lambda cost, source, target, eps: cost})


def test_the_figures_are_written(small, tmp_path):
    alignment.main(quick=True, json=str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    speedups = ("forward.speedup_otbatch", "forward.speedup_pot", "backward.speedup_autograd")
    each = ("left", "gradient.ours", "gradient.autograd", *speedups)
    assert set(found) == {
        *(f"sinkhorn.difference.{side}" for side in ("ours", "otbatch", "pot", "log_domain", "ragged")),
        *(f"sinkhorn.converged.{name}" for name in ("moved", "missed")),
        *(f"sinkhorn.{name}" for name in speedups),
        *(f"sinkhorn.{name}.eps_{eps}" for name in each for eps in ("0.5", "0.05")),
        "sinkhorn.forward.share_of_products",
        *planted.figures(1),
    }
    assert found["sinkhorn.difference.ours"] < 1e-5
    assert found["sinkhorn.converged.moved"] < 1e-6
    assert all(found[f"sinkhorn.{name}"] > 0 for name in speedups)
