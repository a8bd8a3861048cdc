"""What can be compared of graphs whose nodes have nothing in common: distances, and how they are spread."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

__all__ = ["profile_cost", "profiles", "relative_distance"]


def relative_distance(distance: Float[Tensor, "B N N"], mask: Bool[Tensor, "B N"]) -> Float[Tensor, "B N N"]:
    """Distances over the mean distance of two different nodes of their sample.

    So pixels, seconds and hops come in one unit, and a few outliers do not change it.

    Args:
        distance: at least 0; of a node to itself, whatever there is.
        mask: whether there is such a node.

    Shape:
        `[B, N, N]` -> the same; zero of a node to itself, where there is no node, and in a sample whose nodes
        all lie at one place.
    """
    pairs = _pairs(mask)
    kept = distance.masked_fill(~pairs, 0.0)
    mean = kept.sum((1, 2)) / pairs.sum((1, 2)).clamp(min=1)
    return kept / torch.where(mean > 0, mean, 1.0)[:, None, None]


def profiles(
    distance: Float[Tensor, "B N N"], mask: Bool[Tensor, "B N"], points: int
) -> Float[Tensor, "B N P"]:
    """For each node, how its distances to the others are spread: their quantiles at evenly spaced points.

    Where there are as many points as other nodes, these are the sorted distances themselves.

    Args:
        distance: of the nodes of each sample.
        mask: whether there is such a node.
        points: how many quantiles, P.

    Shape:
        `[B, N, N]` -> `[B, N, P]`, ascending; zeros for a node without others.
    """
    width = mask.shape[1]
    others = (mask.sum(1, keepdim=True) - 1).clamp(min=0)
    ordered = distance.masked_fill(~_pairs(mask), torch.inf).sort(-1).values
    ordered = ordered.masked_fill(ordered == torch.inf, 0.0)
    share = (torch.arange(points, device=mask.device, dtype=distance.dtype) + 0.5) / points
    last = (others - 1).clamp(min=0)
    place = torch.minimum((share * others - 0.5).clamp(min=0), last.to(distance.dtype))
    low = place.floor().long()
    high = torch.minimum(low + 1, last)
    below, above = (ordered.gather(2, end[:, None].expand(-1, width, -1)) for end in (low, high))
    return torch.lerp(below, above, (place - low)[:, None].expand_as(below))


def profile_cost(source: Float[Tensor, "B S P"], target: Float[Tensor, "B T P"]) -> Float[Tensor, "B S T"]:
    r"""How differently the distances of two nodes are spread, :math:`\frac1P \sum_p (s_p - t_p)^2`.

    It is the squared Wasserstein distance of the two spreads, the cost of which the cheapest transport is the
    third lower bound of Mémoli, "Gromov-Wasserstein Distances and the Metric Approach to Object Matching",
    Foundations of Computational Mathematics 2011. Ours leaves out a node's distance to itself, and takes P
    quantiles, which is exact for nodes with P others each.
    """
    return (source[:, :, None] - target[:, None]).square().sum(-1) / max(source.shape[-1], 1)


def _pairs(mask: Bool[Tensor, "B N"]) -> Bool[Tensor, "B N N"]:
    """Pairs of different nodes."""
    same = torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)
    return mask[:, :, None] & mask[:, None] & ~same
