import itertools

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.fusion import LowRankFusion, TensorFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def affine(fusion: TensorFusion, modality: int) -> tuple[torch.Tensor, torch.Tensor]:
    """z_m as a linear map of h_m, and what it is of nothing: zeros and the one."""
    linear = fusion.project[modality].weight
    zero = torch.zeros(1, WIDTH, dtype=linear.dtype)
    return torch.cat([linear, zero]), torch.cat([zero[0, : len(linear)], zero.new_ones(1)])


@torch.no_grad()
def unfolded(full: TensorFusion, width: int) -> LowRankFusion:
    """The full tensor as a sum of products: one for each entry of all modalities but the first."""
    weight = full.out.weight.view(WIDTH, width + 1, width + 1, width + 1)
    choices = list(itertools.product(range(width + 1), repeat=2))
    low = LowRankFusion(NAMES, WIDTH, rank=len(choices)).double()
    for r, (j, k) in enumerate(choices):
        for modality, chosen in ((0, weight[:, :, j, k]), (1, one_hot(j, width)), (2, one_hot(k, width))):
            linear, of_nothing = affine(full, modality)
            low.factor[modality, r] = chosen @ linear
            low.factor_of_one[modality, r] = chosen @ of_nothing
    low.bias.copy_(full.out.bias)
    return low


def one_hot(index: int, width: int) -> torch.Tensor:
    """The same entry of z for every output."""
    return torch.eye(width + 1, dtype=torch.float64)[index].expand(WIDTH, -1)


def test_at_full_rank_it_equals_tensor_fusion_whatever_is_missing():
    full = TensorFusion(NAMES, WIDTH, width=2).double()
    low = unfolded(full, 2)
    pooled, present = example_input()
    assert torch.allclose(low(pooled, present), full(pooled, present), atol=1e-12)


def test_it_equals_the_weight_tensor_of_its_factors():
    fusion = LowRankFusion(NAMES, WIDTH, rank=3).double()
    pooled, present = example_input()
    factors = torch.cat([fusion.factor, fusion.factor_of_one[..., None]], dim=-1)
    weight = torch.einsum("roi,roj,rok->oijk", *factors)
    one = torch.ones(1, dtype=torch.float64)
    z = [torch.cat([pooled[name][6], one]) for name in NAMES]
    expected = torch.einsum("oijk,i,j,k->o", weight, *z) + fusion.bias
    assert torch.allclose(fusion(pooled, present)[6], expected, atol=1e-12)
    missing = torch.cat([torch.zeros(WIDTH, dtype=torch.float64), one])
    expected = torch.einsum("oijk,i,j,k->o", weight, z[0] * 0 + missing, missing, missing) + fusion.bias
    nothing = {name: torch.zeros_like(value) for name, value in pooled.items()}
    assert torch.allclose(fusion(nothing, present)[6], expected, atol=1e-12)


def test_every_factor_is_a_weight_that_an_optimizer_moves():
    fusion = LowRankFusion(NAMES, WIDTH)
    before = {name: value.clone() for name, value in fusion.named_parameters()}
    assert set(before) == {"factor", "factor_of_one", "bias"}
    optimizer = torch.optim.SGD(fusion.parameters(), lr=0.1)
    fusion(*example_input(dtype=torch.float32)).square().sum().backward()
    optimizer.step()
    for name, value in fusion.named_parameters():
        assert bool((value != before[name]).flatten(1).any(1).all() if value.dim() > 1 else True), name


def test_it_starts_with_products_of_ones_that_sum_to_one():
    fusion = LowRankFusion(NAMES, WIDTH, rank=5)
    assert torch.allclose(fusion.factor_of_one.prod(0).sum(0), torch.ones(WIDTH))


def test_a_rank_below_one_is_an_error():
    with pytest.raises(InputError, match="rank=0"):
        LowRankFusion(NAMES, WIDTH, rank=0)
