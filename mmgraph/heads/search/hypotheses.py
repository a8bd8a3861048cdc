"""The running and the finished sequences of a beam search."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmgraph.heads.search.found import Found
from mmgraph.heads.search.steps import Steps

__all__ = ["Hypotheses"]


class Hypotheses:
    """K running sequences of each sample, and the K best that have ended.

    Both are what transformers' beam search keeps, so that equal steps give equal sequences: of the 2K best
    continuations, those among the first K that end are finished, and the K best that do not end run on. A
    sample is done when its best running sequence, scored at its present length, would not be among the
    finished ones. With a positive length penalty that is a heuristic, for a score may still rise.

    Args:
        steps: what makes the sequences.
        width: K.
        length_penalty: a score is a log-probability over this power of the number of tokens, END included.
    """

    def __init__(self, steps: Steps, width: int, length_penalty: float) -> None:
        self.width, self.length_penalty = width, length_penalty
        self.end, self.pad, self.max_length = steps.end, steps.pad, steps.max_length
        shape = (steps.num_samples, width)
        self.running = torch.full((*shape, steps.max_length), steps.pad, device=steps.device)
        self.scores = torch.full(shape, -torch.inf, device=steps.device)
        # All beams are the same at first: one of them is enough.
        self.scores[:, 0] = 0.0
        self.ended = self.running.clone()
        self.ended_scores = torch.full(shape, -torch.inf, device=steps.device)
        self.done = torch.zeros(shape[0], dtype=torch.bool, device=steps.device)

    def candidates(
        self, values: Float[Tensor, "B K N"], tokens: Int[Tensor, "B K N"]
    ) -> tuple[Float[Tensor, "B C"], Int[Tensor, "B C"], Int[Tensor, "B C"]]:
        """The best 2K continuations: how each is scored, the beam it continues, its token.

        Args:
            values: how much each token adds to its beam's score.
            tokens: the best tokens of each beam, at least 2K of them where there are as many.
        """
        scores, place = (self.scores[..., None] + values).flatten(1).topk(2 * self.width, -1)
        return scores, place // tokens.shape[-1], tokens.flatten(1).gather(1, place)

    def advance(
        self,
        scores: Float[Tensor, "B C"],
        parent: Int[Tensor, "B C"],
        token: Int[Tensor, "B C"],
        step: int,
    ) -> tuple[Int[Tensor, "B K"], Int[Tensor, "B K"]]:
        """Finish what ends and run on with the rest; returns the parents and the tokens that run on.

        Args:
            scores: the log-probability of each continuation, the best continuation first.
            parent: the beam that it continues.
            token: its token.
            step: the number of the step, from 0.
        """
        sequences = self.running.gather(1, _across(parent, self.running))
        sequences[..., step] = token
        ends = token == self.end
        if step + 1 == self.max_length:
            ends = torch.ones_like(ends)
        self._finish(scores, sequences, ends, step + 1)
        self.scores, chosen = scores.masked_fill(ends, -torch.inf).topk(self.width, -1)
        self.running = sequences.gather(1, _across(chosen, sequences))
        reachable = self.scores[:, 0] / (step + 1) ** self.length_penalty
        self.done = self.done | ~(reachable > self.ended_scores[:, -1])
        return parent.gather(1, chosen), token.gather(1, chosen)

    def found(self, count: int) -> Found:
        """The `count` best finished sequences."""
        scores = self.ended_scores[:, :count]
        return Found(self.ended[:, :count].masked_fill(torch.isinf(scores)[..., None], self.pad), scores)

    def _finish(
        self,
        scores: Float[Tensor, "B C"],
        sequences: Int[Tensor, "B C L"],
        ends: Bool[Tensor, "B C"],
        length: int,
    ) -> None:
        """Put the first K candidates, where they end, among the finished ones of samples not yet done."""
        first = slice(None, self.width)
        left_out = ~ends[:, first] | self.done[:, None]
        new = (scores[:, first] / length**self.length_penalty).masked_fill(left_out, -torch.inf)
        merged = torch.cat([self.ended, sequences[:, first]], 1)
        self.ended_scores, chosen = torch.cat([self.ended_scores, new], 1).topk(self.width, -1)
        self.ended = merged.gather(1, _across(chosen, merged))


def _across(index: Int[Tensor, "B C"], sequences: Int[Tensor, "B K L"]) -> Int[Tensor, "B C L"]:
    return index[..., None].expand(-1, -1, sequences.shape[-1])
