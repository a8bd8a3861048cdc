import torch

from mmgraph.fusion import FeedForwardFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def test_it_equals_the_formula_by_hand():
    fusion = FeedForwardFusion(NAMES, WIDTH, hidden=4).double()
    fusion.stand_in.vector.data.normal_()
    pooled, present = example_input()
    first, second = fusion.layers[0], fusion.layers[2]
    # Sample 1 has, by the bits of 2, the second alone.
    vector = torch.cat([fusion.stand_in.vector[0], pooled["token"][1], fusion.stand_in.vector[2]])
    hidden = first.weight @ vector + first.bias
    hidden = hidden * 0.5 * (1 + torch.erf(hidden / 2**0.5))
    expected = second.weight @ hidden + second.bias
    assert torch.allclose(fusion(pooled, present)[1], expected, atol=1e-12)


def test_the_hidden_width_is_twice_that_of_the_vectors_unless_it_is_given():
    assert FeedForwardFusion(NAMES, WIDTH).layers[0].out_features == 2 * WIDTH
    assert FeedForwardFusion(NAMES, WIDTH, hidden=5).layers[0].out_features == 5
