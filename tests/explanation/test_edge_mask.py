import inspect
import math
import re

import pytest
import torch
from torch import nn
from torch_geometric.explain import GNNExplainer

from mmgraph.errors import InputError
from mmgraph.explanation import Subject, edge_mask
from mmgraph.explanation.edge_mask import mask_terms
from mmgraph.graph import select, without
from mmgraph.heads import AnswerHead
from mmgraph.models import FusionModel
from tests.explanation.planted_models import WordLooks, Worth, sample, subject
from tests.models.every_model import EXAMPLES
from tests.nn.example import SCHEMA, batch, one

ALL = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())


def test_the_terms_and_coefficients_are_pygs():
    theirs = GNNExplainer()
    mask = torch.randn(50, dtype=torch.float64) * 3
    felt = torch.rand(50) < 0.7
    for size, entropy in ((0.005, 1.0), (0.3, 0.0), (0.0, 2.0)):
        wanted = theirs._add_mask_regularization(torch.zeros(()), mask, felt, size, "sum", entropy)
        assert float(mask_terms(mask[felt], size, entropy)) == pytest.approx(float(wanted), abs=1e-12)
    ours = {name: value.default for name, value in inspect.signature(edge_mask).parameters.items()}
    assert ours["size"] == theirs.coeffs["edge_size"]
    assert ours["entropy"] == theirs.coeffs["edge_ent"]
    assert theirs.coeffs["edge_reduction"] == "sum"
    assert (ours["steps"], ours["rate"]) == (theirs.epochs, theirs.lr)


def test_the_pairs_that_the_answer_needs_keep_most():
    graph = sample(region=[-1.0, -1.0, 2.0, -1.0], word=[0.0, 0.0])
    found = edge_mask(subject(WordLooks()), graph, steps=200, rate=0.05)
    looks = found.maps["word", "region"].mean()
    assert looks[0].argmax() == 2
    assert looks[0, 2] > 0.9
    assert looks[0, [0, 1, 3]].max() < 0.2
    # No other node's attention reaches the answer.
    assert looks[1].abs().max() == 0
    assert found.maps["region", "word"].mean().abs().max() == 0
    before, after = (float(x) for x in re.findall(r"is ([\d.]+) whole and ([\d.]+) with", found.note)[0])
    assert before == pytest.approx(torch.sigmoid(torch.tensor(4 * -1 / 6)).item(), abs=1e-4)
    assert after > 0.9


def test_a_mask_multiplies_attention_before_it_is_made_to_sum_to_one():
    worth = [-1.0, -0.5, 2.0, 1.0]
    graph = sample(region=worth[:3], word=worth[3:])
    found = edge_mask(subject(WordLooks()), graph, steps=1, rate=0.0, seed=3)
    start = torch.randn(16, generator=torch.Generator().manual_seed(3)) * math.sqrt(2) * math.sqrt(2 / 8)
    mask = start.view(4, 4)[3].sigmoid()
    assert torch.allclose(found.maps["word", "region"].mean()[0].float(), mask[:3], atol=1e-4)
    score = 4 * (mask @ torch.tensor(worth)) / mask.sum()
    after = float(re.search(r"([\d.]+) with the mask", found.note).group(1))
    assert after == pytest.approx(score.sigmoid().item(), abs=1e-4)


def test_size_and_entropy_join_after_the_first_step_as_in_pyg():
    graph = sample(region=[-1.0, 0.5, 2.0], word=[1.0])

    def looks(steps, size):
        found = edge_mask(subject(WordLooks()), graph, steps=steps, rate=0.5, size=size)
        return found.maps["word", "region"].mean()[0]

    assert torch.equal(looks(1, 100.0), looks(1, 0.0))
    assert (looks(5, 100.0) < looks(5, 0.0) - 0.05).any()


