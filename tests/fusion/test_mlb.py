import torch

from mmgraph.fusion import MLBFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def test_of_two_modalities_it_is_low_rank_bilinear_pooling():
    fusion = MLBFusion(("image", "text"), WIDTH, rank=4).double()
    pooled, present = example_input(3, ("image", "text"))
    left, right = (f(pooled[n][2]).tanh() for f, n in zip(fusion.project, ("image", "text"), strict=True))
    # A bilinear map whose tensor is sum_r W_or e_r e_r.
    tensor = torch.einsum(
        "or,ri,rj->oij", fusion.out.weight, *torch.eye(4, dtype=torch.float64).expand(2, 4, 4)
    )
    expected = torch.einsum("oij,i,j->o", tensor, left, right) + fusion.out.bias
    assert torch.allclose(fusion(pooled, present)[2], expected, atol=1e-12)


def test_a_missing_modality_is_no_factor():
    fusion = MLBFusion(NAMES, WIDTH, rank=4).double()
    pooled, present = example_input()
    # Sample 4 has, by the bits of 5, the first and the third.
    product = fusion.project[0](pooled["region"][4]).tanh() * fusion.project[2](pooled["segment"][4]).tanh()
    assert torch.allclose(fusion(pooled, present)[4], fusion.out(product), atol=1e-12)


def test_the_product_is_as_wide_as_the_vectors_unless_a_rank_is_given():
    assert MLBFusion(NAMES, WIDTH).out.in_features == WIDTH
    assert MLBFusion(NAMES, WIDTH, rank=9).out.in_features == 9
