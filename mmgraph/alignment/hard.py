"""The hard answer: whole nodes matched, each with one other at most."""

import torch
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["hard_assignment"]


def hard_assignment(
    plan: Float[Tensor, "B S T"], source_mask: Bool[Tensor, "B S"], target_mask: Bool[Tensor, "B T"]
) -> Float[Tensor, "B S T"]:
    """The matching of most weight in which each node has one partner at most, as a plan of zeros and ones.

    Samples are solved one after the other on the host, by SciPy's modified Jonker-Volgenant algorithm:
    Crouse, "On Implementing 2D Rectangular Assignment Algorithms", IEEE Transactions on Aerospace and
    Electronic Systems 2016. So it waits for the device, and has no gradient: it is for answers and metrics.

    Args:
        plan: the weight of each pair; nodes whose pair weighs nothing stay unmatched.
        source_mask: whether there is such a source node.
        target_mask: whether there is such a target node.

    Shape:
        `[B, S, T]` -> the same, in the same precision, with `min(S, T)` ones for each sample at most.

    Raises:
        InputError: a weight of a pair that is not finite.
    """
    weights = plan.detach().to(device="cpu", dtype=torch.float64)
    out, sides = torch.zeros_like(weights), (source_mask.cpu(), target_mask.cpu())
    for number, weight in enumerate(weights):
        rows, columns = (mask[number].nonzero()[:, 0] for mask in sides)
        there = weight[rows][:, columns]
        if not bool(there.isfinite().all()):
            raise InputError(
                f"the plan of sample {number} has weights that are not finite: they have no order"
            )
        chosen = linear_sum_assignment(there.numpy(), maximize=True)
        ends = rows[torch.from_numpy(chosen[0])], columns[torch.from_numpy(chosen[1])]
        out[number, ends[0], ends[1]] = (weight[ends] != 0).to(out.dtype)
    return out.to(device=plan.device, dtype=plan.dtype)