@ALL
def test_every_model_with_attention_has_maps_of_what_its_nodes_see(example):
    graph = one(4, 3, 2)
    model, head = example.make(), example.head()
    found = edge_mask(Subject.answer(model, head, 1), graph, steps=3)
    sees = {(key[2], key[0]) for key in SCHEMA.edges if graph.num_edges(key)}
    if type(model).__name__ in ("HierarchicalModel", "LateFusionModel"):
        sees = {pair for pair in sees if pair[0] == pair[1]}
    if type(model).__name__ == "MultimodalTransformer":
        sees = {(source, target) for source in SCHEMA.nodes for target in SCHEMA.nodes}
    assert found.maps.keys() == sees
    for (source, target), weights in found.maps.items():
        assert weights.shape == (graph.num_nodes(source), graph.num_nodes(target))
        assert weights.values.min() >= 0
        assert 0 < weights.values.max() <= 1
    assert not found.nodes


def test_a_pair_without_an_edge_has_no_mask():
    graph = one(4, 3, 2)
    asked = Subject.answer(FusionModel(SCHEMA, 16, heads=2), AnswerHead(16, ("a", "b")), 1)
    found = edge_mask(asked, graph, steps=2).maps["token", "segment"].mean()
    edges = graph.edges(("segment", "depends_on", "token"))
    listed = torch.zeros(3, 2, dtype=torch.bool)
    listed[edges[1], edges[0]] = True
    assert 0 < int(listed.sum()) < 6
    assert torch.equal(found > 0, listed)


def test_a_seed_decides_and_the_confidence_does_not_fall():
    graph = one(4, 3, 2)
    asked = Subject.answer(FusionModel(SCHEMA, 16, heads=2), AnswerHead(16, ("a", "b")), 1)
    first, again, other = (edge_mask(asked, graph, steps=30, seed=seed) for seed in (0, 0, 1))
    for pair, weights in first.maps.items():
        assert torch.equal(weights.values, again.maps[pair].values)
    assert any(not torch.equal(w.values, other.maps[pair].values) for pair, w in first.maps.items())
    before, after = (float(x) for x in re.findall(r"is ([\d.]+) whole and ([\d.]+) with", first.note)[0])
    assert after > before - 0.01


@pytest.mark.parametrize("key", SCHEMA.nodes)
def test_any_modality_may_be_missing(key):
    graph = without(one(4, 3, 2), [key])
    asked = Subject.answer(FusionModel(SCHEMA, 16, heads=2), AnswerHead(16, ("a", "b")), 1)
    found = edge_mask(asked, graph, steps=3)
    assert found.maps
    assert not any(key in pair for pair in found.maps)


def test_nothing_stays_behind_also_after_an_error():
    graph, model = one(4, 3, 2), FusionModel(SCHEMA, 16, heads=2, dropout=0.5)
    head = AnswerHead(16, ("a", "b"))
    edge_mask(Subject.answer(model, head, 1), graph, steps=2)
    broken = Subject(model, lambda encoded: encoded.missing, lambda encoded: encoded.missing, head)
    with pytest.raises(AttributeError):
        edge_mask(broken, graph)
    assert model.training
    assert head.training
    assert not any(part._forward_pre_hooks for part in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_mistakes_are_named():
    graph = one(4, 3, 2)
    convolving = Subject.answer(FusionModel(SCHEMA, 16, layer="gat"), AnswerHead(16, ("a", "b")), 1)
    with pytest.raises(InputError, match="FusionModel has none in this sample; integrated_gradients and lea"):
        edge_mask(convolving, graph)
    with pytest.raises(InputError, match="Worth has none"):
        edge_mask(subject(Worth()), sample(region=[1.0]))
    with pytest.raises(InputError, match=r"edge_mask\(steps=0\): expected at least 1"):
        edge_mask(convolving, graph, steps=0)
    with pytest.raises(InputError, match="graph of 2 samples"):
        edge_mask(convolving, select(batch(), [0, 1]))


class Misplaced(nn.Module):
    """Attention over places that are no nodes."""

    def __init__(self):
        super().__init__()
        self.looks = WordLooks()

    def encode(self, graph):
        values = torch.ones(1, 1, 7, 1)
        self.looks.attention(values, values, values, None, torch.ones(1, 7, 7, dtype=torch.bool))


def test_attention_over_other_things_than_nodes_is_named():
    with pytest.raises(InputError, match=r'ran over 7 places, but there are 2 nodes .* MaskedAttention\("cl'):
        edge_mask(subject(Misplaced()), sample(region=[1.0, 2.0]))
