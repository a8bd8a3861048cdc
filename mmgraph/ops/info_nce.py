"""Contrast between pairs: each side has to find its own partner among those of the batch."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

__all__ = ["symmetric_info_nce"]


def symmetric_info_nce(
    logits: Float[Tensor, "B B"], present: Bool[Tensor, " B"], negatives: Bool[Tensor, "B B"] | None = None
) -> Float[Tensor, ""]:
    r"""Mean cross-entropy of finding the partner by rows and by columns, over the pairs that are there.

    .. math::
        -\frac{1}{2 n} \sum_{b \in P} \left( \log \frac{e^{s_{bb}}}{\sum_{c \in P} e^{s_{bc}}}
        + \log \frac{e^{s_{bb}}}{\sum_{c \in P} e^{s_{cb}}} \right), \qquad n = |P|

    InfoNCE is of van den Oord et al., "Representation Learning with Contrastive Predictive Coding", arXiv
    1807.03748; in both directions it is the loss of Radford et al., "Learning Transferable Visual Models From
    Natural Language Supervision", ICML 2021, arXiv 2103.00020. Here some samples may lack a side: they are
    nobody's partner and nobody's negative.

    Args:
        logits: s, of each sample's source (rows) with each sample's target (columns).
        present: P, which samples have both.
        negatives: which samples may be each other's negatives, where not all may; the diagonal is not read.

    Shape:
        `[B, B]`, `[B]` -> scalar; 0, with zero gradients, where fewer than two samples have both.
    """
    pairs = present[:, None] & present
    if negatives is not None:
        pairs = pairs & negatives.logical_or(torch.eye(len(logits), dtype=torch.bool, device=logits.device))
    filled = logits.masked_fill(~pairs, torch.finfo(logits.dtype).min)
    found = (filled.log_softmax(1) + filled.log_softmax(0)).diagonal()
    return -found.masked_fill(~present, 0.0).sum() / (2 * present.sum().clamp(min=1))
