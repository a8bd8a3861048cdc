"""Linear maps set to canonical directions, in closed form."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.ops.canonical_correlation import canonical_correlation

__all__ = ["fit_canonical"]


@torch.no_grad()
def fit_canonical(
    source_map: nn.Linear,
    target_map: nn.Linear,
    source: Float[Tensor, "N D"],
    target: Float[Tensor, "M D"],
    ridge: float,
) -> Float[Tensor, " K"]:
    r"""Make two maps give canonical coordinates, each weighted by the root of its correlation.

    .. math:: x \mapsto S^{1/2} A^\top (x - \bar x), \qquad y \mapsto S^{1/2} B^\top (y - \bar y)

    A and B are of `canonical_correlation`. With :math:`S^{1/2}` the coordinates are the means of the common
    cause given either side: Bach and Jordan, "A Probabilistic Interpretation of Canonical Correlation
    Analysis", Technical Report 688, Department of Statistics, University of California, Berkeley, 2005. So a
    direction without correlation does not count.

    Args:
        source_map: the source's map, changed in place.
        target_map: the target's.
        source: what the source's map is given, one vector for each pair.
        target: likewise, the partner in the same row.
        ridge: what is added to each variance, as a share of the side's mean variance, at least 0.

    Returns:
        the correlations along the directions, 0..1, descending.
    """
    found = canonical_correlation(source, target, source_map.out_features, ridge)
    weight = found.correlations.sqrt()
    _set(source_map, found.source_directions * weight, found.source_mean)
    _set(target_map, found.target_directions * weight, found.target_mean)
    return found.correlations


def _set(linear: nn.Linear, directions: Float[Tensor, "D K"], mean: Float[Tensor, " D"]) -> None:
    linear.weight.copy_(directions.T)
    linear.bias.copy_(-mean @ directions)
