import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from mmgraph.data.recommendation import InteractionTable
from mmgraph.data.recommendation.negative_sampler import Negatives, NegativeSampler
from mmgraph.errors import InputError
from tests.ops.tracing import no_shape_checks

ITEMS = 6
CHOSEN = {0: [1, 4], 1: [0, 1, 2, 3, 4], 2: [0, 1, 2, 3, 4, 5], 4: [2, 5], 5: [1]}
"""User 2 chose everything, user 3 nothing; the last user that training knows is 5."""

COUNT = torch.tensor([2, 4, 3, 2, 3, 2])
"""How many users chose each item."""


def table():
    users = [user for user, items in CHOSEN.items() for _ in items]
    items = [item for items in CHOSEN.values() for item in items]
    order = torch.randperm(len(users))
    return InteractionTable(torch.tensor(users)[order], torch.tensor(items)[order])


def chances(user, exponent):
    """Of each item, by hand."""
    mass = COUNT.double() ** exponent
    left = [item not in CHOSEN.get(user, []) for item in range(ITEMS)]
    if any(left):
        mass = mass * torch.tensor(left)
    return mass / mass.sum()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("exponent", [0.0, 0.75, 2.0])
def test_each_item_is_drawn_as_often_as_its_chance_says(exponent):
    users = torch.arange(8)
    drawn = NegativeSampler(table(), ITEMS, exponent).draw(users, users, 40_000, generator())
    for user, row in enumerate(drawn):
        share = torch.bincount(row, minlength=ITEMS) / row.numel()
        assert torch.allclose(share.double(), chances(user, exponent), atol=0.012), user


@pytest.mark.parametrize("exponent", [0.0, 0.75])
def test_the_log_rate_is_the_log_of_that_chance(exponent):
    users, items = torch.arange(8), torch.arange(ITEMS).expand(8, ITEMS)
    found = NegativeSampler(table(), ITEMS, exponent).log_rate(users, items).exp()
    for user, row in enumerate(found):
        expected = chances(user, exponent)
        assert torch.allclose(row[expected > 0].double(), expected[expected > 0], atol=1e-6)


def test_nobody_is_given_what_they_chose_on_a_power_law():
    random = torch.rand(5000, generator=generator(), dtype=torch.float64)
    users = (40 * random**2).long()
    items = (50 * torch.rand(5000, generator=generator(1), dtype=torch.float64) ** 3).long()
    train = InteractionTable(users, items)
    chosen = torch.zeros(40, 50, dtype=torch.bool)
    chosen[users, items] = True
    for exponent in (0.0, 1.0):
        drawn = NegativeSampler(train, 50, exponent).draw(torch.arange(40), None, 500, generator())
        possible = ~chosen & (chosen.any(0) if exponent else True)
        some = possible.any(1)
        assert some.sum() > 20
        assert torch.gather(possible, 1, drawn)[some].all()
        given = torch.zeros(40, 50, dtype=torch.bool).scatter_(1, drawn, True)
        assert (given & possible).sum() > 0.9 * possible[some].sum()


def test_an_item_that_nobody_chose_is_drawn_only_if_all_are_alike():
    train = InteractionTable(torch.tensor([0, 1]), torch.tensor([0, 1]))
    users = torch.tensor([0, 1])
    assert set(NegativeSampler(train, 4).draw(users, users, 200, generator())[0].tolist()) == {1, 2, 3}
    popular = NegativeSampler(train, 4, exponent=0.5).draw(users, users, 200, generator())
    assert popular.unique(dim=1).tolist() == [[1], [0]]


def test_a_pair_that_occurs_twice_counts_once():
    once, twice = table(), InteractionTable.joined([table(), table()])
    users = torch.arange(6)
    drawn = [NegativeSampler(own, ITEMS, 0.75).draw(users, users, 50, generator()) for own in (once, twice)]
    assert torch.equal(*drawn)


def test_chances_reach_from_the_rarest_to_the_most_popular():
    count = 100_000
    train = InteractionTable(torch.arange(count), torch.zeros(count, dtype=torch.long))
    train = InteractionTable.joined([train, InteractionTable(torch.tensor([0]), torch.tensor([1]))])
    sampler = NegativeSampler(train, 3, exponent=2.0)
    assert sampler.draw(torch.tensor([1]), None, 10, generator()).unique().tolist() == [1]
    assert sampler.draw(torch.tensor([count + 7]), None, 1000, generator()).unique().tolist() == [0]


def test_a_seed_gives_one_draw():
    sampler, users = NegativeSampler(table(), ITEMS), torch.tensor([0, 1, 5])
    first, again, other = (sampler.draw(users, users, 100, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_without_interactions_every_item_can_be_drawn():
    none = InteractionTable(torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long))
    for exponent in (0.0, 0.75):
        sampler = NegativeSampler(none, 3, exponent)
        users = torch.tensor([0, 4])
        assert sampler.draw(users, users, 100, generator()).unique().tolist() == [0, 1, 2]


def test_nothing_is_drawn_for_no_users():
    assert NegativeSampler(table(), ITEMS).draw(torch.zeros(0).long(), None, 3, generator()).shape == (0, 3)


@pytest.mark.parametrize("exponent", [0.0, 0.75])
def test_drawing_waits_for_no_device(accelerator, exponent):
    sampler = NegativeSampler(table(), ITEMS, exponent)
    mode = FakeTensorMode()

    def there(value):
        return FakeTensor(mode, value.to("meta"), accelerator)

    for name, value in vars(sampler).items():
        if isinstance(value, torch.Tensor):
            setattr(sampler, name, there(value))
    users = there(torch.arange(5))
    with no_shape_checks(), mode:
        drawn = sampler.draw(users, users, 7, None)
        assert drawn.shape == (5, 7)
        assert sampler.log_rate(users, drawn).device.type == accelerator.type


def test_it_draws_negatives():
    assert isinstance(NegativeSampler(table(), ITEMS), Negatives)


@pytest.mark.parametrize(("items", "exponent"), [(0, 0.0), (3, -1.0)])
def test_what_it_cannot_draw_from_is_an_error(items, exponent):
    none = InteractionTable(torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long))
    with pytest.raises(InputError, match="give at least one item, and an exponent of 0 or more"):
        NegativeSampler(none, items, exponent)


def test_items_that_nobody_chose_are_left_out_on_request_and_the_others_are_drawn_alike():
    users = torch.tensor([0, 3])
    sampler = NegativeSampler(table(), ITEMS + 2, never_chosen=False)
    for user, row in enumerate(sampler.draw(users, users, 40_000, generator())):
        expected = torch.tensor(
            [item not in CHOSEN.get(int(users[user]), []) for item in range(ITEMS)]
        ).double()
        share = torch.bincount(row, minlength=ITEMS + 2).double() / len(row)
        assert torch.allclose(share[:ITEMS], expected / expected.sum(), atol=0.012)
        assert not share[ITEMS:].any()
    drawn = NegativeSampler(table(), ITEMS + 2).draw(users, users, 4000, generator())
    assert bool((drawn >= ITEMS).any())
