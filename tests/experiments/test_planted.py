import json

import torch

from experiments.benchmarks import planted


def test_a_copy_is_the_graph_renamed_and_as_noisy_as_stated():
    for make, noise in (
        (planted.weighted, 0.0),
        (planted.edges, 0.0),
        (planted.edges, 0.05),
        (planted.weighted, 0.05),
    ):
        found = make(noise, 50, 20)
        back = torch.stack([copy[p][:, p] for copy, p in zip(found.target, found.permutation, strict=True)])
        difference = (back - found.source)[:, *torch.triu_indices(20, 20, 1)]
        spread = difference.std() if make is planted.weighted else (difference != 0).float().mean()
        assert abs(float(spread) - noise) < 0.01
        assert torch.equal(found.target, found.target.mT)
        assert float(found.target.diagonal(dim1=1, dim2=2).abs().sum()) == 0


def test_the_benchmark_writes_its_figures_and_recovers_what_was_planted(tmp_path):
    planted.main(quick=True, json=str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    names = ["", ".noise_0", ".noise_10", ".edges.noise_0", ".edges.noise_5", ".edges.noise_10"]
    assert set(found) == {f"planted.{a}{n}" for a in ("spectral", "assignment", "gromov") for n in names}
    for aligner in ("spectral", "assignment", "gromov"):
        assert found[f"planted.{aligner}"] > 0.99
