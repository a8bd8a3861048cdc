import pytest
import torch

from mmgraph.heads import CaptionHead
from mmgraph.heads.decoder import CachedSteps
from tests.heads.example import DIM, encoded, lively

WORDS, LENGTH = 30, 9


def head(**options):
    return lively(CaptionHead(DIM, WORDS, layers=3, max_length=LENGTH, **options)).eval()


@pytest.mark.parametrize("beams", [1, 2, 5])
@pytest.mark.parametrize("way", ["absorbed", "projected"])
def test_every_step_is_the_full_forward_pass_whatever_beams_take_each_other_s_place(beams, way, monkeypatch):
    model, example = head(), encoded()
    memory = model.memory(example)
    monkeypatch.setattr(
        CachedSteps, "_looks", lambda self, beams: [getattr(x, way)(memory) for x in model.decoder.layers]
    )
    steps = model.steps(example)
    state = steps.start(beams)
    ids = torch.full((4, beams, 1), steps.begin)
    with torch.no_grad():
        for step in range(LENGTH):
            found = steps.step(ids[..., -1], state)
            logits = model.decoder(ids, memory)[:, :, -1]
            logits[..., list(model.never)] = -torch.inf
            assert torch.allclose(found, logits.log_softmax(-1), atol=1e-5), step
            parent = torch.randint(0, beams, (4, beams))
            steps.reorder(parent, state)
            ids = ids.gather(1, parent[..., None].expand_as(ids))
            ids = torch.cat([ids, torch.randint(0, WORDS, (4, beams, 1))], -1)


def test_few_words_absorb_keys_and_values_and_many_project_them():
    model = head()
    steps = CachedSteps(model.decoder, model.memory(encoded()), 1, 2, 0, (), max_length=2)
    kinds = {beams: type(steps.start(beams).looks[0]).__name__ for beams in (1, 2)}
    assert kinds == {1: "Absorbed", 2: "Projected"}


def test_keys_and_values_of_the_nodes_are_made_once_and_for_all_beams():
    steps = head().steps(encoded())
    first, second = steps.start(100), steps.start(50)
    assert all(a is b for a, b in zip(first.looks, second.looks, strict=True))
    assert first.looks[0].key.shape[0] == 4


def test_reordering_moves_no_keys():
    steps = head().steps(encoded())
    state = steps.start(3)
    steps.step(torch.full((4, 3), 5), state)
    before = [x.data_ptr() for x in state.keys], [x[:, :, 0].clone() for x in state.keys]
    steps.reorder(torch.tensor([[2, 2, 0]] * 4), state)
    assert before[0] == [x.data_ptr() for x in state.keys]
    assert all(torch.equal(x[:, :, 0], old) for x, old in zip(state.keys, before[1], strict=True))
    assert state.origin[:, :, 0].tolist() == [[2, 2, 0]] * 4
    assert state.origin[:, :, 1].tolist() == [[0, 1, 2]] * 4


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_scores_are_in_single_precision_at_least(dtype):
    model, example = head().to(dtype), encoded(dtype=dtype)
    steps = model.steps(example)
    found = steps.step(torch.full((4, 1), 1), steps.start(1))
    assert found.dtype == torch.promote_types(dtype, torch.float32)
    assert torch.allclose(found.exp().sum(-1), torch.ones(4, 1, dtype=found.dtype), atol=1e-4)
