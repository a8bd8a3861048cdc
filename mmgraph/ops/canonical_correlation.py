"""Canonical correlations: along which directions two sets of vectors vary together."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.linalg import solve_triangular

from mmgraph.errors import InputError
from mmgraph.ops.covariance import covariance, mean_row
from mmgraph.ops.nuclear_norm import nuclear_norm

__all__ = ["CanonicalCorrelation", "canonical_correlation", "correlation_sum"]

LEAST_VARIANCE = 1e-12
"""Added to every variance, so that vectors that do not vary at all can be whitened too."""


@dataclass(frozen=True)
class CanonicalCorrelation:
    """Directions of two sides, in the order of how much they vary together.

    Args:
        correlations: of the sides' coordinates along each pair of directions, 0..1, descending.
        source_mean: the mean of the source's vectors.
        target_mean: the mean of the target's.
        source_directions: in columns; along each the source's vectors have variance 1.
        target_directions: the same of the target.
    """

    correlations: Float[Tensor, " K"]
    source_mean: Float[Tensor, " D"]
    target_mean: Float[Tensor, " E"]
    source_directions: Float[Tensor, "D K"]
    target_directions: Float[Tensor, "E K"]


def canonical_correlation(
    source: Float[Tensor, "N D"], target: Float[Tensor, "M E"], components: int, ridge: float = 1e-3
) -> CanonicalCorrelation:
    r"""The directions along which paired vectors correlate most, in closed form; it waits for the device.

    With the Cholesky factors :math:`C_{xx} = L_x L_x^\top` and :math:`C_{yy} = L_y L_y^\top` of both
    covariances,

    .. math::
        L_x^{-1} C_{xy} L_y^{-\top} = U S V^\top, \qquad A = L_x^{-\top} U, \qquad B = L_y^{-\top} V

    where S holds the correlations. Hotelling, "Relations Between Two Sets of Variates", Biometrika, 1936. The
    ridge is that of Vinod, "Canonical Ridge and Econometrics of Joint Production", Journal of Econometrics,
    1976, here as a share of a side's mean variance, so that the unit of the vectors does not matter.

    Args:
        source: one vector for each pair.
        target: its partner, in the same row.
        components: K, how many directions, 1 to the smaller width.
        ridge: what is added to each variance, as a share of the side's mean variance, at least 0.

    Raises:
        InputError: there are fewer than two pairs, no partner for some, too many components, or vectors that
            leave a direction without variance while the ridge is too small.
    """
    _check(source, target, components)
    source_root, target_root, cross = _whitened(source, target, None, ridge)
    if not bool(torch.isfinite(cross).all()):
        raise InputError(
            f"canonical_correlation(ridge={ridge}) got vectors that do not vary in every direction: raise "
            "the ridge, or give more vectors"
        )
    left, correlations, right = torch.linalg.svd(cross)
    directions = (
        solve_triangular(root.T, turned[:, :components], upper=True)
        for root, turned in ((source_root, left), (target_root, right.T))
    )
    return CanonicalCorrelation(correlations[:components], mean_row(source), mean_row(target), *directions)


def correlation_sum(
    source: Float[Tensor, "N D"], target: Float[Tensor, "N E"], present: Bool[Tensor, " N"], ridge: float
) -> Float[Tensor, ""]:
    r"""The sum of all canonical correlations, to be learned from.

    It is the nuclear norm of :math:`L_x^{-1} C_{xy} L_y^{-\top}` (see `canonical_correlation`). Andrew et
    al., "Deep Canonical Correlation Analysis", ICML 2013. It differs in taking Cholesky factors in place of
    symmetric roots, which changes neither value nor gradient, and in masking rows, so that it never waits.

    Args:
        source: one vector for each pair, finite everywhere.
        target: its partner, in the same row.
        present: which rows are pairs.
        ridge: what is added to each variance, as a share of the side's mean variance, above 0.

    Shape:
        `[N, D]`, `[N, E]`, `[N]` -> scalar, 0 to the smaller width; 0, with zero gradients, for fewer than
        two pairs.
    """
    return nuclear_norm(_whitened(source, target, present, ridge)[2])


def _whitened(
    source: Tensor, target: Tensor, present: Tensor | None, ridge: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Both Cholesky factors, and the covariance between whitened sides."""
    source_root, target_root = (_root(covariance(rows, rows, present), ridge) for rows in (source, target))
    half = solve_triangular(source_root, covariance(source, target, present), upper=False)
    return source_root, target_root, solve_triangular(target_root, half.T, upper=False).T


def _root(spread: Float[Tensor, "D D"], ridge: float) -> Float[Tensor, "D D"]:
    """The lower Cholesky factor of a covariance and its ridge; NaN where there is none."""
    added = ridge * spread.diagonal().mean() + LEAST_VARIANCE
    identity = torch.eye(len(spread), dtype=spread.dtype, device=spread.device)
    root, failed = torch.linalg.cholesky_ex(spread + added * identity)
    return root.masked_fill(failed != 0, torch.nan)


def _check(source: Tensor, target: Tensor, components: int) -> None:
    if len(source) != len(target) or len(source) < 2:
        raise InputError(
            f"canonical_correlation got {len(source)} source and {len(target)} target vectors: give at least "
            "two pairs, a pair in the same row of both"
        )
    most = min(source.shape[1], target.shape[1])
    if not 1 <= components <= most:
        raise InputError(f"canonical_correlation(components={components}): expected 1 to {most}")
