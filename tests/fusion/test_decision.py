import math

import jaxtyping
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.fusion import DecisionFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input

PROBABILITIES = {"region": (0.7, 0.2, 0.1), "token": (0.1, 0.8, 0.1), "segment": (0.3, 0.45, 0.25)}


def three_classes(**logits):
    """One sample with logits for three classes; those given, and of others those of `PROBABILITIES`."""
    chosen = {name: logits.get(name, [math.log(p) for p in PROBABILITIES[name]]) for name in NAMES}
    pooled = {name: torch.tensor([value], dtype=torch.float64) for name, value in chosen.items()}
    return pooled, {name: torch.ones(1, dtype=torch.bool) for name in NAMES}


@pytest.mark.parametrize("kind", ["mean", "weighted", "learned", "vote"])
def test_what_comes_out_are_log_probabilities(kind):
    out = DecisionFusion(NAMES, WIDTH, kind).double()(*example_input())
    assert torch.allclose(out.exp().sum(1), torch.ones(7, dtype=torch.float64))


def test_the_mean_is_that_of_the_probabilities():
    pooled, present = three_classes()
    out = DecisionFusion(NAMES, 3)(pooled, present)
    expected = torch.tensor([[1.1 / 3, 1.45 / 3, 0.45 / 3]], dtype=torch.float64)
    assert torch.allclose(out.exp(), expected, atol=1e-12)
    present["token"][0] = False
    expected = torch.tensor([[0.5, 0.325, 0.175]], dtype=torch.float64)
    assert torch.allclose(DecisionFusion(NAMES, 3)(pooled, present).exp(), expected, atol=1e-12)


def test_what_is_added_to_all_logits_of_a_modality_is_irrelevant_to_the_mean():
    pooled, present = three_classes()
    moved = {**pooled, "token": pooled["token"] + 100}
    fusion = DecisionFusion(NAMES, 3)
    assert torch.allclose(fusion(pooled, present), fusion(moved, present), atol=1e-12)


def test_weights_are_shared_out_among_what_is_there():
    pooled, present = three_classes()
    fusion = DecisionFusion(NAMES, 3, "weighted").double()
    assert torch.allclose(fusion(pooled, present), DecisionFusion(NAMES, 3)(pooled, present), atol=1e-12)
    fusion.score.data = torch.tensor([math.log(1.0), math.log(3.0), math.log(4.0)], dtype=torch.float64)
    present["segment"][0] = False
    expected = 0.25 * torch.tensor(PROBABILITIES["region"]) + 0.75 * torch.tensor(PROBABILITIES["token"])
    assert torch.allclose(fusion(pooled, present)[0].exp(), expected.double(), atol=1e-7)


def test_the_learned_one_is_a_linear_map_of_the_logits():
    fusion = DecisionFusion(NAMES, WIDTH, "learned").double()
    fusion.stand_in.vector.data.normal_()
    pooled, present = example_input()
    # Sample 4 has, by the bits of 5, the first and the third.
    logits = torch.cat([pooled["region"][4], fusion.stand_in.vector[1], pooled["segment"][4]])
    expected = (fusion.map.weight @ logits + fusion.map.bias).log_softmax(0)
    assert torch.allclose(fusion(pooled, present)[4], expected, atol=1e-12)


def test_the_class_with_most_votes_wins_however_sure_the_others_are():
    pooled, present = three_classes(region=[50.0, 0, 0], token=[0, 0.01, 0], segment=[0, 0.01, 0])
    assert int(DecisionFusion(NAMES, 3, "mean")(pooled, present).argmax()) == 0
    assert int(DecisionFusion(NAMES, 3, "vote")(pooled, present).argmax()) == 1
    present["token"][0] = False
    assert int(DecisionFusion(NAMES, 3, "vote")(pooled, present).argmax()) == 0


def test_the_vote_is_that_of_a_count_by_hand():
    pooled, present = example_input()
    out = DecisionFusion(NAMES, WIDTH, "vote")(pooled, present)
    for i in range(7):
        there = [pooled[name][i].softmax(0) for name in NAMES if bool(present[name][i])]
        votes = torch.zeros(WIDTH, dtype=torch.float64)
        for p in there:
            votes[int(p.argmax())] += 1 / len(there)
        expected = (4 * votes + sum(there) / len(there)) / 5
        assert torch.allclose(out[i].exp(), expected, atol=1e-12)


def test_a_class_without_votes_keeps_its_mean_probability_however_small():
    pooled, present = three_classes(**{name: [0.0, -5000.0, -6000.0] for name in NAMES})
    out = DecisionFusion(NAMES, 3, "vote")(pooled, present)
    assert torch.allclose(out[0, 1:], torch.tensor([-5000.0, -6000.0], dtype=torch.float64) - math.log(5))


def test_equal_votes_go_to_the_class_with_the_larger_mean_probability():
    pooled, present = three_classes(region=[1.0, 0, 0], token=[0, 0, 9.0], segment=[0, 3.0, 0])
    assert int(DecisionFusion(NAMES, 3, "vote")(pooled, present).argmax()) == 2


def test_all_gradient_of_a_vote_is_that_of_the_mean_probability():
    pooled, present = example_input()
    fusion = DecisionFusion(NAMES, WIDTH, "vote")
    leaf = pooled["token"].requires_grad_()
    chosen = torch.randn(7, WIDTH, dtype=torch.float64)
    (voted,) = torch.autograd.grad((fusion(pooled, present).exp() * chosen).sum(), leaf)
    mean = DecisionFusion(NAMES, WIDTH, "mean")(pooled, present).exp()
    (averaged,) = torch.autograd.grad((mean * chosen).sum(), leaf)
    assert torch.allclose(voted, averaged / 5, atol=1e-12)


def test_an_unknown_kind_is_an_error(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match=r"kind='majority'\): expected one of \('mean', "):
        DecisionFusion(NAMES, 3, "majority")
