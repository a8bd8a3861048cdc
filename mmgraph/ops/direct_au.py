"""Alignment of what belongs together and uniformity of everything, on the unit sphere."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

__all__ = ["alignment", "uniformity"]


def alignment(x: Float[Tensor, "B D"], y: Float[Tensor, "B D"]) -> Float[Tensor, ""]:
    r"""Mean of :math:`|x_b - y_b|^2` over pairs, all at length one.

    Wang and Isola, "Understanding Contrastive Representation Learning through Alignment and Uniformity on
    the Hypersphere", ICML 2020, arXiv 2005.10242; for users and their items, Wang et al., "Towards
    Representation Alignment and Uniformity in Collaborative Filtering", KDD 2022, arXiv 2206.12811.

    Shape:
        `[B, D]`, `[B, D]` -> scalar; 0 for an empty batch.
    """
    return (normalize(x, dim=1) - normalize(y, dim=1)).square().sum() / max(len(x), 1)


def uniformity(x: Float[Tensor, "B D"], t: float = 2.0) -> Float[Tensor, ""]:
    r"""Log of the mean of :math:`e^{-t |x_b - x_c|^2}` over the pairs of different rows, all at length one.

    Of the same papers: 0 where all rows are equal, and lower the more evenly they lie on the sphere.

    Args:
        x: rows.
        t: how fast what is far apart stops to count.

    Shape:
        `[B, D]` -> scalar; 0 for fewer than two rows.
    """
    if len(x) < 2:
        return 0 * x.sum()
    rows = normalize(x, dim=1)
    near = 2 * t * (rows @ rows.T - 1)
    itself = torch.eye(len(x), dtype=torch.bool, device=x.device)
    return near.masked_fill(itself, -math.inf).flatten().logsumexp(0) - math.log(len(x) * (len(x) - 1))
