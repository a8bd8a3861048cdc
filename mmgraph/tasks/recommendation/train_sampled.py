"""Training on neighbourhoods: each step touches the rows that its batch reaches, and no others."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from mmgraph.data.recommendation import InteractionTable
from mmgraph.models.recommendation import RecommendationGraph, Triplets
from mmgraph.models.recommendation.sampled_light_gcn import SampledLightGCN
from mmgraph.ops.hashed import hashed
from mmgraph.tasks.recommendation.train import RecommenderBudget, negatives_by_epoch, triplets
from mmgraph.training import ALONE, Fitted, Ranks, RowAdagrad, RowAdam, Run, fit_epochs

__all__ = ["sampled_terms", "train_sampled"]

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {"adam": RowAdam, "adagrad": RowAdagrad}


def train_sampled(
    model: SampledLightGCN,
    graph: RecommendationGraph,
    train: InteractionTable,
    validate: Callable[[], float],
    budget: RecommenderBudget,
    run: Run,
    seed: int,
    device: torch.device | str = "cpu",
    optimizer: str = "adam",
    ranks: Ranks = ALONE,
) -> Fitted:
    """Train batch by batch, pick the weights with the best validation score.

    Args:
        model: with new weights.
        graph: what it is trained on; it stays where it is, best on the CPU.
        train: the training interactions.
        validate: the score to maximise.
        budget: how long.
        run: where measurements and weights go.
        seed: of the order of the interactions, of the negatives and of the neighbours.
        device: where the model and each neighbourhood go.
        optimizer: "adam", with two numbers for each weight, or "adagrad", with one for each row.
        ranks: the processes that train together; all are given the same seed.
    """
    model.to(device)
    generator = torch.Generator().manual_seed(seed)
    negatives = negatives_by_epoch(budget, train, graph.num_items)
    steps = iter(range(2**62))

    def epoch(_: int) -> Iterator[dict[str, Tensor]]:
        drawn = negatives(model, graph)
        for batch in triplets(train, drawn, budget.batch_size, budget.negatives, generator):
            yield sampled_terms(model, graph, batch, int(hashed(seed, next(steps))), device, ranks)

    return fit_epochs(
        model,
        epoch,
        validate,
        run,
        OPTIMIZERS[optimizer](model.parameters(), lr=budget.learning_rate),
        epochs=budget.epochs,
        patience=budget.patience,
        validate_every=budget.validate_every,
        seconds=budget.seconds,
        ranks=ranks,
    )


def sampled_terms(
    model: SampledLightGCN,
    graph: RecommendationGraph,
    batch: Triplets,
    seed: int,
    device: torch.device | str = "cpu",
    ranks: Ranks = ALONE,
) -> dict[str, Tensor]:
    """The terms of the loss on this process's part of a batch, by the part's share."""
    rows, share = ranks.part(len(batch.users))
    part = Triplets(batch.users[rows], batch.items[rows], batch.negatives[rows])
    terms = model.loss(model.neighbourhood(graph, part, seed).to(device))
    return {name: share * term for name, term in terms.items()}
