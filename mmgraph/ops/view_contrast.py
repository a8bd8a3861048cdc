"""Contrast between two views of the same users or items, each counted once however often a batch has it."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

__all__ = ["view_contrast"]


def view_contrast(
    x: Float[Tensor, "B D"],
    y: Float[Tensor, "B D"],
    ids: Int[Tensor, " B"],
    temperature: float = 0.2,
    present: Bool[Tensor, " B"] | None = None,
) -> Float[Tensor, ""]:
    r"""Mean cross-entropy of each row of x finding its own of y among the batch's, by cosines.

    .. math::
        -\frac{1}{|P|} \sum_{i \in P} \log \frac{e^{\cos(x_i, y_i) / \tau}}
        {\sum_{j \in P} e^{\cos(x_i, y_j) / \tau}}

    over the different ids P of the batch. Wu et al., "Self-supervised Graph Learning for Recommendation",
    SIGIR 2021, arXiv 2010.10783; Yu et al., "Are Graph Augmentations Necessary? Simple Graph Contrastive
    Learning for Recommendation", SIGIR 2022, arXiv 2112.08679. Rows of an id that occurs n times weigh 1 / n
    each: the same as `torch.unique`, the size of whose result only the device knows.

    Args:
        x: a row of one view for each of the batch.
        y: the same of the other view.
        ids: of which user or item the rows are; rows of one id are equal.
        temperature: tau.
        present: which have both views; the others are nobody's partner and nobody's negative. All if None.

    Shape:
        `[B, D]`, `[B, D]`, `[B]` -> scalar; 0 where none is present.
    """
    same = ids[:, None] == ids
    share = same.sum(1).to(x.dtype).reciprocal()
    if present is not None:
        share = share * present
    logits = normalize(x, dim=1) @ normalize(y, dim=1).T / temperature
    own = logits.diagonal()
    # Not minus infinity, whose gradient would be NaN where nothing else is left.
    weight = share.log().clamp(min=torch.finfo(x.dtype).min)
    among = (logits + weight).logsumexp(1)
    found = torch.where(share > 0, among - own, 0.0)
    return (found * share).sum() / share.sum().clamp(min=1)
