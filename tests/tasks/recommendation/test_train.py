import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from mmgraph.data.recommendation import InteractionTable, ItemFeatures
from mmgraph.data.recommendation.batch_negatives import BatchNegatives
from mmgraph.data.recommendation.chosen_pairs import ChosenPairs
from mmgraph.data.recommendation.hard_negatives import HardNegatives
from mmgraph.data.recommendation.negative_sampler import NegativeSampler
from mmgraph.errors import InputError
from mmgraph.models.recommendation import (
    Embedded,
    LightGCNRecommender,
    MatrixFactorisation,
    RecommendationGraph,
    Triplets,
    make_recommender,
)
from mmgraph.tasks.recommendation.train import (
    SAMPLING,
    RecommenderBudget,
    negatives_by_epoch,
    train_recommender,
    triplets,
)
from mmgraph.training import Ranks, Run, load_weights

USERS, ITEMS = 24, 16


def tastes():
    """Even users choose even items, and odd ones odd items."""
    users, items = torch.meshgrid(torch.arange(USERS), torch.arange(ITEMS), indexing="ij")
    generator = torch.Generator().manual_seed(0)
    chosen = (users % 2 == items % 2) & (torch.rand(USERS, ITEMS, generator=generator) < 0.6)
    return InteractionTable(users[chosen], items[chosen])


TRAIN = tastes()
GRAPH = RecommendationGraph.of(TRAIN, USERS, ITEMS)
BUDGET = RecommenderBudget(epochs=8, batch_size=16, learning_rate=0.05)


def parted(model):
    """How much higher users score items of their kind than others."""
    with torch.no_grad():
        found = model(GRAPH)
        scores = found.users @ found.items.T
    same = torch.arange(USERS)[:, None] % 2 == torch.arange(ITEMS) % 2
    return float(scores[same].mean() - scores[~same].mean())


def train(tmp_path, model=None, budget=BUDGET, seed=0, validate=None, **options):
    torch.manual_seed(3)
    model = model or LightGCNRecommender(GRAPH, dim=8, layers=2)
    run = Run(tmp_path / "run", {})
    score = (lambda: parted(model)) if validate is None else validate
    return model, train_recommender(model, GRAPH, TRAIN, score, budget, run, seed, **options), run


@pytest.mark.parametrize("sampling", SAMPLING)
@pytest.mark.parametrize("make", [MatrixFactorisation, LightGCNRecommender])
@pytest.mark.parametrize("loss", ["bpr", "softmax"])
def test_it_learns_what_users_like(tmp_path, make, sampling, loss):
    torch.manual_seed(3)
    model = make(GRAPH, dim=8, loss=loss)
    before = parted(model)
    budget = replace(BUDGET, sampling=sampling, negatives=3)
    _, fitted, run = train(tmp_path, model, budget)
    assert fitted.best_score > before + 0.3
    assert fitted.best_score == pytest.approx(parted(model))
    written = json.loads((run.folder / "metrics.jsonl").read_text().splitlines()[0])
    assert {loss, "decay", "validation", "epoch"} < written.keys()


def test_equal_seeds_give_equal_weights(tmp_path):
    for sampling in SAMPLING:
        budget = replace(BUDGET, epochs=2, sampling=sampling)
        first, again, other = (train(tmp_path, budget=budget, seed=seed)[0] for seed in (1, 1, 2))
        assert torch.equal(first.users, again.users)
        assert torch.equal(first.items, again.items)
        assert not torch.equal(first.users, other.users)


def test_the_kind_of_sampling_changes_the_weights(tmp_path):
    found = [train(tmp_path, budget=replace(BUDGET, epochs=1, sampling=s))[0].users for s in SAMPLING]
    for place, one in enumerate(found):
        assert not any(torch.equal(one, other) for other in found[:place])


