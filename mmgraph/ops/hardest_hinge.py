"""A margin between each pair and the negative that comes nearest to it."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

__all__ = ["hardest_hinge"]


def hardest_hinge(
    scores: Float[Tensor, "B B"],
    present: Bool[Tensor, " B"],
    negatives: Bool[Tensor, "B B"],
    margin: float = 0.2,
) -> Float[Tensor, ""]:
    r"""By how much the hardest negatives of the batch, by rows and by columns, come too near to the partner.

    .. math::
        \frac{1}{n} \sum_{b \in P} \left[ \alpha - s_{bb} + \max_{c} s_{bc} \right]_+
        + \left[ \alpha - s_{bb} + \max_{c} s_{cb} \right]_+, \qquad n = |P|

    with c among the negatives of b that are in P. Faghri et al., "VSE++: Improving Visual-Semantic Embeddings
    with Hard Negatives", BMVC 2018, arXiv 1707.05612; they sum over the batch, here it is the mean.

    Args:
        scores: s, of each sample's source (rows) with each sample's target (columns).
        present: P, which samples have both.
        negatives: which samples may be each other's negatives; the diagonal is not read.
        margin: alpha, at least 0.

    Shape:
        `[B, B]`, `[B]`, `[B, B]` -> scalar; 0, with zero gradients, where no sample has a negative.
    """
    own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    allowed = present[:, None] & present & negatives & ~own
    if not len(scores):
        return scores.sum()
    partner = scores.diagonal()
    others = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    too_near = sum(
        (margin - partner + others.amax(axis)).clamp(min=0).masked_fill(~allowed.any(axis), 0.0)
        for axis in (1, 0)
    )
    return torch.as_tensor(too_near).sum() / present.sum().clamp(min=1)
