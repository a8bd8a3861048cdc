"""Late fusion: of what each modality decides by itself."""

import math
from collections.abc import Sequence
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.fusion.base import Pooled, Present, check_modalities, stack
from mmgraph.fusion.stand_in import StandIn
from mmgraph.ops.masked import masked_mean

__all__ = ["DecisionFusion", "DecisionKind"]

DecisionKind = Literal["mean", "weighted", "learned", "vote"]


class DecisionFusion(nn.Module):
    r"""One decision from those of the present modalities P, each of which gives a logit for every class.

    With :math:`p_m = \mathrm{softmax}(l_m)`, the log-probabilities of the classes are

    - "mean": :math:`\log \bar p`, :math:`\bar p = \frac{1}{|P|} \sum_{m \in P} p_m`: the mean of
      probabilities and not of logits, so that one modality that is very sure cannot silence the others;
    - "weighted": :math:`\log \sum_{m \in P} a_m p_m`, a the softmax over P of one learned score a modality;
    - "learned": :math:`\log \mathrm{softmax}(W [l_1; \dots; l_M] + b)`, Wolpert, "Stacked Generalization",
      Neural Networks 5(2), 1992, but trained with the rest and not on held-out data; in place of missing
      logits stand learned ones;
    - "vote": :math:`\log \frac{(M + 1) s + \bar p}{M + 2}`, s being the share of P whose likeliest class it
      is. The class with most votes wins; :math:`\bar p` counts less than a vote, and decides between classes
      that have equally many. A vote has no gradient: all gradient is that of :math:`\bar p`.

    Only "weighted" and "learned" have weights.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        classes: how many classes, C.
        kind: "mean", "weighted", "learned" or "vote".

    Shape:
        dict of logits `[B, C]`, dict of present `[B]` -> log-probabilities `[B, C]`, which a cross-entropy
        takes as logits.

    Raises:
        InputError: no modalities, or an unknown kind; or what comes has other modalities or classes, or a
            sample with none.
    """

    def __init__(self, modalities: Sequence[str], classes: int, kind: DecisionKind = "mean") -> None:
        super().__init__()
        self.modalities = check_modalities("DecisionFusion", modalities)
        if kind not in get_args(DecisionKind):
            raise InputError(f"DecisionFusion(kind={kind!r}): expected one of {get_args(DecisionKind)}")
        self.classes = classes
        self.kind = kind
        count = len(self.modalities)
        self.score = nn.Parameter(torch.zeros(count)) if kind == "weighted" else None
        self.stand_in = StandIn(count, classes) if kind == "learned" else None
        self.map = nn.Linear(count * classes, classes) if kind == "learned" else None

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B C"]:
        """The log-probability of each class."""
        logits, here = stack("DecisionFusion", self.modalities, self.classes, pooled, present)
        if self.map is not None and self.stand_in is not None:
            return self.map(self.stand_in(logits, here).flatten(1)).log_softmax(-1)
        score = logits.new_zeros(()) if self.score is None else self.score
        mixed = _log_mixture(logits, score.expand(here.shape), here)
        return _log_votes(logits, here, mixed) if self.kind == "vote" else mixed

    def extra_repr(self) -> str:
        """The kind."""
        return f"kind={self.kind!r}"


def _log_mixture(
    logits: Float[Tensor, "B M C"], score: Float[Tensor, "B M"], here: Bool[Tensor, "B M"]
) -> Float[Tensor, "B C"]:
    """The log of the modalities' probabilities, weighted by a softmax of their scores."""
    log_weight = _least_where_not(score, here).log_softmax(-1)
    return torch.logsumexp(
        _least_where_not(logits.log_softmax(-1) + log_weight[..., None], here[..., None]), 1
    )


def _log_votes(
    logits: Float[Tensor, "B M C"], here: Bool[Tensor, "B M"], mixed: Float[Tensor, "B C"]
) -> Float[Tensor, "B C"]:
    """The log of the share of votes, with a part of less than a vote for the mixture."""
    count = here.shape[1]
    classes = torch.arange(logits.shape[2], device=logits.device)
    votes = (logits.argmax(-1, keepdim=True) == classes).to(logits.dtype)
    share = masked_mean(votes, here)
    log_share = _least_where_not(share.clamp(min=torch.finfo(share.dtype).tiny).log(), share > 0)
    return torch.logaddexp(log_share + math.log((count + 1) / (count + 2)), mixed - math.log(count + 2))


def _least_where_not(logs: Tensor, mask: Bool[Tensor, "..."]) -> Tensor:
    """The least finite number stands for the log of zero: minus infinity has NaN gradients."""
    return logs.masked_fill(~mask, torch.finfo(logs.dtype).min)
