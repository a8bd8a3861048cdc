import pytest
import torch

from mmgraph.graph import HeteroGraph, NodeSpec, Schema
from mmgraph.heads import DecisionHead
from mmgraph.models import Encoded

GRAPH = HeteroGraph.create(Schema({"point": NodeSpec(2)}), 3)
NAMES, ANSWERS = ("region", "token"), ("yes", "no", "red")


@pytest.fixture
def encoded():
    pooled = {name: torch.randn(3, 8) for name in NAMES}
    present = {"region": torch.tensor([True, True, False]), "token": torch.tensor([True, False, True])}
    return Encoded(GRAPH, {}, pooled, present, torch.randn(3, 8), {}, {"other": torch.tensor(0.5)})


def test_the_loss_is_that_of_the_fused_decision_and_of_each_modality_where_it_is(encoded):
    head, target = DecisionHead(NAMES, 8, ANSWERS, "mean"), torch.tensor([0, 1, 2])
    terms, decisions = head.loss(encoded, target), head.decisions(encoded)
    entropy = torch.nn.functional.cross_entropy
    alone = [
        entropy(decisions["region"][:2], target[:2]),
        entropy(decisions["token"][[0, 2]], target[[0, 2]]),
    ]
    assert torch.allclose(terms["alone"], sum(alone) / 2)
    assert torch.allclose(terms["answer"], entropy(head(encoded), target))
    assert float(terms["other"]) == 0.5


def test_a_modality_alone_decides_alone(encoded):
    head = DecisionHead(NAMES, 8, ANSWERS, "mean")
    decisions = head.decisions(encoded)
    assert int(head.predict(encoded)[1]) == int(decisions["region"][1].argmax())
    assert int(head.predict(encoded)[2]) == int(decisions["token"][2].argmax())


def test_a_modality_that_no_sample_has_costs_nothing(encoded):
    encoded.present["token"][:] = False
    encoded.present["region"][:] = True
    head = DecisionHead(NAMES, 8, ANSWERS)
    loss = sum(head.loss(encoded, torch.tensor([0, 1, 2])).values())
    loss.backward()
    assert bool(torch.isfinite(loss))
