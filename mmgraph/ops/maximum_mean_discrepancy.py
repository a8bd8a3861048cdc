"""How far two sets of vectors differ as samples of distributions."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.ops.covariance import mean_row
from mmgraph.ops.precision import at_least_float32

__all__ = ["maximum_mean_discrepancy"]

LEAST_WIDTH = 1e-12
"""Of a kernel, so that equal vectors do not divide by zero."""


def maximum_mean_discrepancy(
    source: Float[Tensor, "N D"], target: Float[Tensor, "M D"], scales: Sequence[float]
) -> Float[Tensor, ""]:
    r"""Squared maximum mean discrepancy under a mixture of Gaussian kernels, the biased estimate.

    .. math::
        \frac{1}{N^2} \sum_{i,i'} k(x_i, x_{i'}) - \frac{2}{NM} \sum_{i,j} k(x_i, y_j)
        + \frac{1}{M^2} \sum_{j,j'} k(y_j, y_{j'}), \qquad
        k(x, y) = \frac{1}{Q} \sum_q e^{-|x - y|^2 / (\sigma_q d)}

    where d is the mean of :math:`|z - z'|^2` over different vectors z, z' of both sides together, through
    which no gradient goes: so scaling all vectors changes nothing. Gretton et al., "A Kernel Two-Sample
    Test", JMLR 2012, equation 5; the mixture around the mean distance is that of Long et al., "Learning
    Transferable Features with Deep Adaptation Networks", ICML 2015, arXiv 1502.02791. The biased estimate
    is at least 0 and takes a single vector too.

    Args:
        source: x.
        target: y.
        scales: :math:`\sigma`, each above 0.

    Shape:
        `[N, D]`, `[M, D]` -> scalar, 0..2, in time and memory of :math:`(N + M)^2`; 0, with zero gradients,
        where a side is empty.
    """
    if not len(source) or not len(target):
        return source.new_zeros(())
    source, target = (rows.to(at_least_float32(rows.dtype)) for rows in (source, target))
    count, others = len(source), len(target)
    apart = _squared_distances(torch.cat([source, target]))
    pairs = (count + others) * (count + others - 1)
    width = (apart.detach().sum() / pairs).clamp(min=LEAST_WIDTH)
    kernels = ((-apart / (scale * width)).exp() for scale in scales)
    kernel = sum(kernels, start=torch.zeros_like(apart)) / len(scales)
    share = torch.cat([source.new_full((count,), 1 / count), target.new_full((others,), -1 / others)])
    return share @ kernel @ share


def _squared_distances(rows: Float[Tensor, "N D"]) -> Float[Tensor, "N N"]:
    """Of all pairs, by products of rows about their mean, where little is lost to rounding."""
    rows = rows - mean_row(rows).detach()
    squares = rows.square().sum(1)
    return squares[:, None] + squares - 2 * rows @ rows.T
