import torch

from experiments.benchmarks import recommendation_item_graph as benchmark


def test_the_figures_have_their_names_and_all_neighbours_are_found(monkeypatch):
    monkeypatch.setattr(benchmark, "ITEMS", 2100)
    monkeypatch.setattr(benchmark, "WIDTH", 16)
    found = benchmark.figures(quick=False)
    names = ["extra_gb", "kept_mb", "graph_mb", "recall", "seconds", "speedup_float32"]
    assert list(found) == [f"item_graph.{name}" for name in names]
    assert found["item_graph.recall"] == 1.0


def test_recall_is_the_share_of_the_true_neighbours():
    x = torch.randn(40, 8)
    unit = torch.nn.functional.normalize(x, dim=1)
    index = (unit @ unit.T).fill_diagonal_(-2).topk(4).indices
    assert benchmark.recall(x, index) == 1.0
    index[:, 0] = torch.arange(40)
    assert benchmark.recall(x, index) == 0.75
