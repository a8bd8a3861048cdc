import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.heads.search import Nucleus
from tests.heads.search.toy import ToySteps

PROBABILITY = torch.tensor([0.1, 0.4, 0.05, 0.3, 0.15])
DRAWS = 40_000


def frequencies(nucleus):
    """How often each token is drawn from one distribution."""
    random = torch.rand(1, DRAWS, generator=torch.Generator().manual_seed(1))
    drawn = nucleus.draw(PROBABILITY.log().expand(1, DRAWS, -1), random)
    return torch.bincount(drawn.flatten(), minlength=len(PROBABILITY)) / DRAWS


def close(found, expected):
    """Within five standard errors."""
    expected = expected / expected.sum()
    return bool(((found - expected).abs() <= 5 * (expected * (1 - expected) / DRAWS).sqrt()).all())


@pytest.mark.parametrize(
    ("p", "kept"), [(1.0, [0, 1, 2, 3, 4]), (0.8, [1, 3, 4]), (0.69, [1, 3]), (0.4, [1]), (1e-9, [1])]
)
def test_tokens_are_drawn_from_the_fewest_that_reach_p_as_often_as_they_are_likely(p, kept):
    expected = torch.zeros(5)
    expected[kept] = PROBABILITY[kept]
    assert close(frequencies(Nucleus(p)), expected)


def test_a_temperature_sharpens_before_the_nucleus_is_cut():
    assert close(frequencies(Nucleus(1.0, temperature=0.5)), PROBABILITY**2)
    # 0.16 and 0.09 of 0.285: the second is needed to reach 0.6 and the third is not.
    expected = torch.tensor([0, 0.16, 0, 0.09, 0])
    assert close(frequencies(Nucleus(0.6, temperature=0.5)), expected)


@pytest.mark.parametrize("random", [0.0, 1.0 - 2**-24, 1.0])
def test_the_ends_of_the_random_range_stay_in_the_nucleus(random):
    token = Nucleus(0.8).draw(PROBABILITY.log()[None, None], torch.full((1, 1), random))
    assert int(token) == (1 if random == 0 else 4)


def test_a_token_that_may_not_come_is_never_drawn():
    log_probability = torch.tensor([-torch.inf, 0.3, 0.7]).log_softmax(-1)
    drawn = Nucleus(1.0).draw(log_probability.expand(1, 999, -1), torch.linspace(0, 1 - 2**-24, 999)[None])
    assert set(drawn.flatten().tolist()) == {1, 2}


def test_whole_sequences_come_as_often_as_they_are_likely():
    steps = ToySteps(num_samples=1, max_length=2)
    found = Nucleus(1.0, samples=DRAWS)(steps)
    for sequence in steps.sequences():
        padded = torch.tensor([*sequence, 0][:2])
        share = (found.ids[0] == padded).all(1).double().mean()
        assert float(share) == pytest.approx(2.718281828 ** steps.log_probability(0, sequence), abs=0.012)


def test_a_seed_gives_its_sequences_again_and_another_gives_others():
    steps = ToySteps(num_samples=9, max_length=6)
    first, again, other = (Nucleus(1.0, seed=seed, samples=2)(steps).ids for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[:, 0], first[:, 1])


def test_drawing_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    Nucleus(seed=5)(ToySteps())
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("arguments", [{"p": 0.0}, {"p": 1.1}, {"temperature": 0.0}, {"samples": 0}])
def test_what_is_out_of_range_is_refused(arguments):
    with pytest.raises(InputError, match="p is above 0"):
        Nucleus(**arguments)
