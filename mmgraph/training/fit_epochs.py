"""The training loop over epochs: a constant rate, and a stop when validation no longer gets better."""

import math
import time
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from tqdm import tqdm

from mmgraph.errors import InputError
from mmgraph.training.checkpoint import load_weights, save_weights
from mmgraph.training.fit import Fitted
from mmgraph.training.run import Run
from mmgraph.training.running_terms import RunningTerms, validation_score

__all__ = ["fit_epochs"]


def fit_epochs(
    module: nn.Module,
    epoch: Callable[[int], Iterable[dict[str, Tensor]]],
    validate: Callable[[], float],
    run: Run,
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int = 1000,
    patience: int = 20,
    validate_every: int = 1,
    seconds: float | None = None,
) -> Fitted:
    """Train epoch by epoch, keep the weights with the best validation score, and load them at the end.

    Control-C ends training early and keeps what is best so far.

    Args:
        module: holds the weights; already on its device.
        epoch: from the number of an epoch, from 0, to the named terms of the loss of each of its steps.
        validate: the score to maximise, on validation data.
        run: where measurements and weights go.
        optimizer: of the weights.
        epochs: how many at most.
        patience: stop after so many validations without a better score.
        validate_every: epochs between validations; there is one more at the end.
        seconds: how long at most; None for no limit.

    Raises:
        InputError: no epoch to train, a loss that is not finite at a validation, or a NaN score.
    """
    if min(epochs, patience, validate_every) < 1 or (seconds is not None and seconds <= 0):
        raise InputError(
            f"fit_epochs got epochs={epochs}, patience={patience}, validate_every={validate_every} and "
            f"seconds={seconds}: give at least one of each, and some time"
        )
    best_step, best_score, start, waited = 0, -math.inf, time.perf_counter(), 0
    bar = tqdm(total=epochs, desc="training", unit="epoch", disable=None)
    running = RunningTerms()
    step = 0
    module.train()
    try:
        for number in range(epochs):
            for terms in epoch(number):
                running.add(_step(terms, optimizer))
                step += 1
            bar.update()
            last = number + 1 == epochs or (seconds is not None and time.perf_counter() - start >= seconds)
            if not last and (number + 1) % validate_every:
                continue
            means, score = running.read(step, run), validation_score(module, validate)
            run.log(step=step, epoch=number + 1, validation=score, **means)
            bar.set_postfix({name: f"{v:.4f}" for name, v in {"validation": score, **means}.items()})
            waited += 1
            if not best_step or score > best_score:
                best_step, best_score, waited = step, score, 0
                save_weights(module, run.checkpoint, {"step": step, "epoch": number + 1, "validation": score})
            if last or waited >= patience:
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


def _step(terms: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    optimizer.zero_grad(set_to_none=True)
    torch.stack(list(terms.values())).sum().backward()
    optimizer.step()
    return {name: term.detach() for name, term in terms.items()}
