import pytest
import torch
from torch import nn

from mmgraph.errors import InputError
from mmgraph.fusion import CyclicFusion
from tests.fusion.every_fusion import NAMES, WIDTH, example_input


@torch.no_grad()
def cells_of(fusion: CyclicFusion) -> list[nn.GRUCell]:
    """The cells as torch's."""
    cells = []
    for heard, own in zip(fusion.heard, fusion.own, strict=True):
        cell = nn.GRUCell(WIDTH, WIDTH).double()
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        for name, value in zip(names, (heard.weight, own.weight, heard.bias, own.bias), strict=True):
            getattr(cell, name).copy_(value)
        cells.append(cell)
    return cells


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_it_equals_torchs_cells_told_one_by_one_what_the_others_say(steps):
    fusion = CyclicFusion(NAMES, WIDTH, steps).double()
    cells = cells_of(fusion)
    pooled, present = example_input()
    out = fusion(pooled, present)
    for i in range(7):
        state = {m: pooled[name][i] for m, name in enumerate(NAMES) if bool(present[name][i])}
        for _ in range(steps if len(state) > 1 else 0):
            state = {m: cells[m](others_mean(state, m), h) for m, h in state.items()}
        assert torch.allclose(out[i], torch.stack(list(state.values())).mean(0), atol=1e-12)


def others_mean(state: dict[int, torch.Tensor], modality: int) -> torch.Tensor:
    return torch.stack([h for other, h in state.items() if other != modality]).mean(0)


def test_a_modality_alone_stays_as_it_is():
    pooled, present = example_input()
    out = CyclicFusion(NAMES, WIDTH).double()(pooled, present)
    assert torch.equal(out[0], pooled["region"][0])
    assert torch.equal(out[1], pooled["token"][1])


def test_one_step_less_than_one_is_an_error():
    with pytest.raises(InputError, match="steps=0"):
        CyclicFusion(NAMES, WIDTH, steps=0)
