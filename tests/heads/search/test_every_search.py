"""What holds for every search, stated once."""

import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensor, FakeTensorMode

import mmgraph.heads.search
from mmgraph.errors import InputError
from mmgraph.heads.search import Beam, DiverseBeam, Found, Greedy, Nucleus, Steps
from tests.heads.search.toy import END, PAD, ToySteps

EXAMPLES = {
    "Greedy": lambda every: Greedy(every),
    "Beam": lambda every: Beam(3, n_best=2, check_every=every),
    "DiverseBeam": lambda every: DiverseBeam(2, 0.7, 4, check_every=every),
    "Nucleus": lambda every: Nucleus(0.9, samples=3, check_every=every),
}
ALL = pytest.mark.parametrize("search", EXAMPLES.values(), ids=EXAMPLES.keys())


def test_every_public_search_has_an_example():
    assert set(mmgraph.heads.search.__all__) - {"Found", "Search", "Steps"} == set(EXAMPLES)


def test_the_toy_follows_the_protocol():
    assert isinstance(ToySteps(), Steps)


@ALL
def test_sequences_have_words_then_end_then_pad(search):
    ids = search(4)(ToySteps(max_length=6, end_bonus=1.0)).ids
    ended = (ids == END).cumsum(-1) - (ids == END).long() > 0
    assert bool(ended.any())
    assert torch.equal(ids == PAD, ended)
    assert bool((ids[~ended] >= END).all())


@ALL
def test_how_often_it_looks_changes_nothing_but_the_number_of_steps(search):
    found, calls = {}, {}
    for every in (1, 4, None):
        steps = ToySteps(max_length=30, end_bonus=1.0)
        found[every], calls[every] = search(every)(steps), steps.calls
    assert calls[None] == 30
    assert calls[1] <= calls[4] < calls[None]
    assert calls[4] % 4 == 0
    for every in (4, None):
        assert torch.equal(found[every].ids, found[1].ids)
        assert torch.equal(found[every].scores, found[1].scores)


@ALL
def test_the_score_is_that_of_the_sequence(search):
    steps = ToySteps(max_length=6)
    made = search(4)
    found = made(steps)
    for b in range(steps.num_samples):
        for ids, score in zip(found.ids[b].tolist(), found.scores[b].tolist(), strict=True):
            sequence = [token for token in ids if token != PAD]
            length = len(sequence) ** getattr(made, "length_penalty", 0.0)
            assert score == pytest.approx(steps.log_probability(b, sequence) / length, abs=1e-5)


@ALL
def test_a_batch_of_none_is_a_batch(search):
    found = search(4)(ToySteps(num_samples=0))
    assert found.ids.shape[0] == found.scores.shape[0] == 0
    assert found.best.shape == (0, 4)


@ALL
def test_an_interval_below_one_is_refused(search):
    with pytest.raises(InputError, match="check_every=0"):
        search(0)


class FakeSteps:
    """As many tokens as there are words, on a device that cannot be read."""

    def __init__(self, mode, device):
        self.num_samples, self.max_length, self.device = 3, 9, device
        self.begin, self.end, self.pad = 1, 2, 0
        self.scores = FakeTensor(mode, torch.empty(3, 1, 2000, device="meta"), device)

    def start(self, beams):
        return None

    def step(self, last, state):
        assert last.device.type == "sim"
        return self.scores.expand(-1, last.shape[1], -1).log_softmax(-1)

    def reorder(self, parent, state):
        assert parent.device.type == "sim"


@ALL
def test_it_waits_for_the_device_only_to_look_whether_all_are_done(search, accelerator):
    mode = FakeTensorMode()
    steps = FakeSteps(mode, accelerator)
    with mode:
        found = search(None)(steps)
        assert isinstance(found, Found)
        assert found.ids.device.type == found.scores.device.type == "sim"
        with pytest.raises(DataDependentOutputException):
            search(4)(steps)
