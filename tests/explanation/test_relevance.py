import numpy as np
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation.flow import Flow
from mmgraph.explanation.relevance import relevance, relevances
from mmgraph.explanation.subject import Subject
from mmgraph.models import LateFusionModel, MultimodalTransformer
from tests.explanation.explicit import write_out
from tests.explanation.sample import DIM, HEADS, SCHEMA, fusion_model, sample, subject

PLACES = {"region": slice(0, 3), "token": slice(3, 7), "segment": slice(7, 9)}


def tensor(rows):
    return torch.tensor(rows, dtype=torch.float64)


def weighted(weight):
    """The paper's equation 5, for one sample, from autograd's gradient; of plans and pools, one head."""
    gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad
    product = np.maximum((weight * gradient)[0].detach().numpy(), 0)
    return product.mean(0) if product.ndim == 3 else product


def written_out(explained, graph, monkeypatch):
    written = write_out(monkeypatch)
    explained.model.eval()
    explained.score(explained.model.encode(graph)).sum().backward()
    return written


def normalised(relevance_):
    """Equations 8 and 9, row by row."""
    result = np.eye(len(relevance_))
    for m, row in enumerate(relevance_ - np.eye(len(relevance_))):
        if row.sum() > 0:
            result[m] += row / row.sum()
    return result


def test_self_attention_by_hand():
    weight = tensor([[[0.5, 0.5], [1.0, 0.0]], [[0.2, 0.8], [0.0, 1.0]]])
    gradient = tensor([[[2.0, -4.0], [1.0, 9.0]], [[5.0, 1.0], [3.0, -1.0]]])
    found = Flow({"a": slice(0, 1), "b": slice(1, 2)}, (weight, weight), (), {})
    positive = np.array([[(1.0 + 1.0) / 2, 0.8 / 2], [1.0 / 2, 0.0]])
    once = np.eye(2) + positive
    expected = once + positive @ once
    gradients = Flow(found.places, (gradient, gradient), (), {})
    assert np.allclose(relevances(found, gradients).numpy(), expected)


def test_alignment_by_hand():
    # a: two nodes, b: one, c: one. The layer lets a0 look at a1 and c, and b at c.
    layer, share = torch.zeros(1, 4, 4, dtype=torch.float64), tensor([[0.5], [0.25]])
    layer[0, 0, 1], layer[0, 0, 3], layer[0, 2, 3] = 0.6, 0.2, 0.3
    places = {"a": slice(0, 2), "b": slice(2, 3), "c": slice(3, 4)}
    found = Flow(places, (layer,), ((("a", "b"), share),), {})
    ones = Flow(places, (torch.ones_like(layer),), ((("a", "b"), torch.ones_like(share)),), {})
    own = np.array([[1.0, 1.0], [0.0, 1.0]])  # The identity and a row of 0.6 that sums to one.
    expected = np.eye(4)
    expected[0, 1], expected[0, 3], expected[2, 3] = 0.6, 0.2, 0.3
    expected[:2, 2:3] += own.T @ share.numpy()
    expected[:2, 3] += share[:, 0].numpy() * 0.3
    assert np.allclose(relevances(found, ones).numpy(), expected)


def test_a_transformer_has_self_attention_only(monkeypatch):
    model = MultimodalTransformer(SCHEMA, DIM, layers=2, heads=HEADS)
    explained, graph = subject(model), sample()
    found = relevance(explained, graph)
    written = written_out(explained, graph, monkeypatch)
    matrix = np.eye(9)
    for weight in written.attention:
        matrix = matrix + weighted(weight) @ matrix
    read = sum(weighted(w) @ matrix[PLACES[key]] for key, w in zip(PLACES, written.pools, strict=True))
    assert read.max() > 1e-4
    for key, place in PLACES.items():
        assert np.allclose(found.nodes[key].numpy(), read[place], atol=1e-12)
    for (source, target), weights in found.maps.items():
        expected = (matrix - np.eye(9))[PLACES[source], PLACES[target]]
        assert np.allclose(weights.values[0, 0].numpy(), expected, atol=1e-4 * expected.max() + 1e-12)


def test_two_modalities_that_meet_in_a_plan_have_the_bi_modal_rules_of_the_paper(monkeypatch):
    # Late fusion: self-attention within tokens (t) and regions (i), then tokens attend to regions.
    model = fusion_model(layers=2, cross_from=2, align=[("token", "region")])
    explained, graph = subject(model), sample(3, 4, 0)
    found = relevance(explained, graph)
    written = written_out(explained, graph, monkeypatch)
    t, i = PLACES["token"], PLACES["region"]
    r_tt, r_ii, r_ti, r_it = np.eye(4), np.eye(3), np.zeros((4, 3)), np.zeros((3, 4))
    for weight in map(weighted, written.attention):
        a_tt, a_ii = weight[t, t], weight[i, i]
        assert not weight[t, i].any()
        r_tt, r_ti = r_tt + a_tt @ r_tt, r_ti + a_tt @ r_ti
        r_ii, r_it = r_ii + a_ii @ r_ii, r_it + a_ii @ r_it
    (cross,) = map(weighted, written.plans)
    r_ti, r_tt = r_ti + normalised(r_tt).T @ cross @ normalised(r_ii), r_tt + cross @ r_it
    regions, tokens = weighted(written.pools[0]), weighted(written.pools[1])
    assert cross.max() > 1e-4
    assert np.allclose(found.nodes["token"].numpy(), tokens @ r_tt + regions @ r_it, atol=1e-12)
    assert np.allclose(found.nodes["region"].numpy(), tokens @ r_ti + regions @ r_ii, atol=1e-12)
    assert found.nodes["segment"].shape == (0,)
    shown = found.maps["token", "region"].values[0, 0].numpy()
    assert np.allclose(shown, r_ti, atol=1e-4 * r_ti.max())


def test_a_pair_of_one_type_is_self_attention():
    weight, share = tensor([[[0.5, 0.25], [0.0, 0.5]]]), tensor([[0.0, 0.5], [1.0, 0.0]])
    places = {"a": slice(0, 2)}
    found = Flow(places, (weight,), ((("a", "a"), share),), {})
    ones = Flow(places, (torch.ones_like(weight),), ((("a", "a"), torch.ones_like(share)),), {})
    once = np.eye(2) + weight[0].numpy()
    assert np.allclose(relevances(found, ones).numpy(), once + share.numpy() @ once)


def test_it_follows_the_explained_answer():
    model, graph = fusion_model(), sample()
    first, second = subject(model, 0), subject(model, 0)
    second = Subject.answer(model, first.head, 2)
    nodes = [relevance(one, graph).nodes["region"] for one in (first, second)]
    assert not torch.allclose(*nodes)


def test_encoders_that_share_nothing_give_no_relevance_between_types():
    model, graph = LateFusionModel(SCHEMA, DIM, heads=HEADS), sample()
    found = relevance(subject(model), graph)
    for (source, target), weights in found.maps.items():
        assert bool(weights.values.any()) == (source == target)


@pytest.mark.parametrize("layer", ["gat", "transformer"])
def test_a_model_of_convolutions_is_an_error(layer):
    with pytest.raises(InputError, match=r"relevance: the graph layers .* convolutions.*leave_one_out"):
        relevance(subject(fusion_model(layer=layer)), sample())
