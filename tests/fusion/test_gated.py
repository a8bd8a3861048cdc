import torch

from mmgraph.fusion import GatedFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def test_of_two_modalities_it_is_the_gated_multimodal_unit():
    fusion = GatedFusion(("image", "text"), WIDTH).double()
    pooled, present = example_input(3, ("image", "text"))
    out = fusion(pooled, present)[2]
    image, text = pooled["image"][2], pooled["text"][2]
    difference = fusion.gate.weight[:WIDTH] - fusion.gate.weight[WIDTH:]
    z = torch.sigmoid(difference @ torch.cat([image, text]))
    first, second = (torch.tanh(f.weight @ x) for f, x in zip(fusion.value, (image, text), strict=True))
    assert torch.allclose(out, z * first + (1 - z) * second, atol=1e-12)


def test_of_three_it_equals_the_formula_by_hand():
    fusion = GatedFusion(NAMES, WIDTH).double()
    pooled, present = example_input()
    out = fusion(pooled, present)
    # Sample 5 has, by the bits of 6, the second and the third; the gates read zeros of the first.
    token, segment = pooled["token"][5], pooled["segment"][5]
    scores = (fusion.gate.weight @ torch.cat([torch.zeros_like(token), token, segment])).view(3, WIDTH)
    z = scores[1:].softmax(0)
    expected = (
        z[0] * (fusion.value[1].weight @ token).tanh() + z[1] * (fusion.value[2].weight @ segment).tanh()
    )
    assert torch.allclose(out[5], expected, atol=1e-12)


def test_the_gates_of_a_channel_sum_to_one_over_what_is_there():
    pooled, present = example_input()
    gates = GatedFusion(NAMES, WIDTH).double().gates(pooled, present)
    assert torch.allclose(gates.sum(1), torch.ones(7, WIDTH, dtype=torch.float64))
    here = torch.stack([present[name] for name in NAMES], dim=1)
    assert torch.equal(gates > 0, here[..., None].expand_as(gates))
