from dataclasses import astuple

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation import (
    Attribution,
    Subject,
    WeightMap,
    chance_fidelity,
    fidelity,
    leave_one_out,
    node_scores,
)
from mmgraph.graph import select, without
from mmgraph.heads import AnswerHead
from mmgraph.models import FusionModel
from tests.explanation.planted_models import Worth, sample, subject
from tests.nn.example import SCHEMA, batch, one


def sigmoid(value):
    return torch.tensor(float(value)).sigmoid().item()


def test_three_nodes_by_hand():
    graph = sample(region=[1.0, -2.0], word=[3.0])
    scores = {"region": torch.tensor([0.5, -1.0]), "word": torch.tensor([2.0])}
    found = fidelity(subject(Worth()), graph, scores, shares=(0.1, 0.5))
    whole = sigmoid(2)
    # The word, then region 0, then region 1; a tenth of three nodes is one, half of them are two.
    alone, rest = [sigmoid(3), sigmoid(4), whole], [whole, sigmoid(-1), sigmoid(-2)]
    assert found.sufficiency == pytest.approx(((whole - alone[0]) + (whole - alone[1])) / 2, abs=1e-6)
    assert found.comprehensiveness == pytest.approx(((whole - rest[1]) + (whole - rest[2])) / 2, abs=1e-6)
    assert found.insertion == pytest.approx((alone[0] / 2 + alone[1] + alone[2] / 2) / 2, abs=1e-6)
    assert found.deletion == pytest.approx((rest[0] / 2 + rest[1] + rest[2] / 2) / 2, abs=1e-6)


def test_a_share_of_all_nodes_keeps_one_where_nodes_are_taken_away():
    found = fidelity(subject(Worth()), sample(region=[1.0, -2.0]), {"region": torch.tensor([1.0, 0])}, (1.0,))
    assert found.sufficiency == 0
    assert found.comprehensiveness == pytest.approx(sigmoid(-1) - sigmoid(-2), abs=1e-6)


def test_a_single_node_has_curves_of_one_place():
    found = fidelity(subject(Worth()), sample(region=[0.4]), {"region": torch.tensor([1.0])})
    assert astuple(found) == pytest.approx((0, 0, sigmoid(0.4), sigmoid(0.4)), abs=1e-6)


def test_a_long_curve_is_read_at_both_ends_and_between():
    # Each node is worth a little, so the curves are nearly straight: few places show them.
    worth = torch.linspace(0.02, 0.01, 100)
    graph = sample(region=worth.tolist())
    model = Worth()
    found = fidelity(subject(model), graph, {"region": worth})
    f = worth.cumsum(0).sigmoid()
    assert found.insertion == pytest.approx((torch.trapezoid(f) / 99).item(), abs=1e-4)
    g = (worth.sum() - torch.cat([torch.zeros(1), worth.cumsum(0)[:-1]])).sigmoid()
    assert found.deletion == pytest.approx((torch.trapezoid(g) / 99).item(), abs=1e-4)
    assert sum(model.seen) <= 2 * 24 + 2 * 4


def test_what_the_model_looks_at_beats_chance_and_the_reverse_loses():
    worth = torch.cat([torch.tensor([3.0, 2.0]), torch.zeros(18)])
    worth = worth[torch.randperm(20)] - 0.2
    graph = sample(region=worth[:8].tolist(), word=worth[8:].tolist())
    asked = subject(Worth())
    parts = {"region": worth[:8], "word": worth[8:]}
    best = fidelity(asked, graph, parts)
    worst = fidelity(asked, graph, {key: -value for key, value in parts.items()})
    chance = chance_fidelity(asked, graph)
    assert best.sufficiency < chance.sufficiency < worst.sufficiency
    assert best.comprehensiveness > chance.comprehensiveness > worst.comprehensiveness
    assert best.insertion > chance.insertion > worst.insertion
    assert best.deletion < chance.deletion < worst.deletion
    exact = leave_one_out(asked, graph)
    assert fidelity(asked, graph, exact.nodes) == best


def test_random_scores_reach_what_chance_reaches_within_its_spread():
    worth = torch.randn(15)
    graph, asked = sample(region=worth.tolist()), subject(Worth())
    single = torch.tensor([astuple(fidelity(asked, graph, {"region": torch.randn(15)})) for _ in range(60)])
    chance = torch.tensor(astuple(chance_fidelity(asked, graph, draws=60, seed=5)))
    error = single.std(0) * (2 / 60) ** 0.5
    assert ((single.mean(0) - chance).abs() < 3 * error).all()
    assert (single.std(0) > 0.02).all()


