"""Matching by the leading eigenvector of how well pairs of matches agree."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import pad

from mmgraph.errors import InputError
from mmgraph.ops.soft_assignment import soft_assignment

__all__ = ["distance_factors", "leading_eigenvector", "reweighted_walk", "spectral_matching"]

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
    agreement = _agreement(source_factors, target_factors, weight)
    return leading_eigenvector(agreement, (weight > 0).to(weight.dtype), iterations)


def reweighted_walk(
    source_factors: Float[Tensor, "B R S S"],
    target_factors: Float[Tensor, "B R T T"],
    weight: Float[Tensor, "B S T"],
    source_mask: Bool[Tensor, "B S"],
    target_mask: Bool[Tensor, "B T"],
    iterations: int = 40,
    *,
    jump: float = 0.8,
    sharpness: float = 30.0,
    balancing: int = 20,
) -> Float[Tensor, "B S T"]:
    r"""Where a random walk on the affinity K of `spectral_matching` ends that keeps jumping to an assignment.

    .. math:: x \leftarrow (1 - \theta) \frac{y}{\|y\|_1} + \theta \frac{z}{\|z\|_1}, \qquad y = K x, \qquad
        z = \mathrm{softassign}_{1 / \beta} \left( \frac{y}{\max y} \right)

    Without jumps it is a power iteration. The leading eigenvector knows nothing of one match excluding
    another but that they do not agree, and the many matches that agree by chance drown those that are right;
    the jumps bring the exclusion in. Cho, Lee and Lee, "Reweighted Random Walks for Graph Matching", ECCV
    2010; softassign is that of `mmgraph.ops.soft_assignment`, and the number of iterations is fixed.

    Args:
        source_factors: F, at least 0 and symmetric.
        target_factors: G, at least 0 and symmetric.
        weight: v, at least 0; 0 where there is no pair.
        source_mask: whether there is such a source node.
        target_mask: whether there is such a target node.
        iterations: how often K is applied, at least 1.
        jump: :math:`\theta`, how much of each step is a jump, 0..1.
        sharpness: :math:`\beta`, above 0: how hard the assignment is that it jumps to.
        balancing: iterations of the Sinkhorn algorithm for each jump, at least 1.

    Shape:
        `[B, R, S, S]`, `[B, R, T, T]`, `[B, S, T]`, `[B, S]`, `[B, T]` -> `[B, S, T]`, at least 0, which sums
        to one in each sample; all zero where all weights are.

    Raises:
        InputError: no iterations, or jump or sharpness out of range.
    """
    if iterations < 1 or not 0 <= jump <= 1 or not sharpness > 0:
        raise InputError(
            f"reweighted_walk got iterations={iterations}, jump={jump}, sharpness={sharpness}: expected at "
            "least one iteration, 0 <= jump <= 1 and a sharpness above 0"
        )
    agreement = _agreement(source_factors, target_factors, weight)
    there = (weight > 0).to(weight.dtype)
    walk = _shared(there)
    for _ in range(iterations):
        step = agreement(walk)
        # Padded, as there is no largest of nothing.
        largest = pad(step, (0, 1, 0, 1)).amax((1, 2), keepdim=True)
        gain = step / torch.where(largest > 0, largest, 1.0)
        assigned = there * soft_assignment(gain, source_mask, target_mask, 1 / sharpness, balancing)
        walk = (1 - jump) * _shared(step) + jump * _shared(assigned)
    return walk


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


def _agreement(source_factors: Tensor, target_factors: Tensor, weight: Tensor) -> Callable[[Tensor], Tensor]:
    """The product with K."""
    batch, factors, sources, _ = source_factors.shape
    targets = target_factors.shape[-1]
    left = _different(source_factors).reshape(batch, factors * sources, sources)
    right = _different(target_factors).reshape(batch, factors * targets, targets)

    def multiply(vector: Tensor) -> Tensor:
        weighted = weight * vector
        rows = (left @ weighted).view(batch, factors, sources, targets)
        spread = rows.transpose(1, 2).reshape(batch, sources, factors * targets)
        return weight * (spread @ right + weighted)

    return multiply


def _different(factors: Tensor) -> Tensor:
    """Without the factors of a node with itself."""
    same = torch.eye(factors.shape[-1], dtype=torch.bool, device=factors.device)
    return factors.masked_fill(same, 0.0)


def _normalised(vector: Tensor) -> Tensor:
    # A vector of zeros stays one: divided by next to nothing, its gradient would grow without end.
    squares = vector.square().sum((1, 2), keepdim=True)
    return vector / torch.where(squares > torch.finfo(vector.dtype).tiny, squares, 1.0).sqrt()


def _shared(vector: Tensor) -> Tensor:
    """Over its sum, where there is one."""
    total = vector.sum((1, 2), keepdim=True)
    return vector / torch.where(total > torch.finfo(vector.dtype).tiny, total, 1.0)
