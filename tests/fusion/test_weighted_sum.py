import math

import torch

from mmgraph.fusion import WeightedSumFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def test_it_starts_as_the_mean_of_what_is_there():
    pooled, present = example_input()
    out = WeightedSumFusion(NAMES, WIDTH).double()(pooled, present)
    assert torch.allclose(out[2], (pooled["region"][2] + pooled["token"][2]) / 2, atol=1e-12)
    assert torch.allclose(out[6], sum(pooled[name][6] for name in NAMES) / 3, atol=1e-12)


def test_the_weights_are_shared_out_among_what_is_there():
    fusion = WeightedSumFusion(NAMES, WIDTH).double()
    fusion.score.data = torch.tensor([math.log(1.0), math.log(3.0), math.log(4.0)], dtype=torch.float64)
    pooled, present = example_input()
    out = fusion(pooled, present)
    assert torch.allclose(out[0], pooled["region"][0], atol=1e-12)
    assert torch.allclose(out[2], 0.25 * pooled["region"][2] + 0.75 * pooled["token"][2], atol=1e-12)
    all_three = 0.125 * pooled["region"][6] + 0.375 * pooled["token"][6] + 0.5 * pooled["segment"][6]
    assert torch.allclose(out[6], all_three, atol=1e-12)
