import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from mmgraph.errors import InputError
from mmgraph.explanation.flow import Flow, flow, flow_and_gradients
from mmgraph.explanation.recording import recorded
from mmgraph.explanation.subject import Subject
from mmgraph.heads import AnswerHead
from mmgraph.models import FusionModel, HierarchicalModel, LateFusionModel
from mmgraph.models.transformer_block import TransformerBlock
from tests.explanation.sample import ANSWERS, DIM, HEADS, SCHEMA, fusion_model, sample, subject
from tests.nn.example import one


def test_encoders_of_single_types_stand_in_the_same_layers():
    model, graph = LateFusionModel(SCHEMA, DIM, layers=3, heads=HEADS), sample()
    subject(model)
    found = flow("attention", Subject(model, lambda e: e.fused[:, 0], lambda e: e.fused[:, 0]), graph)
    with torch.no_grad(), recorded(model) as recording:
        model.eval().encode(graph)
    assert len(recording.attention) == 9
    assert [layer.shape for layer in found.layers] == [(HEADS, 9, 9)] * 3
    bounds = {"region": (0, 3), "token": (3, 7), "segment": (7, 9)}
    for number, layer in enumerate(found.layers):
        rest = layer.clone()
        for kind, (key, (start, end)) in enumerate(bounds.items()):
            run = recording.attention[3 * kind + number]
            assert run.types == (key,)
            assert torch.equal(layer[:, start:end, start:end], run.weights()[0])
            rest[:, start:end, start:end] = 0
        assert not rest.any()


@pytest.mark.parametrize(
    ("layers", "pairs", "words"),
    [
        (1, 2, "1 layer and 2 alignments"),
        (2, 1, "2 layers and 1 alignment"),
        (2, 0, "2 layers"),
        (0, 1, "1 alignment"),
    ],
)
def test_steps_are_counted_in_words(layers, pairs, words):
    nothing = torch.zeros(1, 0, 0)
    found = Flow({}, (nothing,) * layers, ((("a", "b"), nothing[0]),) * pairs, {})
    assert found.steps == words


def test_attention_over_clusters_is_not_over_nodes():
    # Three types of three clusters and nine nodes: their number does not tell them apart.
    model = HierarchicalModel(SCHEMA, DIM, layers=2, heads=HEADS, clusters=3)
    explained, graph = subject(model), sample()
    assert len(flow("attention", explained, graph).layers) == 2
    with torch.no_grad(), recorded(model) as recording:
        model.encode(graph)
    assert [run.module.places for run in recording.attention] == ["nodes", "nodes", "clusters"]


def test_parts_are_of_the_only_sample_on_the_cpu_in_float64():
    model = FusionModel(SCHEMA, DIM, heads=HEADS, align=[("token", "region")])
    explained = Subject.answer(model, AnswerHead(DIM, ANSWERS), 1)
    for found in flow_and_gradients("relevance", explained, one(3, 4, 2)):
        parts = [*found.layers, *(share for _, share in found.plans), *found.pools.values()]
        assert [tuple(part.shape) for part in parts] == [(2, 9, 9), (2, 9, 9), (4, 3), (3,), (4,), (2,)]
        assert all(part.dtype == torch.float64 and part.device.type == "cpu" for part in parts)
        assert not any(part.requires_grad for part in parts)


class Other(nn.Module):
    """A model of somebody else, whose block stands over one place too many."""

    def __init__(self, heads):
        super().__init__()
        self.model = fusion_model()
        self.blocks = nn.ModuleList([TransformerBlock(DIM, count, 0.0) for count in heads])
        self.extra = 1 if heads == (2,) else 0

    def encode(self, graph):
        made = self.model.encode(graph)
        length = sum(map(len, made.nodes.values())) + self.extra
        for block in self.blocks:
            x = torch.zeros(1, length, DIM, dtype=torch.float64)
            block(x, torch.ones(1, length, length, dtype=torch.bool))
        return made


def test_attention_over_other_places_is_an_error():
    with pytest.raises(InputError, match=r"ran over 10 places, but the sample has 9 nodes.*leave_one_out"):
        flow("attention", subject(Other((2,))), sample())


def test_layers_with_other_numbers_of_heads_are_an_error():
    with pytest.raises(InputError, match="with 2 and with 4 heads"):
        flow("attention", subject(Other((4,))), sample())


def test_a_score_without_a_gradient_is_an_error():
    model = fusion_model()
    subject(model)
    flat = Subject(model, lambda e: e.fused[:, 0].detach(), lambda e: e.fused[:, 0])
    with pytest.raises(InputError, match="relevance: the score has no gradient"):
        flow_and_gradients("relevance", flat, sample())


def test_weights_and_gradients_stay_on_the_device_of_the_sample(accelerator):
    model, head, graph = (
        FusionModel(SCHEMA, DIM, align=[("token", "region")]),
        AnswerHead(DIM, ANSWERS),
        one(3, 4, 2),
    )
    mode = FakeTensorMode()

    def fake(tensor):
        return FakeTensor(mode, tensor.detach().to("meta"), accelerator)

    for part in [*model.modules(), *head.modules()]:
        for name, parameter in part.named_parameters(recurse=False):
            part._parameters[name] = nn.Parameter(fake(parameter))
        for name, buffer in part.named_buffers(recurse=False):
            part._buffers[name] = fake(buffer)
    graph = graph.apply(fake)
    with mode, recorded(model) as recording:
        score = head(model.encode(graph))[:, 1].sum()
        runs = [*recording.attention, *recording.plans, *recording.pools]
        outputs = torch.autograd.grad(score, [run.output for run in runs])
        for run, output in zip(runs, outputs, strict=True):
            assert run.weights().device.type == run.gradient(output).device.type == "sim"
