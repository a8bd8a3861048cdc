"""Training of a retriever: the same for the experiment and for each arm of a comparison."""

from dataclasses import dataclass

import torch

from mmgraph.tasks.retrieval.data import Pairs
from mmgraph.tasks.retrieval.hide import Hide
from mmgraph.tasks.retrieval.retriever import Retriever
from mmgraph.training import Fitted, Run, fit

__all__ = ["RetrieverBudget", "train_retriever"]


@dataclass(frozen=True)
class RetrieverBudget:
    """How long and how fast a retriever learns, and what is hidden from it.

    Args:
        steps: training steps at most.
        seconds: training time at most; None for no limit.
        batch_size: captions of a step, and so one more than each one's negatives.
        learning_rate: its highest value.
        weight_decay: of AdamW.
        validate_every: steps between validations; with as many as `steps`, the last weights are taken.
        hide_words: the share of words that a step does not see.
        hide_features: the share of the nodes' features that a step does not see.
    """

    steps: int = 1000
    seconds: float | None = None
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    validate_every: int = 250
    hide_words: float = 0.0
    hide_features: float = 0.0


def train_retriever(
    retriever: Retriever,
    train: Pairs,
    validation: Pairs,
    budget: RetrieverBudget,
    run: Run,
    seed: int,
    device: torch.device | str = "cpu",
) -> Fitted:
    """Train, pick the weights with the best mean of R@1, R@5 and R@10 both ways.

    Args:
        retriever: with new weights; its features are fitted here.
        train: the training captions.
        validation: those that pick the weights.
        budget: how long.
        run: where measurements and weights go.
        seed: of the order of the captions and of what is hidden.
        device: where the retriever goes.
    """
    retriever.fit_features(train.graphs.graph)
    retriever.to(device)

    def validate() -> float:
        found = retriever.score(validation, device).as_dict()
        shares = [value for name, value in found.items() if not name.startswith("median")]
        return sum(shares) / len(shares)

    return fit(
        retriever,
        retriever,
        train.graphs,
        validate,
        run,
        steps=budget.steps,
        seconds=budget.seconds,
        batch_size=budget.batch_size,
        learning_rate=budget.learning_rate,
        weight_decay=budget.weight_decay,
        validate_every=budget.validate_every,
        seed=seed,
        device=device,
        prepare=Hide(train.graphs.graph, budget.hide_words, budget.hide_features, seed),
    )
