import re
import sys

import jaxtyping
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation import Subject, integrated_gradients, subsets
from mmgraph.graph import select, split, without
from mmgraph.nn import lay_out
from tests.explanation.planted_models import Linear, Worth, sample, subject
from tests.models.every_model import EXAMPLES
from tests.nn.example import SCHEMA, batch, one

ALL = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())


def ready(example):
    return Subject.answer(example.make().eval(), example.head().eval(), 1)


def total(found):
    return sum(float(value.sum()) for value in found.nodes.values())


def ends(found):
    """The scores of baseline and sample that the note tells."""
    return [float(x) for x in re.search(r"from ([-\d.]+) to ([-\d.]+)", found.note).groups()]


@ALL
@pytest.mark.parametrize("baseline", ["zero", "mean"])
def test_the_scores_sum_to_what_the_score_gains_on_the_way(example, baseline):
    asked, graph = ready(example), one(5, 4, 3)
    found = integrated_gradients(asked, graph, baseline=baseline)
    start, end = ends(found)
    score = asked.score(asked.model.encode(graph)).item()
    assert end == pytest.approx(score, abs=1e-4)
    assert start != end
    assert total(found) == pytest.approx(end - start, abs=1e-3)
    left = float(re.search(r"and ([-\d.e+]+) of that is left", found.note).group(1))
    assert abs(left) < 1e-3


def test_the_baseline_of_zero_is_the_model_with_all_vectors_zero():
    asked, graph = ready(EXAMPLES["FusionModel"]), one(5, 4, 3)
    found = integrated_gradients(asked, graph)
    handle = asked.model.encoder.embed.register_forward_hook(
        lambda *args: {key: torch.zeros_like(value) for key, value in args[2].items()}
    )
    assert ends(found)[0] == pytest.approx(asked.score(asked.model.encode(graph)).item(), abs=1e-4)
    handle.remove()


def test_of_a_linear_model_each_node_counts_its_own_term():
    model, graph = Linear(SCHEMA), one(5, 4, 3)
    nodes = model.embed(graph, lay_out(graph))
    found = integrated_gradients(subject(model), graph, steps=4)
    for key, value in nodes.items():
        assert torch.allclose(found.nodes[key], (value @ model.weight).double(), atol=1e-5)
    mean = integrated_gradients(subject(model), graph, steps=4, baseline="mean")
    for key, value in nodes.items():
        wanted = ((value - value.mean(0)) @ model.weight).double()
        assert torch.allclose(mean.nodes[key], wanted, atol=1e-5)


def test_a_rule_over_equal_distances_would_miss_what_ours_finds(monkeypatch):
    asked, graph = ready(EXAMPLES["LateFusionModel"]), one(5, 4, 3)

    def gap():
        found = integrated_gradients(asked, graph, steps=64)
        return abs(total(found) - (ends(found)[1] - ends(found)[0]))

    ours = gap()
    monkeypatch.setattr(sys.modules["mmgraph.explanation.integrated_gradients"], "POWER", 1)
    assert ours < 5e-4 < 1e-3 < gap()


@pytest.mark.parametrize("key", SCHEMA.nodes)
def test_a_missing_modality_has_no_scores_and_the_rest_is_complete(key):
    asked, graph = ready(EXAMPLES["FusionModel"]), without(one(5, 4, 3), [key])
    found = integrated_gradients(asked, graph)
    assert len(found.nodes[key]) == 0
    assert total(found) == pytest.approx(ends(found)[1] - ends(found)[0], abs=1e-3)


def test_batches_of_steps_give_what_one_batch_gives(monkeypatch):
    asked, graph = ready(EXAMPLES["MultimodalTransformer"]), one(5, 4, 3)
    whole = integrated_gradients(asked, graph)
    monkeypatch.setattr(subsets, "PAIRS", 12 * 12 * 7)
    parts = integrated_gradients(asked, graph)
    for key, value in whole.nodes.items():
        assert torch.allclose(parts.nodes[key], value, atol=1e-5)


def test_renamed_nodes_keep_their_scores():
    graph = sample(region=[1.0, -2.0, 0.5], word=[0.3, 0.1])
    model = Linear(graph.schema)
    order = torch.tensor([2, 0, 1])
    found = integrated_gradients(subject(model), graph).nodes["region"]
    graph.x["region"] = graph.x["region"][order]
    turned = integrated_gradients(subject(model), graph).nodes["region"]
    assert torch.allclose(turned, found[order], atol=1e-6)
    assert not torch.allclose(turned, found, atol=1e-3)


def test_nothing_stays_behind_and_it_works_without_gradients_and_frozen():
    asked, graph = ready(EXAMPLES["FusionModel"]), one(5, 4, 3)
    asked.model.train()
    asked.model.requires_grad_(False)
    with torch.no_grad():
        found = integrated_gradients(asked, graph)
    assert asked.model.training
    assert not asked.head.training
    assert all(parameter.grad is None for parameter in asked.model.parameters())
    assert not any(part._forward_hooks for part in asked.model.modules())
    assert all(not value.requires_grad and value.isfinite().all() for value in found.nodes.values())


def test_mistakes_are_named(monkeypatch):
    graph = sample(region=[1.0, 2.0])
    with pytest.raises(InputError, match=r"Worth has no mmgraph.encoders.NodeEncoder; leave_one_out expl"):
        integrated_gradients(subject(Worth()), graph)
    with pytest.raises(InputError, match=r"steps=3, baseline='zero'\): expected at least 4 steps"):
        integrated_gradients(subject(Linear(graph.schema)), graph, steps=3)
    with pytest.raises(InputError, match="graph of 2 samples"):
        integrated_gradients(subject(Linear(SCHEMA)), select(batch(), [0, 1]))
    with pytest.raises(InputError, match="which has no nodes"):
        integrated_gradients(subject(Linear(SCHEMA)), split(batch())[3])
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match="baseline='black'"):
        integrated_gradients(subject(Linear(SCHEMA)), graph, baseline="black")
