"""Training on what a sentence is worth, instead of on its words."""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph
from mmgraph.models import Encoded

__all__ = ["Reward", "SelfCritical", "Writer", "reward_of_texts"]

Reward = Callable[[Int[Tensor, "B L"], HeteroGraph], Float[Tensor, " B"]]
"""From a sentence about each sample, as ids, and the batch, which names the samples, to their worth."""


@runtime_checkable
class Writer(Protocol):
    """What can be trained so: a `CaptionHead`, a `PrefixCaptionHead`, or your own."""

    def predict(self, encoded: Encoded) -> Int[Tensor, "B L"]:
        """The greedy sentence about each sample."""
        ...

    def draw(
        self, encoded: Encoded, samples: int, seed: int, check_every: int | None
    ) -> Int[Tensor, "B S L"]:
        """Sentences about each sample, drawn from all words."""
        ...

    def log_probabilities(self, encoded: Encoded, ids: Int[Tensor, "B S L"]) -> Float[Tensor, "B S L"]:
        """Of each word of S sentences about each sample, with gradients; 0 where there is PAD."""
        ...


class SelfCritical(nn.Module):
    r"""Self-critical sequence training: what is worth more than the baseline becomes likelier.

    .. math::
        L = -\frac1{B S} \sum_{b, s} \left( r(y_{bs}) - b_{bs} \right) \log p(y_{bs} \mid x_b),
        \qquad y_{bs} \sim p(\cdot \mid x_b)

    Its gradient is REINFORCE's for the expected reward. The baseline is what the greedy sentence is worth
    (Rennie et al., "Self-critical Sequence Training for Image Captioning", CVPR 2017, arXiv 1612.00563), or
    the mean of the sample's other drawn sentences (Luo, "A Better Variant of Self-Critical Sequence
    Training", 2020, arXiv 2003.09971). Sentences are drawn from all words, without temperature. The reward is
    asked once for each of the S sentences, and for the greedy one. One that reads words waits for the device.

    Args:
        head: what writes, such as a `CaptionHead` trained on words before.
        reward: what a sentence is worth.
        samples: S, how many sentences are drawn about each sample.
        baseline: "greedy" or "mean"; the mean needs two samples.
        seed: of what is drawn; each call draws anew.
        check_every: after how many words it looks whether all drawn sentences are done; None for never.

    Raises:
        InputError: another `baseline`, too few `samples`, or a reward that is not one number a sample.
    """

    def __init__(
        self,
        head: Writer,
        reward: Reward,
        samples: int = 5,
        baseline: Literal["greedy", "mean"] = "mean",
        seed: int = 0,
        check_every: int | None = 4,
    ) -> None:
        super().__init__()
        if baseline not in ("greedy", "mean") or samples < (2 if baseline == "mean" else 1):
            raise InputError(
                f"SelfCritical(samples={samples}, baseline={baseline!r}): baseline is "
                "'greedy', with at least 1 sample, or 'mean', with at least 2"
            )
        self.head, self.reward = head, reward
        self.samples, self.baseline, self.seed, self.check_every = samples, baseline, seed, check_every
        self.calls = 0

    def loss(self, encoded: Encoded, target: Tensor | None = None) -> dict[str, Tensor]:
        """The named terms of the training loss: `self_critical`, whose value says little, and the model's.

        Args:
            encoded: what the model makes of a batch.
            target: not read; the reward knows what is right.
        """
        return self.terms(encoded, self.draw(encoded))

    def draw(self, encoded: Encoded) -> Int[Tensor, "B S L"]:
        """Sentences about each sample, other ones in each call."""
        self.calls += 1
        return self.head.draw(encoded, self.samples, self.seed + self.calls, self.check_every)

    def terms(self, encoded: Encoded, ids: Int[Tensor, "B S L"]) -> dict[str, Tensor]:
        """The terms for sentences that were drawn."""
        likelihood = self.head.log_probabilities(encoded, ids).sum(-1)
        advantage = self.advantage(encoded, ids).to(likelihood.dtype)
        return {"self_critical": -(advantage * likelihood).mean(), **encoded.terms}

    @torch.no_grad()
    def advantage(self, encoded: Encoded, ids: Int[Tensor, "B S L"]) -> Float[Tensor, "B S"]:
        """By how much each sentence is worth more than its baseline."""
        rewards = torch.stack([self._worth(sentence, encoded) for sentence in ids.unbind(1)], 1)
        if self.baseline == "greedy":
            return rewards - self._worth(self.head.predict(encoded), encoded)[:, None]
        others = (rewards.sum(1, keepdim=True) - rewards) / (self.samples - 1)
        return rewards - others

    def _worth(self, ids: Int[Tensor, "B L"], encoded: Encoded) -> Float[Tensor, " B"]:
        worth = self.reward(ids, encoded.graph)
        if not isinstance(worth, Tensor) or worth.shape != ids.shape[:1]:
            raise InputError(
                f"SelfCritical: the reward gave {getattr(worth, 'shape', type(worth).__name__)} for "
                f"{len(ids)} sentences: it gives a tensor with one number for each"
            )
        return worth.to(ids.device, non_blocking=True)


def reward_of_texts(
    decode: Callable[[Int[Tensor, "B L"]], Sequence[str]],
    score: Callable[[Sequence[str], Sequence[str]], Sequence[float]],
) -> Reward:
    """A reward from sentences as strings.

    Args:
        decode: from ids to sentences, such as a vocabulary's `decode`.
        score: from sentences and the ids of their samples to what each is worth, such as CIDEr-D over
            references that it looks up by these ids.
    """

    def reward(ids: Int[Tensor, "B L"], graph: HeteroGraph) -> Float[Tensor, " B"]:
        worth = score(decode(ids.cpu()), [sample.id for sample in graph.samples])
        return torch.tensor([float(value) for value in worth])

    return reward
