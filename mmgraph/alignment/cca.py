"""Alignment in the space of linear canonical correlation."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.canonical_fit import fit_canonical
from mmgraph.alignment.similarity import cosine_plan, pooled_pairs, require_positive
from mmgraph.errors import InputError
from mmgraph.ops.canonical_correlation import correlation_sum

__all__ = ["CCAAligner"]


class CCAAligner(nn.Module):
    r"""Cosines of projected nodes; the loss is minus the correlations of the projected samples.

    With :math:`u_b` and :math:`v_b` the means of sample b's source and target nodes,

    .. math::
        L = -\sum_k \mathrm{corr}_k(W_s u, W_t v), \qquad
        P_{ij} = \mathrm{softmax}_j \cos(W_s x_i, W_t y_j) / \tau

    Hotelling, "Relations Between Two Sets of Variates", Biometrika, 1936. `fit` sets the maps to the closed
    form over training samples, canonical coordinates that are weighted by their correlations; the loss, over
    a batch's samples that have both sides, keeps them there while the nodes' vectors change, or finds them
    step by step. As it does not change when one side's coordinates are turned, without `fit` it is what is
    learned through the plan that makes the sides comparable. A batch should hold several times as many
    samples as there are components.

    Args:
        dim: width of the nodes.
        components: how many coordinates, 1 to dim; 8 if None, or dim if that is less.
        ridge: what is added to each variance, as a share of the side's mean variance, above 0.
        temperature: :math:`\tau`, above 0.

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`, loss scalar, -components..0: 0 where fewer than two
        samples have both sides.

    Raises:
        InputError: an argument is out of range.
    """

    def __init__(
        self, dim: int, components: int | None = None, ridge: float = 1e-3, temperature: float = 0.1
    ) -> None:
        super().__init__()
        require_positive("CCAAligner", ridge=ridge, temperature=temperature)
        if components is None:
            components = min(dim, 8)
        if not 1 <= components <= dim:
            raise InputError(f"CCAAligner(dim={dim}, components={components}): expected 1 to dim components")
        self.ridge, self.temperature = ridge, temperature
        self.source = nn.Linear(dim, components)
        self.target = nn.Linear(dim, components)

    def fit(
        self, source_vectors: Float[Tensor, "N D"], target_vectors: Float[Tensor, "M D"]
    ) -> Float[Tensor, " K"]:
        """Set the maps to the closed form over training samples that have both sides; waits for the device.

        Args:
            source_vectors: the mean of each sample's source nodes.
            target_vectors: the mean of the same sample's target nodes, in the same row.

        Returns:
            the correlations of the coordinates, 0..1, descending.

        Raises:
            InputError: there are fewer than two samples, or not as many of one side as of the other.
        """
        return fit_canonical(self.source, self.target, source_vectors, target_vectors, self.ridge)

    def forward(self, sides: Sides) -> Alignment:
        """The plan, and minus the sum of the batch's correlations."""
        source, target = self.source(sides.source), self.target(sides.target)
        plan = cosine_plan(source, target, sides, self.temperature)
        return Alignment(plan, -correlation_sum(*pooled_pairs(source, target, sides), self.ridge))
