"""Training of a recommender: the same for the experiment and for each arm of a comparison."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmgraph.data.recommendation import InteractionTable
from mmgraph.data.recommendation.negative_sampler import NegativeSampler
from mmgraph.models.recommendation import RecommendationGraph, Recommender, Resampling, Triplets
from mmgraph.training import ALONE, Fitted, Ranks, Run, fit_epochs

__all__ = ["RecommenderBudget", "train_recommender", "triplets"]


@dataclass(frozen=True)
class RecommenderBudget:
    """How long and how fast a recommender learns.

    Args:
        epochs: at most.
        patience: stop after so many validations without a better score.
        validate_every: epochs between validations.
        seconds: training time at most; None for no limit.
        batch_size: interactions of a step.
        negatives: items of each interaction that its user did not choose.
        learning_rate: of Adam.
    """

    epochs: int = 1000
    patience: int = 20
    validate_every: int = 1
    seconds: float | None = None
    batch_size: int = 2048
    negatives: int = 1
    learning_rate: float = 1e-3


def train_recommender(
    model: Recommender,
    graph: RecommendationGraph,
    train: InteractionTable,
    validate: Callable[[], float],
    budget: RecommenderBudget,
    run: Run,
    seed: int,
    device: torch.device | str = "cpu",
    ranks: Ranks = ALONE,
) -> Fitted:
    """Train with Adam, pick the weights with the best validation score.

    Args:
        model: with new weights.
        graph: what it reads, on `device`.
        train: the training interactions.
        validate: the score to maximise.
        budget: how long.
        run: where measurements and weights go.
        seed: of the order of the interactions and of the negatives.
        device: where the model goes.
        ranks: the processes that train together; all are given the same seed.
    """
    assert isinstance(model, nn.Module)
    model.to(device)
    parameters = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=budget.learning_rate, fused=True)
    generator = torch.Generator().manual_seed(seed)
    sampler = NegativeSampler(train, graph.num_items)

    def epoch(_: int) -> Iterator[dict[str, Tensor]]:
        own = model.training_graph(graph, generator) if isinstance(model, Resampling) else graph
        for batch in triplets(train, sampler, budget.batch_size, budget.negatives, generator, device):
            rows, share = ranks.part(len(batch.users))
            part = Triplets(batch.users[rows], batch.items[rows], batch.negatives[rows])
            yield {name: share * term for name, term in model.loss(own, part).items()}

    return fit_epochs(
        model,
        epoch,
        validate,
        run,
        optimizer,
        epochs=budget.epochs,
        patience=budget.patience,
        validate_every=budget.validate_every,
        seconds=budget.seconds,
        ranks=ranks,
    )


def triplets(
    train: InteractionTable,
    sampler: NegativeSampler,
    batch_size: int,
    negatives: int,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
) -> Iterator[Triplets]:
    """All interactions once, in random order, in batches."""
    for rows in torch.randperm(len(train), generator=generator).split(batch_size):
        users = train.users[rows]
        drawn = sampler.draw(users, negatives, generator)
        yield Triplets(*(part.to(device, non_blocking=True) for part in (users, train.items[rows], drawn)))
