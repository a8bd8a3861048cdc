"""There and back: whether a node that is matched finds itself again."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mmgraph.ops.neighbours import cosine
from mmgraph.ops.precision import at_least_float32

__all__ = ["cycle_loss"]


def cycle_loss(
    plan: Float[Tensor, "B S T"],
    source: Float[Tensor, "B S D"],
    target: Float[Tensor, "B T D"],
    pairs: Bool[Tensor, "B S T"],
    temperature: float | Tensor,
) -> Float[Tensor, ""]:
    r"""Mean cross-entropy of each source node to be found again from what it is matched with.

    .. math::
        \tilde y_i = \sum_j P_{ij} y_j, \qquad
        -\log \frac{e^{\cos(\tilde y_i, x_i) / \tau}}{\sum_k e^{\cos(\tilde y_i, x_k) / \tau}}

    The cycle-back classification of Dwibedi et al., "Temporal Cycle-Consistency Learning", CVPR 2019, arXiv
    1904.07846, with cosines for their squared distances and any plan for the way there. Sources of a sample
    without targets have no way there and do not count.

    Args:
        plan: P, from source to target; its rows sum to one.
        source: x, padded.
        target: y, padded.
        pairs: which places of the plan are pairs of nodes.
        temperature: :math:`\tau`, above 0.

    Shape:
        `[B, S, T]`, `[B, S, D]`, `[B, T, D]` -> scalar; 0, with zero gradients, where no sample has both.
    """
    exact = at_least_float32(source.dtype)
    plan, source, target = (values.to(exact) for values in (plan, source, target))
    matched = pairs.any(2)
    logits = cosine(plan @ target, source) / temperature
    logits = logits.masked_fill(~matched[:, None, :], torch.finfo(logits.dtype).min)
    found = logits.log_softmax(2).diagonal(dim1=1, dim2=2)
    return -found.masked_fill(~matched, 0.0).sum() / matched.sum().clamp(min=1)
