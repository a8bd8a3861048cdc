"""How far two sets of vectors differ in their covariances."""

from jaxtyping import Float
from torch import Tensor

from mmgraph.ops.covariance import covariance

__all__ = ["coral_distance"]


def coral_distance(source: Float[Tensor, "N D"], target: Float[Tensor, "M D"]) -> Float[Tensor, ""]:
    r"""Squared distance of covariances, :math:`\frac{1}{4 D^2} \lVert C_x - C_y \rVert_F^2`.

    Sun and Saenko, "Deep CORAL: Correlation Alignment for Deep Domain Adaptation", ECCV 2016 workshops, arXiv
    1607.01719.

    Args:
        source: x.
        target: y.

    Shape:
        `[N, D]`, `[M, D]` -> scalar; 0, with zero gradients, where a side has fewer than two vectors, of
        which there is no covariance.
    """
    if min(len(source), len(target)) < 2:
        return source.new_zeros(())
    difference = covariance(source, source) - covariance(target, target)
    return difference.square().mean() / 4
