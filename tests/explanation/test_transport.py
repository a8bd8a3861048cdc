import numpy as np
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.explanation.transport import transport
from tests.explanation.sample import fusion_model, sample, subject


def by_hand(x, y, eps):
    """Sinkhorn's iterations in plain numpy, many of them; rows times their number."""
    x, y = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (x, y))
    kernel = np.exp(-(1 - x @ y.T) / eps)
    u, v = np.ones(len(x)), np.ones(len(y))
    for _ in range(5000):
        u = 1 / len(x) / (kernel @ v)
        v = 1 / len(y) / (kernel.T @ u)
    return len(x) * u[:, None] * kernel * v


@pytest.mark.parametrize("eps", [0.05, 0.3])
def test_maps_are_the_plan_between_encoded_nodes_both_ways(eps):
    model, graph = fusion_model(), sample()
    found = transport(subject(model), graph, eps=eps, iterations=2000)
    nodes = {key: value.detach().numpy() for key, value in model.eval().encode(graph).nodes.items()}
    assert set(found.maps) == {(a, b) for a in nodes for b in nodes if a != b}
    for (source, target), weights in found.maps.items():
        expected = by_hand(nodes[source], nodes[target], eps)
        assert np.allclose(weights.values[0, 0].numpy(), expected, atol=1e-4)
    assert not found.nodes
    assert f"eps = {eps}" in found.note


def test_rows_are_shares_and_columns_are_even():
    weights = (
        transport(subject(fusion_model()), sample(), iterations=2000).maps["token", "region"].values[0, 0]
    )
    assert torch.allclose(weights.sum(1), torch.ones(4, dtype=torch.float64), atol=1e-4)
    assert torch.allclose(weights.sum(0), torch.full((3,), 4 / 3, dtype=torch.float64), atol=1e-3)


def test_a_smoothing_of_zero_is_an_error():
    with pytest.raises(InputError, match="eps=0"):
        transport(subject(fusion_model()), sample(), eps=0.0)
