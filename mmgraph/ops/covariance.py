"""Means and covariances of the rows that are there."""

from jaxtyping import Bool, Float
from torch import Tensor

from mmgraph.ops.precision import at_least_float32

__all__ = ["covariance", "mean_row"]


def mean_row(rows: Float[Tensor, "N D"], present: Bool[Tensor, " N"] | None = None) -> Float[Tensor, " D"]:
    """The mean of the rows that are there, in float32 at least; zeros where none is.

    Args:
        rows: finite everywhere.
        present: which rows are there; all if None.
    """
    rows, weight = _weighted(rows, present)
    return weight @ rows / weight.sum().clamp(min=1)


def covariance(
    first: Float[Tensor, "N D"], second: Float[Tensor, "N K"], present: Bool[Tensor, " N"] | None = None
) -> Float[Tensor, "D K"]:
    r"""The covariance :math:`\frac{1}{n - 1} \sum_i (x_i - \bar x)(y_i - \bar y)^\top` over the rows there.

    Args:
        first: x, finite everywhere.
        second: y, likewise; x itself for the covariance within one side.
        present: which rows are there; all if None.

    Shape:
        `[N, D]`, `[N, K]` -> `[D, K]`, in float32 at least; zeros, with zero gradients, for fewer than two
        rows.
    """
    (first, weight), (second, _) = (_weighted(rows, present) for rows in (first, second))
    left, right = (rows - mean_row(rows, present) for rows in (first, second))
    return (left * weight[:, None]).T @ right / (weight.sum() - 1).clamp(min=1)


def _weighted(rows: Tensor, present: Tensor | None) -> tuple[Tensor, Tensor]:
    """Both in float32 at least."""
    rows = rows.to(at_least_float32(rows.dtype))
    return rows, rows.new_ones(len(rows)) if present is None else present.to(rows.dtype)
