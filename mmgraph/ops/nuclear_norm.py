"""The sum of a matrix's singular values, without a decomposition that waits for the device."""

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["nuclear_norm", "polar_factor"]


def nuclear_norm(matrix: Float[Tensor, "D K"]) -> Float[Tensor, ""]:
    r"""The sum of the singular values, :math:`\langle T, U V^\top \rangle` where :math:`T = U S V^\top`.

    Its gradient is the polar factor :math:`U V^\top` itself, which is finite also where singular values are
    equal or zero; there is no second derivative.

    Args:
        matrix: T, no singular value of which is above 1.
    """
    return (polar_factor(matrix.detach()) * matrix).sum()


def polar_factor(matrix: Float[Tensor, "D K"]) -> Float[Tensor, "D K"]:
    r"""The factor :math:`U V^\top` of :math:`T = U S V^\top`: the orthogonal matrix that is nearest.

    Made by products and Cholesky factors in a fixed number of steps, each of which carries every singular
    value :math:`s` to :math:`s (a + b s^2) / (1 + c s^2)`, nearer to 1: Nakatsukasa, Bai and Gygi,
    "Optimizing Halley's Iteration for Computing the Matrix Polar Decomposition", SIAM Journal on Matrix
    Analysis and Applications, 2010. Singular values below a thousandth (float32) or a millionth (float64) may
    stay short of 1; a singular value of zero stays zero.

    Args:
        matrix: T, no singular value of which is above 1.
    """
    found = matrix
    identity = torch.eye(matrix.shape[1], dtype=matrix.dtype, device=matrix.device)
    for a, b, c in _steps(1e-3 if matrix.dtype == torch.float32 else 1e-6):
        root = torch.linalg.cholesky_ex(identity + c * (found.T @ found)).L
        found = b / c * found + (a - b / c) * torch.cholesky_solve(found.T, root).T
    return found


def _steps(least: float) -> list[tuple[float, float, float]]:
    """The weights a, b and c of each step, until the least singular value has become 1."""
    steps = []
    while least < 1 - 1e-12:
        d = (4 * (1 - least**2) / least**4) ** (1 / 3)
        root = (1 + d) ** 0.5
        a = root + 0.5 * (8 - 4 * d + 8 * (2 - least**2) / (least**2 * root)) ** 0.5
        b = (a - 1) ** 2 / 4
        c = a + b - 1
        steps.append((a, b, c))
        least = least * (a + b * least**2) / (1 + c * least**2)
    return steps
