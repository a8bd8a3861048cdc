"""How well a plan matches what belongs together.

A plan is `[B, S, T]`, at least 0, as the aligners give it. A sample without sources or targets, or without a
truth, counts for nothing, and a metric of nothing is NaN. Ties count as wrong: a plan that weighs a right and
a wrong target the same, or nothing at all, has not found the right one.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.metrics.accuracy import Accuracy
from mmgraph.ops import sinkhorn

__all__ = ["marginal_error", "mass_on_truth", "permutation_recovery", "plan_accuracy", "pointing_accuracy"]


def plan_accuracy(plan: Float[Tensor, "B S T"], truth: Bool[Tensor, "B S T"]) -> Accuracy:
    """Of the source nodes that have a true partner, how many weigh a true one most.

    Args:
        plan: at least 0.
        truth: the pairs that belong together; a node may have several partners, or none.

    Shape:
        of no source node with a partner: an accuracy of none, whose share is NaN.
    """
    return _counted(_points_at(plan, truth), truth.any(-1))


def permutation_recovery(plan: Float[Tensor, "B S T"], permutation: Int[Tensor, "B S"]) -> Accuracy:
    """Of the nodes of a planted matching, how many weigh their own partner most.

    Args:
        plan: at least 0.
        permutation: the target that each source node was planted on, from 0; -1 for a place without a node
            and for a node without a partner.

    Raises:
        InputError: a target that the plan does not have.
    """
    targets = plan.shape[-1]
    if bool((permutation >= targets).any()):
        raise InputError(
            f"permutation_recovery got target {int(permutation.max())} for a plan of {targets} targets: "
            "number them from 0, and write -1 for none"
        )
    numbers = torch.arange(targets, device=plan.device)
    return plan_accuracy(plan, permutation[:, :, None] == numbers)


def mass_on_truth(plan: Float[Tensor, "B S T"], truth: Bool[Tensor, "B S T"]) -> float:
    """The share of a sample's plan that lies on true pairs, 0..1; the mean over samples that have any.

    A sample's whole plan counts, that of sources without a partner too: only a plan that leaves them out
    reaches 1. A plan without mass has none on the truth.

    Args:
        plan: at least 0.
        truth: the pairs that belong together.

    Shape:
        of no sample with a true pair: NaN.
    """
    mass = plan.sum((1, 2))
    found = (plan * truth).sum((1, 2)) / mass.clamp(min=torch.finfo(plan.dtype).tiny)
    return _mean(found, truth.any(-1).any(-1))


def pointing_accuracy(
    plan: Float[Tensor, "B S T"],
    place: Float[Tensor, "B T P"],
    target_mask: Bool[Tensor, "B T"],
    truth: Float[Tensor, "B S K Q"],
    known: Bool[Tensor, "B S K"],
) -> Accuracy:
    """Of the source nodes whose place is known, how many point into it: the pointing game.

    A node points at the middle of the target that it weighs most, such as a region's box or a segment's
    interval, and is right where that lies in one of its true places, their border included. Zhang et al.,
    "Top-down Neural Attention by Excitation Backprop", ECCV 2016, arXiv 1608.00507; they point at the
    heaviest pixel, with a tolerance of 15 pixels, we at a middle, without one.

    Args:
        plan: at least 0.
        place: where the target nodes lie: boxes xyxy (P = 4) or intervals in seconds (P = 2).
        target_mask: whether there is such a target.
        truth: up to K places for each source node, in the unit of `place`.
        known: whether there is such a place.

    Shape:
        of no source node with a known place in a sample with targets: an accuracy of none.

    Raises:
        InputError: places of another width than 2 or 4, or of two widths.
    """
    width = place.shape[-1]
    if width not in (2, 4) or truth.shape[-1] != width:
        raise InputError(
            f"pointing_accuracy got places of width {width} and true places of width {truth.shape[-1]}: pass "
            "boxes xyxy (4) or intervals (2) as both"
        )
    low, high = truth[:, :, None].chunk(2, -1)
    middle = torch.stack(place.chunk(2, -1)).mean(0)[:, None, :, None]
    inside = ((low <= middle) & (middle <= high)).all(-1)
    hit = (inside & known[:, :, None]).any(-1)
    return _counted(_points_at(plan, hit), known.any(-1) & target_mask.any(1, keepdim=True))


def marginal_error(
    plan: Float[Tensor, "B S T"], source_mass: Float[Tensor, "B S"], target_mass: Float[Tensor, "B T"]
) -> float:
    r"""How far a plan's sums are from the masses, 0..1; the mean over samples with mass on both sides.

    .. math:: \frac{\| P 1 - a \|_1 + \| P^\top 1 - b \|_1}{\|a\|_1 + \|b\|_1}

    Args:
        plan: at least 0.
        source_mass: the mass that each source node was to have, at least 0.
        target_mass: the same of each target node.

    Shape:
        of no sample with mass on both sides: NaN.
    """
    missed = sinkhorn.marginal_error(plan, source_mass, target_mass)
    return _mean(missed, (source_mass > 0).any(1) & (target_mass > 0).any(1))


def _points_at(plan: Tensor, true: Tensor) -> Bool[Tensor, "B S"]:
    """Whether a true target outweighs all others."""
    if not plan.shape[-1]:
        return true.any(-1)
    best, other = ((plan * which).amax(-1) for which in (true, ~true))
    return best > other


def _counted(right: Tensor, counts: Tensor) -> Accuracy:
    return Accuracy(int((right & counts).sum()), int(counts.sum()))


def _mean(values: Tensor, counts: Tensor) -> float:
    return float(values[counts].double().mean())
