import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.fusion import BlockFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def superdiagonal(fusion: BlockFusion) -> torch.Tensor:
    """The whole core, zero outside of the blocks."""
    blocks, width = fusion.factor.shape[1], fusion.factor.shape[-1]
    core = torch.zeros(3 * (blocks * width,), dtype=torch.float64)
    for c in range(blocks):
        place = slice(c * width, (c + 1) * width)
        core[place, place, place] = torch.einsum("rki,rkj->ijk", fusion.factor[0, c], fusion.factor[1, c])
    return core


def test_of_two_modalities_it_is_the_block_superdiagonal_tensor():
    fusion = BlockFusion(("image", "text"), WIDTH, blocks=2, width=4, rank=3).double()
    pooled, present = example_input(3, ("image", "text"))
    x, y = (f.weight @ pooled[n][2] for f, n in zip(fusion.project, ("image", "text"), strict=True))
    expected = torch.einsum("ijk,i,j,ok->o", superdiagonal(fusion), x, y, fusion.out.weight) + fusion.out.bias
    assert torch.allclose(fusion(pooled, present)[2], expected, atol=1e-12)


def test_a_missing_modality_is_no_factor():
    fusion = BlockFusion(NAMES, WIDTH, blocks=2, width=4, rank=3).double()
    pooled, present = example_input()
    # Sample 5 has, by the bits of 6, the second and the third.
    x, y = (fusion.project[i].weight @ pooled[NAMES[i]][5] for i in (1, 2))
    merged = torch.einsum("crki,crkj,ci,cj->ck", *fusion.factor[1:], x.view(2, 4), y.view(2, 4))
    assert torch.allclose(fusion(pooled, present)[5], fusion.out(merged.flatten()), atol=1e-12)


def test_the_blocks_divide_the_width_rounded_up():
    assert BlockFusion(NAMES, WIDTH).out.in_features == 4 * 2
    assert BlockFusion(NAMES, WIDTH, blocks=2, width=5).out.in_features == 10


@pytest.mark.parametrize("wrong", [{"blocks": 0}, {"rank": 0}])
def test_no_blocks_and_no_rank_are_errors(wrong):
    with pytest.raises(InputError, match="give at least 1 of each"):
        BlockFusion(NAMES, WIDTH, **wrong)
