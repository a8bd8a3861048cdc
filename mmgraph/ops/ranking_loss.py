"""Losses that put what was chosen before what was not."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

__all__ = ["bpr", "sampled_softmax"]


def bpr(positive: Float[Tensor, " B"], negative: Float[Tensor, "B N"]) -> Float[Tensor, ""]:
    r"""Mean of :math:`-\log \sigma(s^+ - s^-)` over all pairs of a chosen and another item.

    Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009, arXiv 1205.2618.

    Shape:
        `[B]`, `[B, N]` -> scalar; 0 for an empty batch.
    """
    return -logsigmoid(positive[:, None] - negative).sum() / max(negative.numel(), 1)


def sampled_softmax(
    positive: Float[Tensor, " B"],
    negative: Float[Tensor, "B N"],
    log_rate: Float[Tensor, "B N"] | None = None,
    temperature: float = 1.0,
) -> Float[Tensor, ""]:
    r"""Mean cross-entropy of the chosen item among itself and the sampled ones.

    .. math::
        -\frac{1}{B} \sum_b \log \frac{e^{s_b / \tau}}
        {e^{s_b / \tau} + \frac{1}{N} \sum_n e^{s_{bn} / \tau - \log q_{bn}}}

    With `log_rate` the sum over samples estimates the one over all items (Bengio and Senecal, "Adaptive
    Importance Sampling to Accelerate Training of a Neural Probabilistic Language Model", IEEE TNN 2008);
    without, samples count as they are (Wu et al., "On the Effectiveness of Sampled Softmax Loss for Item
    Recommendation", TOIS 2023, arXiv 2201.02327).

    Args:
        positive: scores of the chosen items.
        negative: scores of the sampled ones.
        log_rate: log of the probability q with which each was drawn.
        temperature: tau.

    Shape:
        `[B]`, `[B, N]` -> scalar; 0 for an empty batch.
    """
    positive, negative = positive / temperature, negative / temperature
    if log_rate is not None:
        negative = negative - log_rate - math.log(max(negative.shape[1], 1))
    logits = torch.cat([positive[:, None], negative], 1)
    return (logits.logsumexp(1) - positive).sum() / max(len(positive), 1)
