"""The likeliest token, step after step."""

from dataclasses import dataclass

import torch

from mmgraph.heads.search.best_tokens import best_tokens
from mmgraph.heads.search.finished import check_interval, finished
from mmgraph.heads.search.found import Found
from mmgraph.heads.search.steps import Steps

__all__ = ["Greedy"]


@dataclass(frozen=True)
class Greedy:
    """Takes the likeliest token in every step; a sequence's score is its log-probability.

    Args:
        check_every: after how many steps it looks whether all samples are done, for which it waits for the
            device; None to never look, and take all steps.

    Raises:
        InputError: `check_every` below 1.
    """

    check_every: int | None = 4

    def __post_init__(self) -> None:
        check_interval(self.check_every, "Greedy")

    @torch.no_grad()
    def __call__(self, steps: Steps) -> Found:
        """One sequence of each sample, `N` = 1."""
        state = steps.start(1)
        shape = (steps.num_samples, 1)
        last = torch.full(shape, steps.begin, device=steps.device)
        ids = torch.full((*shape, steps.max_length), steps.pad, device=steps.device)
        scores = torch.zeros(shape, device=steps.device)
        done = torch.zeros(shape, dtype=torch.bool, device=steps.device)
        for step in range(steps.max_length):
            value, token = best_tokens(steps.step(last, state), 1)
            last = token[..., 0].masked_fill(done, steps.pad)
            scores = scores + value[..., 0].masked_fill(done, 0.0)
            ids[..., step] = last
            done = done | (last == steps.end)
            if finished(done, step, self.check_every):
                break
        return Found(ids, scores)
