import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.fusion import MixtureOfExpertsFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def test_it_equals_the_formula_by_hand():
    fusion = MixtureOfExpertsFusion(NAMES, WIDTH, experts=3, hidden=4).double()
    fusion.stand_in.vector.data.normal_()
    pooled, present = example_input()
    # Sample 4 has, by the bits of 5, the first and the third.
    x = torch.cat([pooled["region"][4], fusion.stand_in.vector[1], pooled["segment"][4]])
    gate = (fusion.gate.weight @ x + fusion.gate.bias).exp()
    expected = torch.zeros(WIDTH, dtype=torch.float64)
    for share, (first, _, second) in zip(gate / gate.sum(), fusion.experts, strict=True):
        hidden = torch.nn.functional.gelu(first.weight @ x + first.bias)
        expected = expected + share * (second.weight @ hidden + second.bias)
    assert torch.allclose(fusion(pooled, present)[4], expected, atol=1e-12)
    assert torch.allclose(fusion.gates(pooled, present)[4], gate / gate.sum(), atol=1e-12)


def test_one_expert_is_that_expert():
    fusion = MixtureOfExpertsFusion(NAMES, WIDTH, experts=1).double()
    pooled, present = example_input()
    x = torch.cat([pooled[name][6] for name in NAMES])
    assert torch.allclose(fusion(pooled, present)[6], fusion.experts[0](x), atol=1e-12)


def test_the_gate_can_choose_by_what_is_there():
    fusion = MixtureOfExpertsFusion(NAMES, WIDTH, experts=2).double()
    fusion.gate.weight.data.zero_()
    fusion.gate.weight.data[0, WIDTH] = 50.0
    fusion.stand_in.vector.data[1, 0] = 50.0
    pooled, present = example_input()
    pooled["token"] = torch.zeros_like(pooled["token"])
    gates = fusion.gates(pooled, present)
    assert torch.allclose(gates[~present["token"]], torch.tensor([1.0, 0.0], dtype=torch.float64))
    balanced = gates[present["token"]] - fusion.gate.bias.softmax(0)
    assert float(balanced.abs().max()) < 1e-12


def test_no_expert_is_an_error():
    with pytest.raises(InputError, match="at least one expert"):
        MixtureOfExpertsFusion(NAMES, WIDTH, experts=0)
