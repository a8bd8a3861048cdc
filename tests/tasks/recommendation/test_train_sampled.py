import pytest
import torch

from mmgraph.data.recommendation import InteractionTable
from mmgraph.models.recommendation import RecommendationGraph, SampledLightGCN, Triplets
from mmgraph.tasks.recommendation.train import RecommenderBudget
from mmgraph.tasks.recommendation.train_sampled import sampled_terms, train_sampled
from mmgraph.training import Ranks, Run

USERS, ITEMS = 24, 16


def tastes():
    """Even users choose even items, and odd ones odd items."""
    users, items = torch.meshgrid(torch.arange(USERS), torch.arange(ITEMS), indexing="ij")
    chosen = (users % 2 == items % 2) & (torch.rand(USERS, ITEMS) < 0.6)
    return InteractionTable(users[chosen], items[chosen])


@pytest.mark.parametrize("optimizer", ["adam", "adagrad"])
def test_it_learns_what_users_like(optimizer, tmp_path):
    train = tastes()
    graph = RecommendationGraph.of(train, USERS, ITEMS)
    model = SampledLightGCN(graph, dim=8, layers=2, fanout=3)

    def parted():
        """How much higher users score items of their kind than others."""
        found = model(graph)
        scores = found.users @ found.items.T
        same = torch.arange(USERS)[:, None] % 2 == torch.arange(ITEMS) % 2
        return float((scores[same].mean() - scores[~same].mean()).detach())

    before = parted()
    budget = RecommenderBudget(epochs=8, batch_size=16, learning_rate=0.05)
    fitted = train_sampled(
        model, graph, train, parted, budget, Run(tmp_path, {}), seed=0, optimizer=optimizer
    )
    assert fitted.best_score > before + 0.3
    assert fitted.best_score == pytest.approx(parted())


def test_a_seed_gives_one_run(tmp_path):
    train = tastes()
    graph = RecommendationGraph.of(train, USERS, ITEMS)
    found = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        torch.manual_seed(3)
        model = SampledLightGCN(graph, dim=4, fanout=2)
        budget = RecommenderBudget(epochs=1, batch_size=16)
        train_sampled(model, graph, train, lambda: 0.0, budget, Run(tmp_path / folder, {}), seed)
        found.append(model.users.detach())
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_the_parts_of_all_processes_sum_to_the_terms_of_one():
    train = tastes()
    graph = RecommendationGraph.of(train, USERS, ITEMS)
    model = SampledLightGCN(graph, dim=4, fanout=2)
    batch = Triplets(train.users[:11], train.items[:11], torch.randint(0, ITEMS, (11, 3)))
    alone = sampled_terms(model, graph, batch, seed=5)
    parts = [sampled_terms(model, graph, batch, seed=5, ranks=Ranks(rank, 3)) for rank in range(3)]
    for name, term in alone.items():
        assert torch.allclose(term, sum(part[name] for part in parts), atol=1e-6)
