"""Distances without a unit."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

__all__ = ["different_pairs", "relative_distance"]


def relative_distance(distance: Float[Tensor, "B N N"], mask: Bool[Tensor, "B N"]) -> Float[Tensor, "B N N"]:
    """Distances over the mean distance of two different nodes of their sample.

    So pixels, seconds and hops can be compared, and a few outliers do not change that.

    Args:
        distance: at least 0; of a node to itself, whatever there is.
        mask: whether there is such a node.

    Shape:
        `[B, N, N]` -> the same; zero of a node to itself, where there is no node, and in a sample whose nodes
        all lie at one place.
    """
    pairs = different_pairs(mask)
    kept = distance.masked_fill(~pairs, 0.0)
    mean = kept.sum((1, 2)) / pairs.sum((1, 2)).clamp(min=1)
    return kept / torch.where(mean > 0, mean, 1.0)[:, None, None]


def different_pairs(mask: Bool[Tensor, "B N"]) -> Bool[Tensor, "B N N"]:
    """The pairs of different nodes of a sample.

    Args:
        mask: whether there is such a node.
    """
    same = torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)
    return mask[:, :, None] & mask[:, None] & ~same
