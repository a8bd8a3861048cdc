import torch

from mmgraph.fusion import ConcatFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def test_it_equals_the_formula_by_hand():
    fusion = ConcatFusion(NAMES, WIDTH).double()
    fusion.stand_in.vector.data.normal_()
    pooled, present = example_input()
    out = fusion(pooled, present)
    # Sample 4 has, by the bits of 5, the first and the third.
    side_by_side = torch.cat([pooled["region"][4], fusion.stand_in.vector[1], pooled["segment"][4]])
    assert torch.allclose(out[4], fusion.map.weight @ side_by_side + fusion.map.bias, atol=1e-12)


def test_of_all_modalities_it_is_torchs_concatenation():
    fusion = ConcatFusion(NAMES, WIDTH).double()
    pooled, present = example_input()
    side_by_side = torch.cat([pooled[name] for name in NAMES], dim=1)
    assert torch.allclose(fusion(pooled, present)[6], fusion.map(side_by_side)[6], atol=1e-12)


def test_a_missing_modality_differs_from_zeros_once_its_vector_is_learned():
    fusion = ConcatFusion(NAMES, WIDTH).double()
    pooled, present = example_input(1)
    zeros = {name: value * present[name][:, None] for name, value in pooled.items()}
    there = {name: torch.ones_like(here) for name, here in present.items()}
    assert torch.equal(fusion(pooled, present), fusion(zeros, there))
    fusion.stand_in.vector.data += 0.1
    assert not torch.allclose(fusion(pooled, present), fusion(zeros, there))
