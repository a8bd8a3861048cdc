"""The training loop over epochs: a constant rate, and a stop when validation no longer gets better."""

import math
import time
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from tqdm import tqdm

from mmgraph.errors import InputError
from mmgraph.training.checkpoint import load_weights, save_weights
from mmgraph.training.distributed import ALONE, Ranks
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
    ranks: Ranks = ALONE,
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
        ranks: the processes that train together: each step's gradients are summed over them, the first one's
            score counts, and the first one writes.

    Raises:
        InputError: no epoch to train, a loss that is not finite at a validation, or a NaN score.
    """
    if min(epochs, patience, validate_every) < 1 or (seconds is not None and seconds <= 0):
        raise InputError(
            f"fit_epochs got epochs={epochs}, patience={patience}, validate_every={validate_every} and "
            f"seconds={seconds}: give at least one of each, and some time"
        )
    best_step, best_score, start, waited = 0, -math.inf, time.perf_counter(), 0
    bar = tqdm(total=epochs, desc="training", unit="epoch", disable=None if ranks.is_first else True)
    running = RunningTerms()
    step = 0
    ranks.share(module)
    module.train()
    try:
        for number in range(epochs):
            for terms in epoch(number):
                running.add(_step(terms, optimizer, ranks))
                step += 1
            bar.update()
            late = seconds is not None and ranks.agree(time.perf_counter() - start) >= seconds
            last = number + 1 == epochs or late
            if not last and (number + 1) % validate_every:
                continue
            means, score = running.read(step, run), ranks.agree(validation_score(module, validate))
            run.log(step=step, epoch=number + 1, validation=score, **means)
            bar.set_postfix({name: f"{v:.4f}" for name, v in {"validation": score, **means}.items()})
            waited += 1
            if not best_step or score > best_score:
                best_step, best_score, waited = step, score, 0
                if ranks.is_first:
                    about = {"step": step, "epoch": number + 1, "validation": score}
                    save_weights(module, run.checkpoint, about)
            if last or waited >= patience:
                break
    except KeyboardInterrupt:
        run.log(step=step, interrupted=True)
        if not best_step:
            raise
    finally:
        bar.close()
    if ranks.is_first:
        load_weights(module, run.checkpoint)
    ranks.share(module)
    module.eval()
    return Fitted(step, best_step, best_score, time.perf_counter() - start)


def _step(
    terms: dict[str, Tensor], optimizer: torch.optim.Optimizer, ranks: Ranks = ALONE
) -> dict[str, Tensor]:
    optimizer.zero_grad(set_to_none=True)
    values = torch.stack(list(terms.values()))
    values.sum().backward()
    ranks.sum_gradients(weight for group in optimizer.param_groups for weight in group["params"])
    optimizer.step()
    return dict(zip(terms, ranks.sum(values.detach()), strict=True))
