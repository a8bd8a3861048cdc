"""Matching by the leading eigenvector of how well pairs of matches agree."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["distance_factors", "leading_eigenvector", "spectral_matching"]

HOLD = 0.2


def spectral_matching(
    source_factors: Float[Tensor, "B R S S"],
    target_factors: Float[Tensor, "B R T T"],
    weight: Float[Tensor, "B S T"],
    iterations: int = 50,
) -> Float[Tensor, "B S T"]:
    r"""The leading eigenvector of the affinity of matches, which gives each match its weight.

    Two matches, of node i with a and of j with b, agree as far as

    .. math::
        K_{ia,jb} = v_{ia} v_{jb} \sum_r F^r_{ij} G^r_{ab}, \qquad K_{ia,ia} = v_{ia}^2

    and matches that exclude each other, with one node in common, not at all. Leordeanu and Hebert, "A
    Spectral Technique for Correspondence Problems Using Pairwise Constraints", ICCV 2005; they write K out,
    whose :math:`S^2 T^2` numbers are most of the memory and time, and round greedily. Here K is known by
    its R factors, as `distance_factors` makes them: an iteration takes :math:`O(R (S^2 T + S T^2))`, the
    memory is :math:`O(R (S^2 + T^2 + S T))`, and the rounding is left to `mmgraph.alignment.hard_assignment`.
    For an affinity without factors call `leading_eigenvector` with the written-out product.

    Args:
        source_factors: F, at least 0 and symmetric.
        target_factors: G, at least 0 and symmetric.
        weight: v, at least 0: how likely a match is by itself; 0 where there is no pair.
        iterations: how often K is applied, at least 1.

    Shape:
        `[B, R, S, S]`, `[B, R, T, T]`, `[B, S, T]` -> `[B, S, T]`, at least 0, of length one in each sample;
        all zero where all weights are.

    Raises:
        InputError: no iterations.
    """
    batch, factors, sources, _ = source_factors.shape
    targets = target_factors.shape[-1]
    left = _different(source_factors).reshape(batch, factors * sources, sources)
    right = _different(target_factors).reshape(batch, factors * targets, targets)

    def agreement(vector: Tensor) -> Tensor:
        weighted = weight * vector
        rows = (left @ weighted).view(batch, factors, sources, targets)
        spread = rows.transpose(1, 2).reshape(batch, sources, factors * targets)
        return weight * (spread @ right + weighted)

    return leading_eigenvector(agreement, (weight > 0).to(weight.dtype), iterations)


def leading_eigenvector(
    multiply: Callable[[Tensor], Tensor], start: Float[Tensor, "B S T"], iterations: int = 50
) -> Float[Tensor, "B S T"]:
    r"""The leading eigenvector of a symmetric affinity K, at least 0, by power iterations.

    .. math:: x \leftarrow \frac{y}{\|y\|}, \qquad y = \frac{K x}{\|K x\|} + 0.2 x

    Holding on to a part of x keeps an affinity whose least eigenvalue is as large as its greatest from
    swinging. How far x is from the eigenvector falls with each iteration by the factor
    :math:`(\lambda_2 / \lambda_1 + 0.2) / 1.2`.

    Args:
        multiply: `[B, S, T]` -> :math:`K x`, of the same shape. With K written out, `[B, S T, S T]`, it takes
            :math:`O(S^2 T^2)` memory and time.
        start: at least 0, above it wherever the eigenvector is.
        iterations: at least 1.

    Shape:
        `[B, S, T]` -> the same, of length one; all zero where the start is.

    Raises:
        InputError: no iterations.
    """
    if iterations < 1:
        raise InputError(f"got iterations={iterations} for an eigenvector: expected at least 1")
    vector = _normalised(start)
    for _ in range(iterations):
        vector = _normalised(_normalised(multiply(vector)) + HOLD * vector)
    return vector


def distance_factors(
    distance: Float[Tensor, "B N N"], mask: Bool[Tensor, "B N"], bandwidth: float, reach: float
) -> Float[Tensor, "B R N N"]:
    r"""Factors whose products are Gaussian in the difference of distances.

    .. math:: \sum_r F^r_{ij} G^r_{ab} \approx \exp \left( -\frac{(D_{ij} - E_{ab})^2}{2 \sigma^2} \right)

    F and G are Gaussians around centres that lie :math:`\sigma` apart; the sum is the trapezoid rule of the
    integral over all centres and within 1.5 % of it.

    Args:
        distance: D or E, at least 0.
        mask: whether there is such a node.
        bandwidth: :math:`\sigma`, above 0: by how much two distances may differ and still agree.
        reach: a distance beyond it counts as this one.

    Shape:
        `[B, N, N]` -> `[B, R, N, N]` with :math:`R = \lceil reach / \sigma \rceil + 5`; zero where there is
        no node.

    Raises:
        InputError: a bandwidth or reach that is not above 0.
    """
    if not (bandwidth > 0 and reach > 0):
        raise InputError(
            f"distance_factors got bandwidth={bandwidth} and reach={reach}: expected numbers above 0"
        )
    count = -int(-reach // bandwidth) + 5
    centres = bandwidth * (torch.arange(count, device=distance.device, dtype=distance.dtype) - 2)
    apart = distance.clamp(max=reach)[:, None] - centres[:, None, None]
    pairs = mask[:, None, :, None] & mask[:, None, None, :]
    return (2 / torch.pi) ** 0.25 * (-apart.square() / bandwidth**2).exp() * pairs


def _different(factors: Tensor) -> Tensor:
    """Without the factors of a node with itself."""
    same = torch.eye(factors.shape[-1], dtype=torch.bool, device=factors.device)
    return factors.masked_fill(same, 0.0)


def _normalised(vector: Tensor) -> Tensor:
    # A vector of zeros stays one: divided by next to nothing, its gradient would grow without end.
    squares = vector.square().sum((1, 2), keepdim=True)
    return vector / torch.where(squares > torch.finfo(vector.dtype).tiny, squares, 1.0).sqrt()
