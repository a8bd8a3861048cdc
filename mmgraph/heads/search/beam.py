"""Several sequences side by side, of which the likeliest run on."""

from dataclasses import dataclass

import torch

from mmgraph.errors import InputError
from mmgraph.heads.search.best_tokens import best_tokens
from mmgraph.heads.search.finished import check_interval, finished
from mmgraph.heads.search.found import Found
from mmgraph.heads.search.hypotheses import Hypotheses
from mmgraph.heads.search.steps import Steps

__all__ = ["Beam"]


@dataclass(frozen=True)
class Beam:
    r"""Beam search: in every step, the `width` likeliest sequences of each sample run on.

    A sequence y is scored by :math:`\log p(y) / |y|^\alpha`, with its END in its length. As wide as there are
    sequences, it finds the best of all. Its rules are those of transformers' `generate`, and so are its
    sequences; see `Hypotheses`.

    Args:
        width: how many sequences run side by side.
        length_penalty: alpha; 0 prefers short sequences, 1 is the mean over the tokens, above 1 prefers long.
        n_best: how many sequences it returns; at most `width`.
        check_every: after how many steps it looks whether all samples are done, for which it waits for the
            device; None to never look, and take all steps.

    Raises:
        InputError: `width` or `check_every` below 1, or `n_best` not from 1 to `width`.
    """

    width: int = 5
    length_penalty: float = 1.0
    n_best: int = 1
    check_every: int | None = 4

    def __post_init__(self) -> None:
        check_interval(self.check_every, "Beam")
        if not 1 <= self.n_best <= self.width:
            raise InputError(
                f"Beam(width={self.width}, n_best={self.n_best}): width is at least 1, and n_best from "
                "1 to width"
            )

    @torch.no_grad()
    def __call__(self, steps: Steps) -> Found:
        """The `n_best` best sequences of each sample."""
        state, found = steps.start(self.width), Hypotheses(steps, self.width, self.length_penalty)
        last = torch.full((steps.num_samples, self.width), steps.begin, device=steps.device)
        for step in range(steps.max_length):
            values, tokens = best_tokens(steps.step(last, state), 2 * self.width)
            parent, last = found.advance(*found.candidates(values, tokens), step)
            if step + 1 == steps.max_length or finished(found.done, step, self.check_every):
                break
            steps.reorder(parent, state)
        return found.found(self.n_best)
