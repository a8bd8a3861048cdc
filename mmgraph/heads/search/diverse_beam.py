"""Groups of beams, each of which avoids the tokens of those before it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.heads.search.best_tokens import best_tokens
from mmgraph.heads.search.finished import check_interval, finished
from mmgraph.heads.search.found import Found
from mmgraph.heads.search.hypotheses import Hypotheses
from mmgraph.heads.search.steps import Steps

__all__ = ["DiverseBeam"]


@dataclass(frozen=True)
class DiverseBeam:
    r"""Diverse beam search, with Hamming diversity between groups.

    In every step the groups choose one after the other. A group is a beam search whose continuations are
    ranked by :math:`\log p(y) - \lambda\, n(w)`, where n(w) is how often the groups before it took the
    continuation's last token w in this step. What a sequence is scored by stays its log-probability.

    Vijayakumar et al., "Diverse Beam Search: Decoding Diverse Solutions from Neural Sequence Models", 2016,
    arXiv 1610.02424. With one group, or a diversity of 0, each group is `Beam`.

    Args:
        groups: how many groups; divides `width`.
        diversity: lambda, at least 0.
        width: beams of all groups together.
        length_penalty: see `Beam`.
        check_every: see `Beam`.

    Returns:
        `width` sequences of each sample, ordered by their score; equal ones of several groups stay.

    Raises:
        InputError: `groups` that do not divide `width`, a negative `diversity`, `check_every` below 1.
    """

    groups: int = 3
    diversity: float = 0.5
    width: int = 6
    length_penalty: float = 1.0
    check_every: int | None = 4

    def __post_init__(self) -> None:
        check_interval(self.check_every, "DiverseBeam")
        if self.groups < 1 or self.width < 1 or self.width % self.groups or self.diversity < 0:
            raise InputError(
                f"DiverseBeam(groups={self.groups}, diversity={self.diversity}, width={self.width}): groups "
                "divides width, both at least 1, and diversity is at least 0"
            )

    @torch.no_grad()
    def __call__(self, steps: Steps) -> Found:
        """All groups' sequences of each sample."""
        size = self.width // self.groups
        state = steps.start(self.width)
        groups = [Hypotheses(steps, size, self.length_penalty) for _ in range(self.groups)]
        last = torch.full((steps.num_samples, self.width), steps.begin, device=steps.device)
        for step in range(steps.max_length):
            chosen = self._choose(groups, steps.step(last, state), step)
            last = torch.cat([token for _, token in chosen], 1)
            parent = torch.cat([parent + i * size for i, (parent, _) in enumerate(chosen)], 1)
            done = torch.stack([group.done for group in groups]).all(0)
            if step + 1 == steps.max_length or finished(done, step, self.check_every):
                break
            steps.reorder(parent, state)
        return _together([group.found(size) for group in groups])

    def _choose(
        self, groups: list[Hypotheses], scores: Float[Tensor, "B K V"], step: int
    ) -> list[tuple[Tensor, Tensor]]:
        """For each group, the parents and tokens that run on."""
        taken = torch.zeros_like(scores[:, :1])
        chosen = []
        for group, own in zip(groups, scores.chunk(self.groups, 1), strict=True):
            values, tokens = best_tokens(own - self.diversity * taken, 2 * group.width)
            ranked, parent, token = group.candidates(values, tokens)
            penalty = self.diversity * taken[:, 0].gather(1, token)
            chosen.append(group.advance(ranked + penalty, parent, token, step))
            taken = taken + _counts(token[:, : group.width], scores)
        return chosen


def _counts(token: Int[Tensor, "B K"], scores: Float[Tensor, "B G V"]) -> Float[Tensor, "B 1 V"]:
    """How often each token occurs among a sample's."""
    counts = scores.new_zeros(scores.shape[0], scores.shape[-1])
    return counts.scatter_add(1, token, torch.ones_like(token, dtype=scores.dtype))[:, None]


def _together(groups: list[Found]) -> Found:
    scores, order = torch.cat([found.scores for found in groups], 1).sort(dim=1, descending=True, stable=True)
    ids = torch.cat([found.ids for found in groups], 1)
    return Found(ids.gather(1, order[..., None].expand_as(ids)), scores)
