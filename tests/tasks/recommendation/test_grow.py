import pytest
import torch
from torch import nn

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.errors import InputError
from mmgraph.models.recommendation import RECOMMENDERS, ItemGraph, RecommendationGraph, make_recommender
from mmgraph.tasks.recommendation.grow import grow
from tests.models.recommendation.world import ITEMS, MODALITIES, USERS, interactions, world
from tests.tasks.recommendation.small import known_world


class Tables(nn.Module):
    def __init__(self, users, items, width=3):
        super().__init__()
        self.users = nn.Parameter(torch.randn(users, width))
        self.items = nn.Parameter(torch.randn(items, width))
        self.share = nn.Parameter(torch.randn(()))
        self.register_buffer("seen", torch.randn(items))


def larger_world():
    """`world` with two users and three items more, that nobody chose and that have every modality."""
    small = world(torch.float32)
    features, similar = {}, {}
    for name, width in MODALITIES.items():
        old = small.features[name]
        x, there = torch.randn(3, width), torch.ones(3, dtype=torch.bool)
        features[name] = ItemFeatures(torch.cat([old.x, x]), torch.cat([old.present, there]))
        entries = small.similar[name].csr
        ends = torch.stack([entries.source, entries.target]).long()
        similar[name] = ItemGraph.of(ends, ITEMS + 3)
    return RecommendationGraph.of(interactions(), USERS + 2, ITEMS + 3, features, similar)


def test_trained_rows_come_first_and_new_ones_are_zeros():
    trained, larger = Tables(2, 3), Tables(4, 5)
    grow(trained, larger)
    assert torch.equal(larger.users[:2], trained.users)
    assert torch.equal(larger.items[:3], trained.items)
    assert torch.equal(larger.seen[:3], trained.seen)
    assert torch.equal(larger.share, trained.share)
    for new in (larger.users[2:], larger.items[3:], larger.seen[3:]):
        assert not new.any()


def test_the_trained_model_stays_as_it_is_and_shares_nothing():
    trained, larger = Tables(2, 3), Tables(2, 4)
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    grow(trained, larger)
    with torch.no_grad():
        larger.users.fill_(9)
    assert all(torch.equal(value, before[name]) for name, value in trained.state_dict().items())


@pytest.mark.parametrize("training", [True, False])
def test_it_is_in_the_mode_of_the_trained_one(training):
    larger = Tables(2, 4)
    grow(Tables(2, 3).train(training), larger)
    assert larger.training == training


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_every_recommender_grows_by_rows_and_old_rows_rank_as_before(name):
    small, larger = world(torch.float32), larger_world()
    options = {} if name == "popularity" else {"dim": 4}
    torch.manual_seed(0)
    trained, model = (make_recommender(name, graph, **options).eval() for graph in (small, larger))
    grow(trained, model)
    weights = trained.state_dict()
    for key, value in model.state_dict().items():
        assert torch.equal(value[: len(weights[key])] if value.dim() else value, weights[key])
    found = model(larger)
    assert (len(found.users), len(found.items)) == (USERS + 2, ITEMS + 3)
    assert found.items.isfinite().all()
    assert found.users.isfinite().all()


@pytest.mark.parametrize(
    ("trained", "larger"),
    [
        (Tables(2, 3), Tables(1, 3)),
        (Tables(2, 3), Tables(2, 3, width=4)),
        (Tables(2, 3), nn.Linear(3, 3)),
        (
            nn.ParameterDict({"a": nn.Parameter(torch.zeros(()))}),
            nn.ParameterDict({"a": nn.Parameter(torch.zeros(2))}),
        ),
    ],
    ids=["fewer", "wider", "other", "a number and a row"],
)
def test_models_of_two_kinds_are_an_error_and_nothing_is_written(trained, larger):
    before = {name: value.clone() for name, value in larger.state_dict().items()}
    with pytest.raises(InputError, match=r"grow got models of two kinds: .* is not in both, with rows"):
        grow(trained, larger)
    assert all(torch.equal(value, before[name]) for name, value in larger.state_dict().items())


def test_models_of_other_modalities_are_two_kinds():
    graph = known_world()
    other = make_recommender("aligned", RecommendationGraph.of(interactions(), USERS, ITEMS), dim=4)
    with pytest.raises(InputError, match="two kinds"):
        grow(make_recommender("aligned", graph, dim=4), other)
