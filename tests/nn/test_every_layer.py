"""What holds for every public layer, stated once. A layer without an example fails here."""

import copy
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

import mmgraph.nn
from mmgraph.graph import COMPLETE, HeteroGraph, select
from mmgraph.ops import ragged
from tests.nn.every_layer import EXAMPLES, SIZES, Example, batch, planned

ROOT = Path(__file__).parent.parent.parent
ALL = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())


def made(example: Example, dtype: torch.dtype = torch.float64) -> nn.Module:
    """The layer with every weight set at random: zeros at the start would hide what they multiply."""
    layer = example.make().to(dtype).eval()
    random = torch.Generator().manual_seed(1)
    for parameter in layer.parameters():
        parameter.data.copy_(0.4 * torch.randn(parameter.shape, generator=random, dtype=dtype))
    return layer


def rows_of(name: str, graph: HeteroGraph, sample: int) -> slice:
    """The rows that a sample has in the output of this name."""
    kind = name.split(" ")[0]
    if kind == "sample":
        return slice(sample, sample + 1)
    starts = ragged.offsets(graph.sizes[kind])
    return slice(int(starts[sample]), int(starts[sample + 1]))


def test_every_public_layer_has_an_example():
    public = {name for name in mmgraph.nn.__all__ if isinstance(getattr(mmgraph.nn, name), type)}
    modules = {name for name in public if issubclass(getattr(mmgraph.nn, name), nn.Module)}
    assert modules == set(EXAMPLES)


@ALL
def test_a_sample_gives_alone_what_it_gives_in_a_batch(example):
    layer, graph = made(example), batch()
    together = example.call(layer, planned(graph))
    for sample in range(graph.num_graphs):
        alone = example.call(layer, planned(select(graph, [sample])))
        for name, value in together.items():
            assert torch.allclose(alone[name], value[rows_of(name, graph, sample)], atol=1e-10), (
                name,
                sample,
            )


@ALL
@pytest.mark.parametrize("form", ["dense", "csr"])
def test_every_layout_gives_the_same_numbers_and_gradients(example, form):
    graph = batch()
    results = []
    for layout in (None, form):
        layer = made(example)
        leaves = {key: value.clone().requires_grad_() for key, value in graph.x.items()}
        outputs = example.call(layer, planned(replace(graph, x=leaves), layout))
        torch.manual_seed(2)
        sum((value * torch.randn_like(value)).sum() for value in outputs.values()).backward()
        gradients = {f"x {key}": leaf.grad for key, leaf in leaves.items()}
        gradients |= {name: weight.grad for name, weight in layer.named_parameters()}
        results.append(outputs | {key: value for key, value in gradients.items() if value is not None})
    assert results[0].keys() == results[1].keys()
    for name, value in results[0].items():
        assert torch.allclose(value, results[1][name], atol=1e-9), name


@ALL
def test_the_order_of_edges_changes_nothing(example):
    layer, graph = made(example), batch()
    shuffled = graph
    for key in graph.schema.edges:
        index = graph.edge_index[key]
        if index is COMPLETE:
            continue
        order = torch.randperm(index.shape[1])
        attr = {key: graph.edge_attr[key][order]} if key in graph.edge_attr else {}
        shuffled = replace(
            shuffled,
            edge_index={**shuffled.edge_index, key: index[:, order]},
            edge_attr={**shuffled.edge_attr, **attr},
        )
    first, second = example.call(layer, planned(graph)), example.call(layer, planned(shuffled))
    for name, value in first.items():
        assert torch.allclose(value, second[name], atol=1e-10), name


@ALL
def test_renaming_nodes_renames_the_outputs(example):
    layer, graph = made(example), batch()
    order = {key: _order_within_samples(key) for key in SIZES}
    place = {key: value.argsort() for key, value in order.items()}
    renamed = replace(
        graph,
        x={key: value[order[key]] for key, value in graph.x.items()},
        edge_index={
            key: index
            if index is COMPLETE
            else torch.stack([place[key[0]][index[0]], place[key[2]][index[1]]])
            for key, index in graph.edge_index.items()
        },
    )
    first, second = example.call(layer, planned(graph)), example.call(layer, planned(renamed))
    for name, value in first.items():
        kind = name.split(" ")[0]
        expected = value if kind == "sample" else value[order[kind]]
        assert torch.allclose(expected, second[name], atol=1e-10), name


def _order_within_samples(node_type: str) -> torch.Tensor:
    sample = ragged.sample_of(SIZES[node_type])
    return (sample + torch.rand(len(sample))).argsort()


@ALL
def test_every_weight_gets_a_finite_gradient(example):
    layer, graph = made(example), batch()
    leaves = {key: value.clone().requires_grad_() for key, value in graph.x.items()}
    outputs = example.call(layer, planned(replace(graph, x=leaves)))
    sum((value**2).sum() for value in outputs.values()).backward()
    for name, parameter in layer.named_parameters():
        if name in example.unread:
            continue
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


@ALL
@pytest.mark.parametrize("kept", [[3], []], ids=["a sample without nodes", "no sample"])
@pytest.mark.parametrize("form", [None, "dense", "csr"])
def test_nothing_in_gives_finite_rows_and_gradients(example, kept, form):
    layer, graph = made(example), batch()
    graph = select(graph, kept)
    leaves = {key: value.clone().requires_grad_() for key, value in graph.x.items()}
    outputs = example.call(layer, planned(replace(graph, x=leaves), form))
    sum((value**2).sum() for value in outputs.values()).backward()
    for name, value in outputs.items():
        assert torch.isfinite(value).all(), name
    for name, parameter in layer.named_parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all(), name