def test_chance_is_the_mean_of_its_draws_and_its_seed_decides():
    graph, asked = sample(region=[1.0, -2.0, 0.3], word=[2.0]), subject(Worth())
    random = torch.Generator().manual_seed(7)
    each = []
    for _ in range(3):
        order = torch.randperm(4, generator=random)
        scores = torch.empty(4)
        scores[order] = torch.tensor([4.0, 3, 2, 1])
        each.append(astuple(fidelity(asked, graph, {"region": scores[:3], "word": scores[3:]})))
    found = chance_fidelity(asked, graph, draws=3, seed=7)
    assert astuple(found) == pytest.approx(torch.tensor(each).mean(0).tolist(), abs=1e-6)
    assert found == chance_fidelity(asked, graph, draws=3, seed=7)
    assert found != chance_fidelity(asked, graph, draws=3, seed=8)


def test_types_without_scores_stand_between_those_for_and_those_against():
    graph, asked = sample(region=[1.0, -1.0], word=[0.25]), subject(Worth())
    part = fidelity(asked, graph, {"region": torch.tensor([2.0, -2.0])})
    whole = fidelity(asked, graph, {"region": torch.tensor([2.0, -2.0]), "word": torch.zeros(1)})
    assert part == whole
    assert part.insertion > fidelity(asked, graph, {"region": torch.tensor([-2.0, 2.0])}).insertion


def test_equal_scores_favour_no_type_and_are_the_same_each_time():
    graph, asked = sample(region=[1.0] * 6, word=[-1.0] * 6), subject(Worth())
    none = fidelity(asked, graph, {})
    assert none == fidelity(asked, graph, {"word": torch.zeros(6)})
    first = fidelity(asked, graph, {"region": torch.ones(6)})
    assert first.insertion > none.insertion


def test_curves_of_a_real_model_with_a_missing_modality():
    graph = without(one(4, 3, 2), ["segment"])
    asked = Subject.answer(FusionModel(SCHEMA, 16), AnswerHead(16, ("a", "b")), 0)
    found = astuple(fidelity(asked, graph, leave_one_out(asked, graph).nodes))
    assert all(-1 < value < 1 for value in found)
    chance = chance_fidelity(asked, graph, draws=20)
    assert found[1] > chance.comprehensiveness


def test_scores_of_nodes_are_a_methods_own_or_what_a_node_receives_at_most():
    graph = sample(region=[1.0, 2.0], word=[3.0, 1.0, 1.0])
    own = Attribution("a", nodes={"region": torch.tensor([1.0, -1.0])})
    assert node_scores(own, graph)["region"].tolist() == [1.0, -1.0]
    looks = torch.tensor([[[0.2, 0.4], [0.0, 0.9], [0.0, 0.0]], [[0.4, 0.0], [0.0, 0.5], [0.0, 0.0]]])
    maps = {
        ("word", "region"): WeightMap.of(looks),
        ("region", "region"): WeightMap.of(torch.tensor([[0.5, 0.0], [0.0, 0.1]])),
        ("sound", "region"): WeightMap.of(torch.zeros(0, 2)),
    }
    found = node_scores(Attribution("b", maps), graph)
    assert found["region"].tolist() == pytest.approx([0.5, 0.7], abs=1e-4)
    assert found["word"].tolist() == [0, 0, 0]
    assert found["sound"].shape == (0,)


def test_mistakes_are_named():
    graph, asked = sample(region=[1.0, 2.0]), subject(Worth())
    with pytest.raises(InputError, match=r"scores of 'region' of shape \[3\]: .* each of the 2 nodes"):
        fidelity(asked, graph, {"region": torch.zeros(3)})
    with pytest.raises(InputError, match="expected a finite number"):
        fidelity(asked, graph, {"region": torch.tensor([0.0, torch.nan])})
    with pytest.raises(InputError, match="scores of 'video'"):
        fidelity(asked, graph, {"video": torch.zeros(3)})
    with pytest.raises(InputError, match=r"shares=\(0.5, 1.5\): expected shares"):
        fidelity(asked, graph, {}, shares=(0.5, 1.5))
    with pytest.raises(InputError, match=r"draws=0\): expected at least 1"):
        chance_fidelity(asked, graph, draws=0)
    with pytest.raises(InputError, match="fidelity got a graph of 2 samples"):
        fidelity(asked, select(batch(), [0, 1]), {})
