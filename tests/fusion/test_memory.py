import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from mmgraph.errors import InputError
from mmgraph.fusion import MemoryFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


def asked(fusion, pooled, present, i):
    """The query of a sample and how much it reads of each slot, by hand."""
    told = [f.weight @ pooled[n][i] for f, n in zip(fusion.query, NAMES, strict=True) if bool(present[n][i])]
    query = sum(told) / len(told)
    scores = torch.stack([query.dot(key) / WIDTH**0.5 for key in fusion.keys])
    return query, scores.exp() / scores.exp().sum()


def test_it_equals_the_formula_by_hand():
    fusion = MemoryFusion(NAMES, WIDTH, slots=4).double()
    pooled, present = example_input()
    out, weights = fusion(pooled, present), fusion.weights(pooled, present)
    for i in range(7):
        query, weight = asked(fusion, pooled, present, i)
        read = sum(share * value for share, value in zip(weight, fusion.values, strict=True))
        assert torch.allclose(weights[i], weight, atol=1e-12)
        assert torch.allclose(out[i], fusion.out(query + read), atol=1e-12)


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("batch", [1, 7])
def test_writing_moves_each_slot_by_the_rule_by_hand(given, batch):
    fusion = MemoryFusion(NAMES, WIDTH, slots=4).double()
    pooled, present = example_input(batch)
    both = [asked(fusion, pooled, present, i) for i in range(batch)]
    values = (
        torch.randn(batch, WIDTH, dtype=torch.float64) if given else torch.stack([query for query, _ in both])
    )
    expected = fusion.values.detach().clone()
    for s in range(4):
        read = sum(float(weight[s].detach()) for _, weight in both)
        mean = sum(weight[s] * value for (_, weight), value in zip(both, values, strict=True)) / read
        expected[s] += 0.3 * min(1.0, read) * (mean - expected[s])
    fusion.write(pooled, present, values if given else None, rate=0.3)
    assert torch.allclose(fusion.values, expected, atol=1e-12)


def test_what_was_written_is_recalled():
    fusion = MemoryFusion(NAMES, WIDTH, slots=2).double()
    fusion.keys.data = torch.zeros(2, WIDTH, dtype=torch.float64)
    fusion.keys.data[0, 0], fusion.keys.data[1, 0] = 1e3, -1e3
    pooled, present = example_input(1)
    fusion.query[0].weight.data = torch.eye(WIDTH, dtype=torch.float64)
    pooled["region"][0, 0] = 1.0
    untouched = fusion.values[1].clone()
    remembered = torch.arange(WIDTH, dtype=torch.float64)[None]
    fusion.write(pooled, present, remembered, rate=1.0)
    assert torch.allclose(fusion.values[0], remembered[0], atol=1e-12)
    assert torch.equal(fusion.values[1], untouched)
    assert torch.allclose(fusion(pooled, present), fusion.out(pooled["region"] + remembered), atol=1e-12)


def test_writing_leaves_no_trace_for_the_gradient_and_an_empty_batch_writes_nothing():
    fusion = MemoryFusion(NAMES, WIDTH, slots=4).double()
    before = fusion.values.detach().clone()
    fusion.write(*example_input(0), rate=1.0)
    assert torch.equal(fusion.values, before)
    fusion.write(*example_input(), rate=0.0)
    assert torch.equal(fusion.values, before)
    fusion.write(*example_input())
    assert not torch.equal(fusion.values, before)
    assert fusion.values.requires_grad
    assert fusion.values.is_leaf
    fusion(*example_input()).sum().backward()
    assert fusion.values.grad is not None


def test_writing_never_waits_for_the_device(accelerator):
    fusion = MemoryFusion(NAMES, WIDTH, slots=4)
    mode = FakeTensorMode()

    def fake(tensor: torch.Tensor) -> torch.Tensor:
        return FakeTensor(mode, tensor.detach().to("meta"), accelerator)

    given = [{k: fake(v) for k, v in part.items()} for part in example_input(dtype=torch.float32)]
    for module in fusion.modules():
        for name, parameter in list(module._parameters.items()):
            if parameter is not None:
                module._parameters[name] = torch.nn.Parameter(fake(parameter))
    with mode:
        fusion.write(*given)
    assert fusion.values.device.type == "sim"


def test_a_rate_out_of_range_and_no_slot_are_errors():
    fusion = MemoryFusion(NAMES, WIDTH)
    with pytest.raises(InputError, match=r"rate=1.5\): expected 0 to 1"):
        fusion.write(*example_input(dtype=torch.float32), rate=1.5)
    with pytest.raises(InputError, match="at least one slot"):
        MemoryFusion(NAMES, WIDTH, slots=0)
