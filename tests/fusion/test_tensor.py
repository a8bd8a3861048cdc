import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.fusion import TensorFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def with_one(fusion, modality, vector):
    return torch.cat([fusion.project[modality].weight @ vector, torch.ones(1, dtype=vector.dtype)])


def test_it_equals_the_outer_product_written_as_an_einsum():
    fusion = TensorFusion(NAMES, WIDTH, width=3).double()
    pooled, present = example_input()
    weight = fusion.out.weight.view(WIDTH, 4, 4, 4)
    z = [with_one(fusion, i, pooled[name][6]) for i, name in enumerate(NAMES)]
    expected = torch.einsum("oijk,i,j,k->o", weight, *z) + fusion.out.bias
    assert torch.allclose(fusion(pooled, present)[6], expected, atol=1e-12)


def test_of_a_missing_modality_the_one_alone_is_left():
    fusion = TensorFusion(NAMES, WIDTH, width=3).double()
    pooled, present = example_input()
    weight = fusion.out.weight.view(WIDTH, 4, 4, 4)
    first, third = with_one(fusion, 0, pooled["region"][4]), with_one(fusion, 2, pooled["segment"][4])
    expected = torch.einsum("oik,i,k->o", weight[:, :, 3], first, third) + fusion.out.bias
    assert torch.allclose(fusion(pooled, present)[4], expected, atol=1e-12)


def test_what_does_not_fit_is_an_error_that_names_what_would():
    names = [f"m{i}" for i in range(7)]
    with pytest.raises(InputError, match=r"9\*\*7 \* 64 = 306,110,016 weights.*width=6 or less, or LowRank"):
        TensorFusion(names, 64)
    assert 7**7 * 64 <= 2**26 < 8**7 * 64
    with pytest.raises(InputError, match="take LowRankFusion"):
        TensorFusion([f"m{i}" for i in range(30)], 64)
    with pytest.raises(InputError, match="width=0"):
        TensorFusion(NAMES, WIDTH, width=0)
