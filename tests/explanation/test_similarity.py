import numpy as np

from mmgraph.explanation.similarity import similarity
from tests.explanation.sample import fusion_model, sample, subject


def test_maps_are_the_cosines_of_encoded_nodes_with_their_sign():
    model, graph = fusion_model(), sample()
    found = similarity(subject(model), graph)
    nodes = {key: value.detach().numpy() for key, value in model.eval().encode(graph).nodes.items()}
    assert set(found.maps) == {(a, b) for a in nodes for b in nodes if a != b}
    lowest = 0.0
    for (source, target), weights in found.maps.items():
        for i, x in enumerate(nodes[source]):
            for j, y in enumerate(nodes[target]):
                expected = x @ y / np.linalg.norm(x) / np.linalg.norm(y)
                assert abs(float(weights.values[0, 0, i, j]) - expected) < 1e-4
                lowest = min(lowest, expected)
    assert lowest < -0.05
    assert not found.nodes
