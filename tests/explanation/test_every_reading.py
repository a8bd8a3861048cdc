"""What holds for every method that reads what the model did: attention, rollout, relevance, plan, ..."""

from dataclasses import replace

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation import Explanation
from mmgraph.explanation.attention import attention
from mmgraph.explanation.plan import plan
from mmgraph.explanation.relevance import relevance
from mmgraph.explanation.rollout import rollout
from mmgraph.explanation.similarity import similarity
from mmgraph.explanation.subject import Subject
from mmgraph.explanation.transport import transport
from mmgraph.graph import Schema, collate
from mmgraph.heads import AnswerHead
from mmgraph.models import MultimodalTransformer
from tests.explanation.sample import ANSWERS, DIM, HEADS, SCHEMA, fusion_model, permuted, sample, subject
from tests.nn.example import one

METHODS = [attention, rollout, relevance, plan, transport, similarity]
ALL = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)


def same(first, second, order=None):
    """Whether two attributions say the same; of the second, regions are in another order."""
    assert first.maps.keys() == second.maps.keys()
    assert first.nodes.keys() == second.nodes.keys()
    here = slice(None) if order is None else order
    for (source, target), weights in first.maps.items():
        expected = weights.values
        expected = expected[:, :, here] if source == "region" else expected
        expected = expected[..., here] if target == "region" else expected
        step = 2 * float(weights.step.max()) + 1e-9
        assert torch.allclose(second.maps[source, target].values, expected, rtol=0, atol=step)
    for key, value in first.nodes.items():
        assert torch.allclose(second.nodes[key], value[here] if key == "region" else value, atol=1e-10)


@ALL
def test_an_order_of_nodes_orders_the_result(method):
    explained, graph = subject(fusion_model()), sample(4, 3, 2)
    order = torch.tensor([2, 0, 3, 1])
    first, second = method(explained, graph), method(explained, permuted(graph, order))
    same(first, second, order)
    assert any(not torch.equal(w.values, second.maps[pair].values) for pair, w in first.maps.items())


@ALL
def test_an_order_of_types_changes_nothing(method):
    explained, graph = subject(fusion_model()), sample()
    schema = Schema(dict(reversed(SCHEMA.nodes.items())), dict(reversed(SCHEMA.edges.items())))
    same(method(explained, graph), method(explained, replace(graph, schema=schema)))


@ALL
@pytest.mark.parametrize("sizes", [(0, 3, 2), (3, 0, 2), (3, 4, 0), (2, 0, 0), (0, 1, 0)])
def test_a_missing_modality_has_no_maps_and_no_numbers(method, sizes):
    graph = sample(*sizes)
    found = method(subject(fusion_model()), graph)
    here = {key for key in SCHEMA.nodes if graph.num_nodes(key)}
    assert {key for pair in found.maps for key in pair} <= here
    assert all(len(value) == graph.num_nodes(key) for key, value in found.nodes.items())
    assert Explanation.of(graph, (found,)).methods == (found.method,)


@ALL
def test_the_result_is_named_noted_and_on_the_cpu_without_gradients(method):
    found = method(subject(fusion_model()), sample())
    assert found.method == method.__name__
    assert found.note.endswith(".")
    assert all(v.dtype == torch.float64 and not v.requires_grad for v in found.nodes.values())


@ALL
def test_modes_weights_and_gradients_stay_as_they_were(method):
    model = fusion_model(dropout=0.5)
    explained, graph = subject(model), sample()
    model.train()
    model.encoder.layers[1].eval()
    modes = [part.training for part in model.modules()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first, second = method(explained, graph), method(explained, graph)
    same(first, second)
    assert [part.training for part in model.modules()] == modes
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


@ALL
def test_modes_come_back_after_an_error(method):
    model = fusion_model()
    explained = subject(model)
    model.train()
    other = replace(sample(), schema=Schema({"region": SCHEMA.nodes["region"]}, {}))
    with pytest.raises(InputError, match="another schema"):
        method(explained, other)
    assert all(part.training for part in model.modules())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


@ALL
def test_gradients_may_be_off_where_it_is_called(method):
    explained, graph = subject(fusion_model()), sample()
    with torch.no_grad():
        found = method(explained, graph)
    same(method(explained, graph), found)


@ALL
def test_a_model_of_half_the_precision_is_explained(method):
    model, head = fusion_model().bfloat16(), AnswerHead(DIM, ANSWERS).bfloat16()
    found = method(Subject.answer(model, head, 1), one(3, 4, 2))
    assert found.maps
    for weights in found.maps.values():
        assert bool(weights.values.isfinite().all())


@pytest.mark.parametrize("method", [attention, rollout, relevance, transport, similarity])
def test_the_transformer_without_a_graph_is_explained(method):
    found = method(subject(MultimodalTransformer(SCHEMA, DIM, heads=HEADS)), sample())
    assert found.maps["token", "region"].shape == (4, 3)
    assert found.maps["token", "region"].values.any()


@ALL
def test_several_samples_are_an_error(method):
    with pytest.raises(InputError, match=rf"{method.__name__} got a graph of 2 samples"):
        method(subject(fusion_model()), collate([sample(), sample()]))
