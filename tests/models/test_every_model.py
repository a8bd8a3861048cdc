"""What holds for every public model with its head, stated once. A model without an example fails here."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

import mmgraph.models
from mmgraph.errors import InputError
from mmgraph.graph import Schema, collate, select, without
from tests.models.every_model import DIM, EXAMPLES, Example
from tests.nn.example import SCHEMA, one
from tests.nn.example import batch as batch_with_an_empty_sample

ALL = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())
TARGET = torch.tensor([0, 1, 2, 0])


def batch(dtype: torch.dtype = torch.float64):
    graph = select(batch_with_an_empty_sample(), [0, 1, 2, 4])
    return graph.apply(lambda t: t.to(dtype) if t.is_floating_point() else t)


class Answerer(nn.Module):
    """Model, head and loss in one call."""

    def __init__(self, example: Example):
        super().__init__()
        self.model, self.head = example.make(), example.head()

    def forward(self, graph, target):
        return sum(self.head.loss(self.model.encode(graph), target).values())


def test_every_public_model_has_an_example():
    public = {name for name in mmgraph.models.__all__ if hasattr(getattr(mmgraph.models, name), "encode")}
    assert public == {name.split(",")[0] for name in EXAMPLES}


@ALL
def test_a_sample_gives_alone_what_it_gives_in_a_batch(example):
    model, graph = example.make().double().eval(), batch()
    together = model.encode(graph)
    assert together.fused.shape == (4, DIM)
    for i in range(graph.num_graphs):
        alone = model.encode(select(graph, [i]))
        assert torch.allclose(alone.fused[0], together.fused[i], atol=1e-10)
        for key, value in alone.pooled.items():
            assert torch.allclose(value[0], together.pooled[key][i], atol=1e-10)


@ALL
def test_the_order_of_node_types_changes_nothing(example):
    model, graph = example.make().double().eval(), batch()
    with torch.no_grad():
        # Embeddings of modalities begin so small that a mix-up would hardly show.
        for name, weight in model.named_parameters():
            if name.endswith("modality"):
                weight.copy_(torch.randn_like(weight))
    turned = Schema(dict(reversed(graph.schema.nodes.items())), dict(reversed(graph.schema.edges.items())))
    expected, found = model.encode(graph), model.encode(replace(graph, schema=turned))
    assert torch.allclose(found.fused, expected.fused, atol=1e-10)
    for key, value in expected.nodes.items():
        assert torch.allclose(found.nodes[key], value, atol=1e-10)


@ALL
def test_every_weight_gets_a_finite_gradient(example):
    answerer = Answerer(example).double()
    answerer(batch(), TARGET).backward()
    for name, parameter in answerer.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


@ALL
@pytest.mark.parametrize("key", SCHEMA.nodes)
def test_any_modality_may_be_missing_from_all_samples(example, key):
    graph = without(select(batch(), [0, 3]), [key])
    answerer = Answerer(example).double()
    loss = answerer(graph, TARGET[:2])
    loss.backward()
    assert bool(torch.isfinite(loss))
    assert all(p.grad is None or bool(torch.isfinite(p.grad).all()) for p in answerer.parameters())


@ALL
def test_a_sample_without_any_node_is_named(example):
    model = example.make()
    with pytest.raises(InputError, match=r"sample 1 of the batch \('s'\) has no nodes of any type"):
        model(collate([one(1, 0, 0), one(0, 0, 0)]))
    assert model(select(batch(torch.float32), [])).shape == (0, DIM)


@ALL
def test_a_state_dict_carries_everything(example):
    first, second, graph = Answerer(example).double().eval(), Answerer(example).double().eval(), batch()
    first.model.fit_features(graph)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.model(graph), second.model(graph))
    assert torch.equal(first.head(first.model.encode(graph)), second.head(second.model.encode(graph)))


@ALL
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_model_of_another_precision_takes_the_same_graph(example, dtype):
    assert example.make().to(dtype)(batch(torch.float32)).dtype == dtype


@ALL
def test_forward_backward_and_step_never_wait_for_the_device(example, accelerator):
    answerer, graph = Answerer(example), batch(torch.float32)
    mode = FakeTensorMode()

    def fake(tensor):
        return FakeTensor(mode, tensor.detach().to("meta"), accelerator)

    weights = {name: nn.Parameter(fake(p)) for name, p in answerer.named_parameters()}
    buffers = {name: fake(b) for name, b in answerer.named_buffers()}
    arguments = (graph.apply(fake), fake(TARGET))
    with mode:
        loss = torch.func.functional_call(answerer, {**weights, **buffers}, arguments)
        assert loss.device.type == "sim"
        gradients = torch.autograd.grad(loss, list(weights.values()))
        for weight, gradient in zip(weights.values(), gradients, strict=True):
            weight.grad = gradient
        torch.optim.AdamW(weights.values(), foreach=False).step()
    assert all(gradient.device.type == "sim" for gradient in gradients)
