"""Training of a recommender: the same for the experiment and for each arm of a comparison."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmgraph.data.recommendation import InteractionTable
from mmgraph.data.recommendation.batch_negatives import BatchNegatives
from mmgraph.data.recommendation.chosen_pairs import ChosenPairs
from mmgraph.data.recommendation.hard_negatives import HardNegatives
from mmgraph.data.recommendation.negative_sampler import Negatives, NegativeSampler
from mmgraph.errors import InputError
from mmgraph.models.recommendation import Embedded, RecommendationGraph, Recommender, Resampling, Triplets
from mmgraph.training import ALONE, Fitted, Ranks, Run, fit_epochs, save_weights
from mmgraph.training.running_terms import validation_score

__all__ = ["SAMPLING", "RecommenderBudget", "negatives_by_epoch", "train_recommender", "triplets"]

Vectors = Callable[[RecommendationGraph], Embedded]

SAMPLING = ("uniform", "popularity", "in_batch", "hard")
"""How negatives may be drawn."""


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
        sampling: how negatives are drawn, one of `SAMPLING`: "uniform"; "popularity", see `NegativeSampler`;
            "in_batch", from the batch's other items; "hard", the best scored of several, by the model as it
            was when the epoch began.
        exponent: of an item's popularity, for "popularity".
        never_chosen: whether items that nobody chose in training are negatives too; not where a model is to
            recommend them by their features.
        candidates: how many are scored for each "hard" negative.
        hard_share: how many of the "hard" negatives are so, 0..1; the others are drawn uniformly.
    """

    epochs: int = 1000
    patience: int = 20
    validate_every: int = 1
    seconds: float | None = None
    batch_size: int = 2048
    negatives: int = 1
    learning_rate: float = 1e-3
    sampling: str = "uniform"
    exponent: float = 0.75
    never_chosen: bool = True
    candidates: int = 8
    hard_share: float = 1.0

    def __post_init__(self) -> None:
        if self.sampling not in SAMPLING:
            raise InputError(f"sampling={self.sampling!r}: expected one of {', '.join(SAMPLING)}")
        if min(self.batch_size, self.negatives) < 1:
            raise InputError(
                f"got batch_size={self.batch_size} and negatives={self.negatives}: give at least one of each"
            )


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

    A model without weights to learn is scored and kept as it is.

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

    Raises:
        InputError: there are no training interactions.
    """
    assert isinstance(model, nn.Module)
    model.to(device)
    parameters = [weight for weight in model.parameters() if weight.requires_grad]
    if not parameters:
        return _kept(model, validate, run, ranks)
    if not len(train):
        raise InputError("train_recommender got no training interactions")
    optimizer = torch.optim.Adam(parameters, lr=budget.learning_rate, fused=True)
    generator = torch.Generator().manual_seed(seed)
    negatives = negatives_by_epoch(budget, train, graph.num_items)

    def epoch(_: int) -> Iterator[dict[str, Tensor]]:
        own = model.training_graph(graph, generator) if isinstance(model, Resampling) else graph
        drawn = negatives(model, own)
        for batch in triplets(train, drawn, budget.batch_size, budget.negatives, generator, device):
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
    negatives: Negatives,
    batch_size: int,
    count: int,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
) -> Iterator[Triplets]:
    """All interactions once, in random order, in batches.

    Args:
        train: the interactions.
        negatives: what draws for them.
        batch_size: interactions of a batch, but of the last one.
        count: negatives of each.
        generator: of the order and of the negatives; on the device of the interactions.
        device: where batches go.
    """
    for rows in torch.randperm(len(train), generator=generator).split(batch_size):
        users, items = train.users[rows], train.items[rows]
        drawn = negatives.draw(users, items, count, generator)
        yield Triplets(*(part.to(device, non_blocking=True) for part in (users, items, drawn)))


def negatives_by_epoch(
    budget: RecommenderBudget, train: InteractionTable, num_items: int
) -> Callable[[Vectors, RecommendationGraph], Negatives]:
    """What draws in an epoch, given the model and the graph as they are when it begins."""
    exponent = budget.exponent if budget.sampling == "popularity" else 0.0
    sampler = NegativeSampler(train, num_items, exponent, budget.never_chosen)
    if budget.sampling == "hard":
        return lambda model, graph: HardNegatives(
            sampler, _scores(model, graph), budget.candidates, budget.hard_share
        )
    always: Negatives = sampler
    if budget.sampling == "in_batch":
        always = BatchNegatives(sampler, ChosenPairs(train, num_items))
    return lambda model, graph: always


@torch.no_grad()
def _scores(model: Vectors, graph: RecommendationGraph) -> Callable[[Tensor, Tensor], Tensor]:
    """The scores of a model as it is now, beside the interactions."""
    found = model(graph)
    # A copy: what the model gives may be its weights themselves.
    users, items = (rows.detach().to("cpu", copy=True) for rows in (found.users, found.items))

    def score(chosen: Tensor, among: Tensor) -> Tensor:
        rows = items.index_select(0, among.flatten()).unflatten(0, among.shape)
        return (users.index_select(0, chosen)[:, None] @ rows.mT)[:, 0]

    return score


def _kept(model: nn.Module, validate: Callable[[], float], run: Run, ranks: Ranks) -> Fitted:
    """A model that learns nothing, scored once."""
    start = time.perf_counter()
    score = ranks.agree(validation_score(model, validate))
    run.log(step=0, epoch=0, validation=score)
    if ranks.is_first:
        save_weights(model, run.checkpoint, {"step": 0, "epoch": 0, "validation": score})
    model.eval()
    return Fitted(0, 0, score, time.perf_counter() - start)
