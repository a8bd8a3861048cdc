"""The training loop: it sums and logs the terms of an objective, and knows no task."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler
from tqdm import tqdm

from mmgraph.errors import InputError
from mmgraph.graph import GraphStore, HeteroGraph
from mmgraph.training.checkpoint import load_weights, save_weights
from mmgraph.training.run import Run
from mmgraph.training.running_terms import RunningTerms, validation_score

__all__ = ["Fitted", "Objective", "fit"]


Objective = Callable[[HeteroGraph], dict[str, Tensor]]
"""A task: from a batch, whose targets travel in `graph.target`, to the named terms of its loss."""


@dataclass(frozen=True)
class Fitted:
    """How training went.

    Args:
        steps: how many steps were made.
        best_step: after which of them validation was best.
        best_score: its score.
        seconds: how long it took, validation included.
    """

    steps: int
    best_step: int
    best_score: float
    seconds: float


def fit(
    module: nn.Module,
    objective: Objective,
    train: GraphStore,
    validate: Callable[[], float],
    run: Run,
    *,
    steps: int = 2000,
    seconds: float | None = None,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.01,
    clip: float = 1.0,
    validate_every: int = 250,
    seed: int = 0,
    device: torch.device | str = "cpu",
    prepare: Callable[[HeteroGraph], HeteroGraph] | None = None,
) -> Fitted:
    """Train, keep the weights with the best validation score, and load them at the end, for evaluation.

    The learning rate warms up over the first 5 % and then falls along a cosine (Loshchilov and Hutter,
    "SGDR", ICLR 2017, arXiv 1608.03983). Control-C ends training early and keeps what is best so far.

    Args:
        module: holds the weights; already on `device`.
        objective: from a batch to the named terms of the loss.
        train: the training samples.
        validate: the score to maximise, on validation data.
        run: where measurements and weights go.
        steps: how many steps at most.
        seconds: how long at most, or None for no limit; the learning rate then falls with the time.
        batch_size: samples of a step.
        learning_rate: its highest value.
        weight_decay: of AdamW, on matrices only.
        clip: largest norm of the gradient.
        validate_every: steps between validations; there is one more at the end.
        seed: of the order of the samples.
        device: where batches go.
        prepare: what is done to a batch before it goes there, such as `mmgraph.graph.plan`.

    Raises:
        InputError: nothing to train on, or a loss that is not finite at a validation.
    """
    if not len(train) or min(steps, batch_size, validate_every) < 1 or (seconds is not None and seconds <= 0):
        raise InputError(
            f"fit got {len(train)} training samples, steps={steps}, batch_size={batch_size}, "
            f"validate_every={validate_every} and seconds={seconds}: give at least one of each, and some time"
        )
    optimizer = _optimizer(module, learning_rate, weight_decay)
    best_step, best_score, start = 0, -math.inf, time.perf_counter()
    bar = tqdm(total=steps, desc="training", unit="step", disable=None)
    running = RunningTerms()
    step = 0
    module.train()
    try:
        for step, batch in enumerate(_batches(train, batch_size, seed, prepare), start=1):
            elapsed = time.perf_counter() - start
            share = 0.0 if seconds is None else elapsed / seconds
            progress = max((step - 0.5) / steps, share)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * _schedule(progress)
            running.add(_step(module, objective, batch.to(device, non_blocking=True), optimizer, clip))
            bar.update()
            last = step >= steps or share >= 1
            if last or step % validate_every == 0:
                terms = running.read(step, run)
                score = validation_score(module, validate)
                run.log(step=step, validation=score, **terms)
                bar.set_postfix({name: f"{v:.3f}" for name, v in {"validation": score, **terms}.items()})
                if not best_step or score > best_score:
                    best_step, best_score = step, score
                    save_weights(module, run.checkpoint, {"step": step, "validation": score})
            if last:
                break
    except KeyboardInterrupt:
        run.log(step=step, interrupted=True)
        if not best_step:
            raise
    finally:
        bar.close()
    load_weights(module, run.checkpoint)
    module.eval()
    return Fitted(step, best_step, best_score, time.perf_counter() - start)


def _step(
    module: nn.Module, objective: Objective, batch: HeteroGraph, optimizer: torch.optim.Optimizer, clip: float
) -> dict[str, Tensor]:
    terms = objective(batch)
    loss = torch.stack(list(terms.values())).sum()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(module.parameters(), clip)
    optimizer.step()
    return {name: term.detach() for name, term in terms.items()}


def _schedule(progress: float) -> float:
    warm = 0.05
    if progress < warm:
        return progress / warm
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - warm) / (1 - warm))))


def _optimizer(module: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.Optimizer:
    parameters = [p for p in module.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=True)


def _batches(
    train: GraphStore, batch_size: int, seed: int, prepare: Callable[[HeteroGraph], HeteroGraph] | None
) -> Iterator[HeteroGraph]:
    """Batches of the shuffled samples, epoch after epoch."""
    generator = torch.Generator().manual_seed(seed)
    sampler = BatchSampler(RandomSampler(train, generator=generator), batch_size, drop_last=False)
    loader: DataLoader[HeteroGraph] = DataLoader(
        train,  # type: ignore[arg-type]
        sampler=sampler,
        batch_size=None,
        collate_fn=prepare,  # type: ignore[arg-type]
    )
    while True:
        yield from loader