@ALL
def test_gradients_are_those_of_finite_differences(example):
    layer, graph = made(example), planned(select(batch(), [0, 4]))
    keys = [key for key, value in graph.x.items() if len(value)]

    def function(*values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        outputs = example.call(layer, replace(graph, x={**graph.x, **dict(zip(keys, values, strict=True))}))
        return tuple(outputs.values())

    inputs = [graph.x[key].clone().requires_grad_() for key in keys]
    assert torch.autograd.gradcheck(function, inputs, fast_mode=True)


SHORT = pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
FORMS = pytest.mark.parametrize("form", [None, "csr"])


@ALL
@SHORT
@FORMS
@pytest.mark.parametrize("given", ["long", "short"])
def test_short_floats_stay_near_the_long_ones(example, dtype, form, given):
    layer, graph = made(example, torch.float32), planned(batch(torch.float32), form)
    exact = example.call(layer, graph)
    kind = torch.float32 if given == "long" else dtype
    with torch.autocast("cpu", dtype):
        leaves = {key: value.to(kind, copy=True).requires_grad_() for key, value in graph.x.items()}
        outputs = example.call(layer, replace(graph, x=leaves))
        sum((value.float() ** 2).sum() for value in outputs.values()).backward()
    assert_near(outputs, exact)
    assert all(torch.isfinite(p.grad).all() for p in layer.parameters() if p.grad is not None)


@ALL
@SHORT
@FORMS
def test_a_layer_and_a_graph_in_short_floats_stay_near_the_long_ones(example, dtype, form):
    layer, graph = made(example, torch.float32), planned(batch(torch.float32), form)
    exact = example.call(layer, graph)
    leaves = {key: value.to(dtype).requires_grad_() for key, value in graph.x.items()}
    attr = {
        key: value.to(dtype) if value.is_floating_point() else value for key, value in graph.edge_attr.items()
    }
    layer = layer.to(dtype)
    outputs = example.call(layer, replace(graph, x=leaves, edge_attr=attr))
    sum((value.float() ** 2).sum() for value in outputs.values()).backward()
    assert {value.dtype for value in outputs.values()} == {dtype}
    assert_near(outputs, exact)
    assert all(torch.isfinite(p.grad).all() for p in layer.parameters() if p.grad is not None)


def assert_near(outputs: dict[str, torch.Tensor], exact: dict[str, torch.Tensor]) -> None:
    """As near as short floats come."""
    for name, value in exact.items():
        scale = value.abs().max().clamp(min=1) if value.numel() else 1
        assert ((outputs[name].float() - value).abs() < 0.06 * scale).all(), name


@pytest.fixture(scope="module")
def faults():
    """What went wrong with each compiled layer."""
    script = [sys.executable, "-m", "tests.nn.compile_every_layer"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("form", [None, "csr"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_torch_compiles_it_without_a_break(name, form, faults):
    assert faults[f"{name}-{form}"] == ""


class Exported(nn.Module):
    """The features go in; the edges are constants of the program."""

    def __init__(self, example: Example, layer: nn.Module, graph: HeteroGraph) -> None:
        super().__init__()
        self.layer, self.call, self.graph = layer, example.call, graph

    def forward(self, x: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return self.call(self.layer, replace(self.graph, x=x))


@ALL
def test_torch_exports_it(example):
    layer, graph = made(example), planned(batch())
    module = Exported(example, layer, graph)
    x = dict(graph.x)
    program = torch.export.export(module, (x,))
    expected = module(x)
    for name, value in program.module()(x).items():
        assert torch.allclose(value, expected[name], atol=1e-10), name


@ALL
@pytest.mark.parametrize("form", [None, "csr"])
def test_forward_backward_and_step_never_wait_for_the_device(example, accelerator, form):
    layer, graph = made(example, torch.float32), planned(batch(torch.float32), form)
    mode = FakeTensorMode()

    def fake(tensor: torch.Tensor) -> torch.Tensor:
        return FakeTensor(mode, tensor.detach().to("meta"), accelerator)

    weights = {name: nn.Parameter(fake(value)) for name, value in layer.named_parameters()}
    buffers = {name: fake(value) for name, value in layer.named_buffers()}
    graph = graph.apply(fake)

    class Called(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self) -> torch.Tensor:
            return sum(value.square().sum() for value in example.call(self.layer, graph).values())

    names = {f"layer.{name}": value for name, value in {**weights, **buffers}.items()}
    with mode:
        loss = torch.func.functional_call(Called(), names, ())
        assert loss.device.type == "sim"
        if weights:
            gradients = torch.autograd.grad(loss, list(weights.values()), allow_unused=True)
            for weight, gradient in zip(weights.values(), gradients, strict=True):
                weight.grad = gradient
                assert gradient is None or gradient.device.type == "sim"
            torch.optim.AdamW(weights.values(), foreach=False).step()


@ALL
def test_training_and_evaluation_agree_without_dropout(example):
    layer, graph = made(example), planned(batch())
    evaluated = example.call(layer, graph)
    trained = example.call(copy.deepcopy(layer).train(), graph)
    for name, value in evaluated.items():
        assert torch.equal(value, trained[name]), name
