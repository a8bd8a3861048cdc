"""Losses that put what was chosen before what was not."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import logsigmoid

__all__ = ["bpr", "in_batch_softmax", "sampled_softmax"]


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
        log_rate: log of the probability q with which each was drawn, see `NegativeSampler.log_rate`.
        temperature: tau.

    Shape:
        `[B]`, `[B, N]` -> scalar; 0 for an empty batch.
    """
    # Differences, of which the chosen item's own is 0: exact where scores are large.
    margin = torch.add(-(positive / temperature)[:, None], negative, alpha=1 / temperature)
    if log_rate is not None:
        margin = margin - log_rate - math.log(max(negative.shape[1], 1))
    others = margin.logsumexp(1)
    return torch.logaddexp(others, torch.zeros_like(others)).sum() / max(len(positive), 1)


def in_batch_softmax(
    scores: Float[Tensor, "B B"],
    users: Int[Tensor, " B"],
    items: Int[Tensor, " B"],
    log_rate: Float[Tensor, " B"] | None = None,
    temperature: float = 1.0,
) -> Float[Tensor, ""]:
    r"""Mean cross-entropy of each user's chosen item among those that the others of the batch chose.

    .. math::
        -\frac{1}{B} \sum_b \log \frac{e^{s_{bb} / \tau - \log q_b}}
        {\sum_{c \in C_b} e^{s_{bc} / \tau - \log q_c}}

    An item is in a batch as often as it is popular, so popular ones would be pushed down; `log_rate` corrects
    that (Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations", RecSys
    2019). Here, :math:`C_b` leaves out the other rows of the same item, and of the same user, who chose their
    items too.

    Args:
        scores: s, of the user of a row with the item of a column.
        users: numbers of the users.
        items: numbers of the items.
        log_rate: log of the share q that each item has of the interactions.
        temperature: tau.

    Shape:
        `[B, B]`, `[B]`, `[B]` -> scalar; 0 for an empty batch.
    """
    margin = (scores - scores.diagonal()[:, None]) / temperature
    if log_rate is not None:
        margin = margin - (log_rate - log_rate[:, None])
    same = (users[:, None] == users) | (items[:, None] == items)
    away = same.fill_diagonal_(False)
    return margin.masked_fill(away, -math.inf).logsumexp(1).sum() / max(len(scores), 1)
