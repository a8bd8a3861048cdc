"""What a training loop keeps of its steps between two validations, and the validation itself."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.training.run import Run

__all__ = ["RunningTerms", "validation_score"]


class RunningTerms:
    """Sums of the terms of a loss, where they lie: to read them in every step would wait for the device."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._steps = 0

    def add(self, terms: Mapping[str, Tensor]) -> None:
        """Add the terms of a step."""
        self._steps += 1
        for name, term in terms.items():
            self._sums[name] = self._sums[name] + term if name in self._sums else term

    def read(self, step: int, run: Run) -> dict[str, float]:
        """The mean of each term since the last reading; a term that a step lacks counts as 0 there.

        Raises:
            InputError: one is not finite.
        """
        means = {name: float(total) / self._steps for name, total in self._sums.items()}
        self._sums, self._steps = {}, 0
        if wrong := {name: value for name, value in means.items() if not math.isfinite(value)}:
            raise InputError(
                f"at step {step} the loss is not finite ({wrong}): lower learning_rate, or look for features "
                "that are not finite or are extreme (validate(graph) finds them in a HeteroGraph)"
                + (f"; the best weights so far are in {run.checkpoint}" if run.checkpoint.exists() else "")
            )
        return means


def validation_score(module: nn.Module, validate: Callable[[], float]) -> float:
    """The score of a module in evaluation mode, without gradients; it is left in training mode.

    Raises:
        InputError: the score is NaN.
    """
    module.eval()
    try:
        with torch.inference_mode():
            score = validate()
    finally:
        module.train()
    if math.isnan(score):
        raise InputError("validate() returned NaN, which no other score is better than: give a number")
    return score
