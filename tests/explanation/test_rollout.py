import numpy as np
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation.flow import Flow
from mmgraph.explanation.recording import recorded
from mmgraph.explanation.rollout import rolled_out, rollout
from mmgraph.models import HierarchicalModel, MultimodalTransformer
from tests.explanation.explicit import write_out
from tests.explanation.sample import DIM, HEADS, PAIRS, SCHEMA, fusion_model, sample, subject

PLACES = {"region": slice(0, 3), "token": slice(3, 7), "segment": slice(7, 9)}


def tensor(rows):
    return torch.tensor(rows, dtype=torch.float64)


def test_two_layers_and_a_plan_by_hand():
    first = tensor([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])
    second = tensor([[[0.0, 1.0], [0.0, 0.0]]])
    found = Flow({"a": slice(0, 1), "b": slice(1, 2)}, (first, second), ((("b", "a"), tensor([[0.5]])),), {})
    one = np.array([[0.75, 0.25], [0.25, 0.75]])
    # The second node sees nothing in the second layer, and keeps what it is.
    two = np.array([[0.5, 0.5], [0.0, 1.0]])
    # Half of the second node's mass is matched: with the residual, a third of what it is then.
    three = np.array([[1.0, 0.0], [1 / 3, 2 / 3]])
    assert np.allclose(rolled_out(found).numpy(), three @ two @ one)


@pytest.mark.parametrize("model", [fusion_model(), MultimodalTransformer(SCHEMA, DIM, layers=2, heads=HEADS)])
def test_it_is_the_product_of_the_layers_written_out(model, monkeypatch):
    explained, graph = subject(model), sample()
    found = rollout(explained, graph)
    written = write_out(monkeypatch)
    model.eval().encode(graph)
    matrix = np.eye(9)
    for weight in written.attention:
        mean = weight[0].detach().numpy().mean(0)
        step = 0.5 * mean + 0.5 * np.eye(9)
        step[mean.sum(1) == 0] *= 2
        matrix = step @ matrix
    for (source, target), share in zip(PAIRS, written.plans, strict=False):
        step = np.eye(9)
        step[PLACES[source]] *= 0.5
        step[PLACES[source], PLACES[target]] = 0.5 * share[0].detach().numpy()
        matrix = step @ matrix
    read = [w[0].detach().numpy() @ matrix[PLACES[key]] for key, w in zip(PLACES, written.pools, strict=True)]
    for (source, target), weights in found.maps.items():
        expected = matrix[PLACES[source], PLACES[target]]
        assert np.allclose(weights.values[0, 0].numpy(), expected, atol=1e-4)
    for key, place in PLACES.items():
        assert np.allclose(found.nodes[key].numpy(), np.mean(read, 0)[place], atol=1e-12)


def test_numbers_of_all_nodes_sum_to_one():
    for sizes in ((3, 4, 2), (0, 3, 2), (1, 0, 0)):
        found = rollout(subject(fusion_model()), sample(*sizes))
        assert float(sum(value.sum() for value in found.nodes.values())) == pytest.approx(1)


def test_without_layers_it_starts_at_the_plans():
    model, graph = fusion_model(layers=0, align=[("token", "region")]), sample()
    explained = subject(model)
    with torch.no_grad(), recorded(model) as recording:
        model.encode(graph)
    found, share = rollout(explained, graph), recording.plans[0].weights()[0]
    assert torch.allclose(found.maps["token", "region"].values[0, 0], 0.5 * share, atol=1e-4)
    assert not found.maps["region", "token"].values.any()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (fusion_model(layer="gat"), 'graph layers of this FusionModel are convolutions.*layer="relational"'),
        (fusion_model(layers=0, align=()), "no layer with attention over nodes; integrated_gradients"),
        (HierarchicalModel(SCHEMA, DIM, heads=HEADS), "something else than an AttentionPool over the region"),
    ],
)
def test_a_model_that_it_cannot_follow_is_an_error(model, message):
    with pytest.raises(InputError, match=f"rollout: .*{message}"):
        rollout(subject(model), sample())
