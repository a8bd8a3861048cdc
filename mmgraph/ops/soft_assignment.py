"""Soft assignment: each node matched with one other at most, the gain smoothed by the plan's entropy."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad

from mmgraph.ops.sinkhorn import sinkhorn

__all__ = ["soft_assignment"]


def soft_assignment(
    gain: Float[Tensor, "B S T"],
    source_mask: Bool[Tensor, "B S"],
    target_mask: Bool[Tensor, "B T"],
    eps: float,
    iterations: int,
) -> Float[Tensor, "B S T"]:
    r"""The assignment of most gain and entropy, of as many nodes as the smaller side has.

    .. math:: \arg\max_P \langle P, G \rangle + \varepsilon H(P), \qquad
        P 1 \le 1, \; P^\top 1 \le 1, \; 1^\top P 1 = \min(S, T)

    It is the Sinkhorn plan with a further row and column that take up what the larger side has more, the
    softassign with slacks of Gold and Rangarajan, "A Graduated Assignment Algorithm for Graph Matching", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 1996; theirs have a slack for every node. How
    near the sums come depends on the iterations; nothing warns.

    Args:
        gain: of matching a pair; of pairs that are not there, whatever there is.
        source_mask: whether there is such a source node.
        target_mask: whether there is such a target node.
        eps: weight of the entropy, above 0, in the units of the gain.
        iterations: of the Sinkhorn algorithm, at least 1.

    Shape:
        `[B, S, T]`, `[B, S]`, `[B, T]` -> `[B, S, T]`: the rows of the smaller side sum to one, those of the
        larger to one at most; all zero in a sample that lacks a side.
    """
    sources, targets = (mask.sum(1, keepdim=True) for mask in (source_mask, target_mask))
    source_mass = torch.cat([source_mask, (targets - sources).clamp(min=0)], dim=1).to(gain.dtype)
    target_mass = torch.cat([target_mask, (sources - targets).clamp(min=0)], dim=1).to(gain.dtype)
    plan = sinkhorn(pad(-gain, (0, 1, 0, 1)), source_mass, target_mass, eps, iterations, warn=False)
    return plan[:, :-1, :-1]
