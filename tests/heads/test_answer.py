import torch

from mmgraph.graph import HeteroGraph, NodeSpec, Schema
from mmgraph.heads import AnswerHead
from mmgraph.models import Encoded

GRAPH = HeteroGraph.create(Schema({"point": NodeSpec(2)}), 3)


def encoded(loss=0.25):
    return Encoded(GRAPH, {}, {}, {}, torch.randn(3, 8), {}, {"align_token_region": torch.tensor(loss)})


def test_the_loss_is_the_cross_entropy_and_the_model_s_terms():
    head, example, target = AnswerHead(8, ("yes", "no")), encoded(), torch.tensor([0, 1, 1])
    terms = head.loss(example, target)
    logits = head(example).log_softmax(-1)
    assert torch.allclose(terms["answer"], -logits[torch.arange(3), target].mean())
    assert float(terms["align_token_region"]) == 0.25


def test_the_prediction_is_the_likeliest_answer():
    head, example = AnswerHead(8, ("yes", "no", "red")), encoded()
    assert torch.equal(head.predict(example), head(example).argmax(-1))
