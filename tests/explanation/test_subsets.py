import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation import Subject, subsets
from mmgraph.explanation.evaluating import evaluating
from mmgraph.explanation.subsets import confidence_of_subsets
from mmgraph.graph import subgraph
from mmgraph.heads import AnswerHead
from mmgraph.models import FusionModel
from tests.explanation.planted_models import Worth, sample, subject
from tests.nn.example import SCHEMA, one


def test_every_choice_gives_what_the_sample_gives_without_the_other_nodes():
    graph, model = one(4, 3, 2), FusionModel(SCHEMA, 16, heads=2, align=[("token", "region")]).double()
    graph = graph.apply(lambda t: t.double() if t.is_floating_point() else t)
    asked = Subject.answer(model, AnswerHead(16, ("a", "b", "c"), dropout=0.5).double(), 1)
    keep = torch.rand(12, 9) < 0.5
    keep[:, 4] = True
    found = confidence_of_subsets(asked, graph, keep)
    with evaluating(asked), torch.no_grad():
        for row, value in zip(keep, found, strict=True):
            cut = subgraph(graph, {"region": row[:4], "token": row[4:7], "segment": row[7:]})
            assert float(asked.confidence(model.encode(cut))) == pytest.approx(float(value), abs=1e-12)
    assert found.dtype == torch.float64


def test_many_choices_go_through_in_a_few_batches(monkeypatch):
    graph, model = sample(region=[1.0, 2.0], word=[0.5]), Worth()
    keep = torch.tensor([[True, False, True], [True, True, True], [False, True, False]]).repeat(10, 1)
    whole = confidence_of_subsets(subject(model), graph, keep)
    assert model.seen == [30]
    monkeypatch.setattr(subsets, "PAIRS", 9 * 7)
    assert torch.equal(confidence_of_subsets(subject(model), graph, keep), whole)
    assert model.seen[1:] == [7, 7, 7, 7, 2]
    assert whole[:3].tolist() == pytest.approx(torch.tensor([1.5, 3.5, 2.0]).sigmoid().tolist())


def _fail(model, head):
    assert not model.training
    assert not head.training
    raise RuntimeError


def test_dropout_of_model_and_head_is_off_and_each_part_has_its_mode_afterwards():
    graph = one(4, 3, 2)
    model, head = FusionModel(SCHEMA, 16, dropout=0.5), AnswerHead(16, ("a", "b"), dropout=0.5)
    asked = Subject.answer(model, head, 0)
    model.encoder.eval()
    before = [part.training for module in (model, head) for part in module.modules()]
    assert True in before
    assert False in before
    first, second = confidence_of_subsets(asked, graph, torch.ones(2, 9, dtype=torch.bool)).tolist()
    assert first == pytest.approx(second, abs=1e-6)
    assert [part.training for module in (model, head) for part in module.modules()] == before
    with pytest.raises(RuntimeError), evaluating(asked):
        _fail(model, head)
    assert [part.training for module in (model, head) for part in module.modules()] == before


def test_no_weight_gets_a_gradient_and_a_choice_of_nothing_is_named():
    graph = one(4, 3, 2)
    model = FusionModel(SCHEMA, 16)
    asked = Subject.answer(model, AnswerHead(16, ("a", "b")), 0)
    assert not confidence_of_subsets(asked, graph, torch.ones(1, 9, dtype=torch.bool)).requires_grad
    with pytest.raises(InputError, match="no nodes of any type"):
        confidence_of_subsets(asked, graph, torch.zeros(1, 9, dtype=torch.bool))
