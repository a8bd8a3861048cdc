import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.fusion import MutanFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def squashed(fusion, modality, vector):
    return (fusion.project[modality].weight @ vector).tanh()


def test_of_two_modalities_it_is_a_tucker_decomposition():
    fusion = MutanFusion(("image", "text"), WIDTH, width=4, rank=3).double()
    pooled, present = example_input(3, ("image", "text"))
    core = torch.einsum("rki,rkj->ijk", *fusion.factor)
    q, v = squashed(fusion, 0, pooled["image"][2]), squashed(fusion, 1, pooled["text"][2])
    expected = torch.einsum("ijk,i,j,ok->o", core, q, v, fusion.out.weight) + fusion.out.bias
    assert torch.allclose(fusion(pooled, present)[2], expected, atol=1e-12)


def test_a_slice_of_the_core_has_the_rank_that_was_asked_for():
    fusion = MutanFusion(("image", "text"), WIDTH, width=5, rank=2).double()
    core = torch.einsum("rki,rkj->kij", *fusion.factor)
    assert torch.linalg.matrix_rank(core).tolist() == [2] * 5


def test_a_missing_modality_is_no_factor():
    fusion = MutanFusion(NAMES, WIDTH, width=4, rank=3).double()
    pooled, present = example_input()
    # Sample 4 has, by the bits of 5, the first and the third.
    vectors = squashed(fusion, 0, pooled["region"][4]), squashed(fusion, 2, pooled["segment"][4])
    merged = torch.einsum("rki,rkj,i,j->k", fusion.factor[0], fusion.factor[2], *vectors)
    assert torch.allclose(fusion(pooled, present)[4], fusion.out(merged), atol=1e-12)
    alone = torch.einsum("rki,i->k", fusion.factor[1], squashed(fusion, 1, pooled["token"][1]))
    assert torch.allclose(fusion(pooled, present)[1], fusion.out(alone), atol=1e-12)


def test_a_rank_below_one_is_an_error():
    with pytest.raises(InputError, match="rank=0"):
        MutanFusion(NAMES, WIDTH, rank=0)
