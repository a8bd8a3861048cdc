from itertools import permutations

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation import Subject, modality_weights
from mmgraph.graph import HeteroGraph, NodeSpec, Schema, with_modalities, without
from tests.explanation.planted_models import Worth, sample, subject
from tests.models.every_model import EXAMPLES
from tests.nn.example import SCHEMA, one


def sigmoid(value):
    return torch.tensor(float(value)).sigmoid().item()


def test_two_modalities_by_hand():
    found = modality_weights(subject(Worth()), sample(region=[1.0, 0.5], word=[-0.5]))
    a, b, both = sigmoid(1.5), sigmoid(-0.5), sigmoid(1)
    assert found["region"] == pytest.approx((a + both - b) / 2, abs=1e-6)
    assert found["word"] == pytest.approx((b + both - a) / 2, abs=1e-6)
    assert found["sound"] == 0


@pytest.mark.parametrize("name", EXAMPLES)
def test_they_are_the_mean_gain_over_all_orders_and_sum_to_the_confidence(name):
    graph = one(4, 3, 2)
    asked = Subject.answer(EXAMPLES[name].make().eval(), EXAMPLES[name].head().eval(), 1)

    @torch.no_grad()
    def confidence(chosen):
        if not chosen:
            return 0.0
        cut = with_modalities(graph, {key: [key in chosen] for key in SCHEMA.nodes})
        return float(asked.confidence(asked.model.encode(cut)))

    wanted = dict.fromkeys(SCHEMA.nodes, 0.0)
    for order in permutations(SCHEMA.nodes):
        for i, key in enumerate(order):
            wanted[key] += (confidence(order[: i + 1]) - confidence(order[:i])) / 6
    found = modality_weights(asked, graph)
    assert found == pytest.approx(wanted, abs=1e-6)
    assert sum(found.values()) == pytest.approx(confidence(tuple(SCHEMA.nodes)), abs=1e-6)


def test_all_subsets_are_one_batch_and_a_lone_modality_has_all():
    model = Worth()
    modality_weights(subject(model), sample(region=[1.0], word=[2.0], sound=[0.5]))
    assert model.seen == [7]
    found = modality_weights(subject(model), sample(word=[2.0]))
    assert found == {"region": 0, "word": pytest.approx(sigmoid(2)), "sound": 0}
    graph = without(sample(region=[1.0], word=[2.0]), ["region"])
    assert modality_weights(subject(model), graph) == found


def test_too_many_modalities_are_named():
    schema = Schema({f"m{i}": NodeSpec(2) for i in range(11)})
    graph = HeteroGraph.create(schema, 1, x={key: torch.zeros(1, 2) for key in schema.nodes})
    with pytest.raises(InputError, match="of 11 modalities, which have 2047 subsets: at most 10 are"):
        modality_weights(subject(Worth()), graph)
