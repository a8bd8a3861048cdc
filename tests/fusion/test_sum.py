import torch

from mmgraph.fusion import SumFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def test_of_all_modalities_it_is_their_sum():
    pooled, present = example_input()
    for scaled in (True, False):
        out = SumFusion(NAMES, WIDTH, scaled)(pooled, present)
        assert torch.allclose(
            out[6], pooled["region"][6] + pooled["token"][6] + pooled["segment"][6], atol=1e-12
        )


def test_what_is_missing_is_made_up_for_by_the_scale():
    pooled, present = example_input()
    out = SumFusion(NAMES, WIDTH)(pooled, present)
    assert torch.allclose(out[0], 3 * pooled["region"][0], atol=1e-12)
    assert torch.allclose(out[2], 1.5 * (pooled["region"][2] + pooled["token"][2]), atol=1e-12)
    equal = dict.fromkeys(NAMES, pooled["region"])
    assert torch.allclose(SumFusion(NAMES, WIDTH)(equal, present), 3 * pooled["region"], atol=1e-12)


def test_the_plain_sum_leaves_it_out():
    pooled, present = example_input()
    out = SumFusion(NAMES, WIDTH, scaled=False)(pooled, present)
    assert torch.allclose(out[2], pooled["region"][2] + pooled["token"][2], atol=1e-12)