def test_a_step_is_adams_on_the_models_own_loss(tmp_path):
    budget = RecommenderBudget(epochs=1, batch_size=1000, learning_rate=0.01)
    model = train(tmp_path, budget=budget, seed=7)[0]
    torch.manual_seed(3)
    other = LightGCNRecommender(GRAPH, dim=8, layers=2)
    optimizer = torch.optim.Adam(other.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(7)
    (batch,) = triplets(TRAIN, NegativeSampler(TRAIN, ITEMS), 1000, 1, generator)
    sum(other.loss(GRAPH, batch).values()).backward()
    optimizer.step()
    assert torch.allclose(model.users, other.users, atol=1e-6)
    assert torch.allclose(model.items, other.items, atol=1e-6)


def test_an_epoch_has_every_interaction_once_with_negatives_of_its_user():
    sampler = NegativeSampler(TRAIN, ITEMS)
    batches = list(triplets(TRAIN, sampler, 16, 3, torch.Generator().manual_seed(0)))
    assert [len(batch.users) for batch in batches[:-1]] == [16] * (len(batches) - 1)
    pairs = torch.cat([batch.users * ITEMS + batch.items for batch in batches])
    assert torch.equal(pairs.sort().values, (TRAIN.users * ITEMS + TRAIN.items).sort().values)
    assert not torch.equal(pairs, TRAIN.users * ITEMS + TRAIN.items)
    for batch in batches:
        assert batch.negatives.shape == (len(batch.users), 3)
        assert not ChosenPairs(TRAIN, ITEMS).contain(batch.users, batch.negatives).any()


def test_the_budget_says_what_draws():
    model = MatrixFactorisation(GRAPH, dim=4)

    def drawn(**options):
        return negatives_by_epoch(RecommenderBudget(**options), TRAIN, ITEMS)(model, GRAPH)

    assert isinstance(drawn(), NegativeSampler)
    assert isinstance(drawn(sampling="in_batch"), BatchNegatives)
    hard = drawn(sampling="hard", candidates=5, hard_share=0.25)
    assert isinstance(hard, HardNegatives)
    assert (hard.candidates, hard.share) == (5, 0.25)
    users, items = torch.tensor([3]), torch.arange(ITEMS)[None]
    plain, popular = drawn(exponent=2.0), drawn(sampling="popularity", exponent=2.0)
    assert plain.log_rate(users, items).unique().numel() == 1
    assert popular.log_rate(users, items).unique().numel() > 1


def test_hard_negatives_are_scored_by_the_model_as_it_was_when_the_epoch_began():
    model = MatrixFactorisation(GRAPH, dim=4)
    expected = (model.users @ model.items.T).detach()
    hard = negatives_by_epoch(RecommenderBudget(sampling="hard"), TRAIN, ITEMS)(model, GRAPH)
    with torch.no_grad():
        model.users.zero_()
        model.items.zero_()
    users, items = torch.tensor([3, 5]), torch.tensor([[0, 1, 2], [4, 5, 6]])
    assert torch.allclose(hard.score(users, items), expected[users[:, None], items])


def test_a_model_that_learns_nothing_is_scored_and_kept(tmp_path):
    model = make_recommender("popularity", GRAPH)
    _, fitted, run = train(tmp_path, model, validate=lambda: 0.25)
    assert (fitted.steps, fitted.best_step, fitted.best_score) == (0, 0, 0.25)
    assert not model.training
    assert load_weights(model, run.checkpoint)["validation"] == 0.25
    assert json.loads((run.folder / "metrics.jsonl").read_text())["validation"] == 0.25


def test_a_model_whose_weights_are_all_frozen_is_kept_as_it_is(tmp_path):
    model = MatrixFactorisation(GRAPH, dim=4).requires_grad_(False)
    before = model.users.clone()
    train(tmp_path, model)
    assert torch.equal(model.users, before)


def test_a_model_may_thin_out_the_graph_of_each_epoch(tmp_path):
    seen = []

    class Thinning(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(USERS + ITEMS, 2))

        def training_graph(self, graph, generator):
            drawn = torch.rand(ITEMS, 1, generator=generator)
            return replace(graph, features={"drawn": ItemFeatures(drawn, torch.ones(ITEMS).bool())})

        def forward(self, graph):
            return Embedded(*self.weight.split([USERS, ITEMS]))

        def loss(self, graph, batch):
            seen.append(float(graph.features["drawn"].x[0]))
            return {"size": (self.weight - 1).square().mean()}

    budget = replace(BUDGET, epochs=2, batch_size=len(TRAIN) // 2 + 1)
    train(tmp_path, Thinning(), budget, validate=lambda: 0.0)
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_the_parts_of_all_processes_sum_to_the_loss_of_one():
    model = LightGCNRecommender(GRAPH, dim=8)
    batch = next(triplets(TRAIN, NegativeSampler(TRAIN, ITEMS), 11, 2, torch.Generator().manual_seed(0)))
    whole = model.loss(GRAPH, batch)
    for name, term in whole.items():
        total = 0
        for rank in range(3):
            rows, share = Ranks(rank, 3).part(11)
            part = Triplets(batch.users[rows], batch.items[rows], batch.negatives[rows])
            total = total + share * model.loss(GRAPH, part)[name]
        assert torch.allclose(term, total, atol=1e-6)


def test_no_interactions_are_an_error(tmp_path):
    none = TRAIN[:0]
    model = MatrixFactorisation(GRAPH, dim=4)
    with pytest.raises(InputError, match="no training interactions"):
        train_recommender(model, GRAPH, none, lambda: 0.0, BUDGET, Run(tmp_path, {}), 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampling": "mixed"}, "expected one of uniform, popularity, in_batch, hard"),
        ({"batch_size": 0}, "give at least one of each"),
        ({"negatives": 0}, "give at least one of each"),
    ],
)
def test_a_budget_that_cannot_be_kept_is_an_error(options, message):
    with pytest.raises(InputError, match=message):
        RecommenderBudget(**options)
