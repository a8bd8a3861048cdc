import json
from dataclasses import replace

import pytest
import torch
import yaml
from torch import nn

from mmgraph.errors import InputError
from mmgraph.graph import GraphStore, HeteroGraph, NodeSpec, Schema, plan
from mmgraph.training import Run, fit

SCHEMA = Schema({"point": NodeSpec(2)})


class Line(nn.Module):
    """Predicts a sample's target from the sum of its points."""

    def __init__(self):
        super().__init__()
        self.map = nn.Linear(2, 1)

    def forward(self, graph):
        total = torch.zeros(graph.num_graphs, 2).index_add(0, graph.batch["point"], graph.x["point"])
        error = self.map(total)[:, 0] - graph.target["y"]
        return {"squared": (error**2).mean(), "small": 1e-3 * self.map.weight.abs().sum()}


def store(count=64):
    graph = HeteroGraph.create(
        SCHEMA, count, sizes={"point": [2] * count}, x={"point": torch.randn(2 * count, 2)}
    )
    total = graph.x["point"].view(count, 2, 2).sum(1)
    return GraphStore(replace(graph, target={"y": total @ torch.tensor([2.0, -1.0]) + 0.5}))


def train(tmp_path, module=None, **options):
    module = module or Line()
    data = store()

    def validate():
        return -float(module(data.graph)["squared"])

    options = {"steps": 200, "batch_size": 16, "learning_rate": 0.1, "validate_every": 50} | options
    run = Run(tmp_path / "run", {"name": "line"})
    return module, fit(module, module, data, validate, run, **options), run


def test_training_finds_the_line_and_keeps_the_best_weights(tmp_path):
    module, fitted, run = train(tmp_path)
    assert torch.allclose(module.map.weight, torch.tensor([[2.0, -1.0]]), atol=0.05)
    lines = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [50, 100, 150, 200]
    assert {"validation", "squared", "small", "seconds"} < lines[0].keys()
    assert fitted.best_score == max(line["validation"] for line in lines)
    assert yaml.safe_load((run.folder / "config.yaml").read_text()) == {"name": "line"}


def test_every_batch_is_prepared_before_it_is_used(tmp_path):
    prepared, used = [], []

    class Watched(Line):
        def forward(self, graph):
            used.append(graph)
            return super().forward(graph)

    def prepare(graph):
        prepared.append(plan(graph))
        return prepared[-1]

    train(tmp_path, Watched(), steps=3, validate_every=3, prepare=prepare)
    assert len(prepared) == 3
    assert [graph.samples for graph in used[:3]] == [graph.samples for graph in prepared]


def test_the_same_seed_gives_the_same_weights(tmp_path):
    weights = []
    for _ in range(2):
        torch.manual_seed(1)
        module, *_ = train(tmp_path, steps=30)
        weights.append(module.map.weight)
    assert torch.equal(*weights)


def test_the_weights_loaded_at_the_end_are_those_of_the_best_validation(tmp_path):
    scores = iter([1.0, 5.0, 2.0, 3.0])
    module, kept = Line(), []

    def validate():
        kept.append(module.map.weight.clone())
        return next(scores)

    fitted = fit(module, module, store(), validate, Run(tmp_path, {}), steps=40, validate_every=10)
    assert (fitted.best_step, fitted.best_score) == (20, 5.0)
    assert torch.equal(module.map.weight, kept[1])


def test_an_interrupt_keeps_the_best_weights_so_far(tmp_path):
    calls = []

    def validate():
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return 1.0

    module = Line()
    fitted = fit(module, module, store(), validate, Run(tmp_path, {}), steps=99, validate_every=10)
    assert fitted.best_step == 10
    assert '"interrupted": true' in (tmp_path / "metrics.jsonl").read_text()


def test_time_ends_training(tmp_path):
    _, fitted, _ = train(tmp_path, steps=10**6, seconds=0.3)
    assert 0 < fitted.steps < 10**6
    assert fitted.seconds < 5


def test_a_loss_that_is_not_finite_is_named(tmp_path):
    module = Line()
    nn.init.constant_(module.map.weight, float("nan"))
    with pytest.raises(InputError, match=r"at step 50 the loss is not finite .*squared"):
        train(tmp_path, module)


def test_nothing_to_train_on_is_an_error(tmp_path):
    with pytest.raises(InputError, match="0 training samples"):
        fit(Line(), Line(), store(0), lambda: 0.0, Run(tmp_path, {}))


def test_a_new_run_in_a_folder_leaves_nothing_of_the_old_one(tmp_path):
    train(tmp_path)
    run = Run(tmp_path / "run", {})
    assert [path.name for path in run.folder.iterdir()] == ["config.yaml"]


def test_a_single_step_moves_the_weights_and_the_module_is_left_for_evaluation(tmp_path):
    module = Line().eval()
    before = module.map.weight.clone()
    train(tmp_path, module, steps=1, batch_size=64, validate_every=1)
    assert not torch.equal(before, module.map.weight)
    assert not module.training


def test_a_validation_without_a_score_is_named(tmp_path):
    with pytest.raises(InputError, match=r"validate\(\) returned NaN"):
        fit(Line(), Line(), store(), lambda: float("nan"), Run(tmp_path, {}), steps=1)


def test_even_the_worst_score_keeps_its_weights_and_json_stays_valid(tmp_path):
    module, run = Line(), Run(tmp_path, {})
    fitted = fit(module, module, store(), lambda: -float("inf"), run, steps=1)
    assert fitted.best_step == 1
    run.finish({"best": fitted.best_score})
    assert json.loads((tmp_path / "results.json").read_text()) == {"best": None}
    assert json.loads((tmp_path / "metrics.jsonl").read_text())["validation"] is None


@pytest.mark.parametrize(
    "options", [{"steps": 0}, {"seconds": 0.0}, {"validate_every": 0}, {"batch_size": 0}]
)
def test_no_training_at_all_is_an_error(tmp_path, options):
    with pytest.raises(InputError, match="give at least one of each"):
        fit(Line(), Line(), store(), lambda: 0.0, Run(tmp_path, {}), **options)
