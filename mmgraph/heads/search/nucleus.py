"""Tokens drawn at random from among the likely ones."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.heads.search.finished import check_interval, finished
from mmgraph.heads.search.found import Found
from mmgraph.heads.search.steps import Steps

__all__ = ["Nucleus"]


@dataclass(frozen=True)
class Nucleus:
    """Draws each token from the nucleus: the fewest likeliest tokens whose probabilities sum to p or more.

    Holtzman et al., "The Curious Case of Neural Text Degeneration", ICLR 2020, arXiv 1904.09751. The random
    numbers are drawn before the first step, on the CPU: so a seed means the same on every device, and what is
    drawn for a sample does not depend on how long the others' sequences are.

    Args:
        p: above 0, to 1; with 1, from all tokens.
        temperature: logits are divided by it; above 0, and 1 leaves them.
        seed: of the random numbers.
        samples: how many sequences of each sample.
        check_every: after how many steps it looks whether all are done, for which it waits for the device;
            None to never look, and take all steps.

    Returns:
        sequences in the order in which they were drawn; a score is the log-probability without temperature.

    Raises:
        InputError: an argument outside its range.
    """

    p: float = 0.9
    temperature: float = 1.0
    seed: int = 0
    samples: int = 1
    check_every: int | None = 4

    def __post_init__(self) -> None:
        check_interval(self.check_every, "Nucleus")
        if not 0 < self.p <= 1 or self.temperature <= 0 or self.samples < 1:
            raise InputError(
                f"Nucleus(p={self.p}, temperature={self.temperature}, samples={self.samples}): p is "
                "above 0, to 1, temperature above 0, samples at least 1"
            )

    @torch.no_grad()
    def __call__(self, steps: Steps) -> Found:
        """`samples` sequences of each sample."""
        shape = (steps.num_samples, self.samples)
        random = self._random((steps.max_length, *shape), steps.device)
        state = steps.start(self.samples)
        last = torch.full(shape, steps.begin, device=steps.device)
        ids = torch.full((*shape, steps.max_length), steps.pad, device=steps.device)
        scores = torch.zeros(shape, device=steps.device)
        done = torch.zeros(shape, dtype=torch.bool, device=steps.device)
        for step in range(steps.max_length):
            log_probabilities = steps.step(last, state)
            token = self.draw(log_probabilities, random[step])
            value = log_probabilities.gather(-1, token[..., None])[..., 0]
            last = token.masked_fill(done, steps.pad)
            scores = scores + value.masked_fill(done, 0.0)
            ids[..., step] = last
            done = done | (last == steps.end)
            if finished(done, step, self.check_every):
                break
        return Found(ids, scores)

    def draw(
        self, log_probabilities: Float[Tensor, "B K V"], random: Float[Tensor, "B K"]
    ) -> Int[Tensor, "B K"]:
        """A token of the nucleus of each row.

        Args:
            log_probabilities: of every token.
            random: uniform in 0..1, one of each row.
        """
        scaled = (log_probabilities / self.temperature).softmax(-1)
        probability, token = scaled.sort(dim=-1, descending=True)
        before = probability.cumsum(-1) - probability
        inside = probability.masked_fill(before >= self.p, 0.0).cumsum(-1)
        # Never the place after the last: what is drawn lies strictly below the sum.
        drawn = random[..., None].to(inside.dtype) * inside[..., -1:]
        place = (inside <= drawn).sum(-1, keepdim=True)
        inside_count = (before < self.p).sum(-1, keepdim=True)
        return token.gather(-1, place.minimum(inside_count - 1))[..., 0]

    def _random(self, shape: tuple[int, ...], device: torch.device) -> Float[Tensor, "L B K"]:
        generator = torch.Generator().manual_seed(self.seed)
        return torch.rand(shape, generator=generator, device="cpu").to(device, non_blocking=True)
