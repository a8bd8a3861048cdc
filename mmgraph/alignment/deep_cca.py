"""Alignment in a space that networks learn, so that the sides of a sample correlate."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.canonical_fit import fit_canonical
from mmgraph.alignment.similarity import cosine_plan, pooled_pairs, require_positive
from mmgraph.errors import InputError
from mmgraph.ops.canonical_correlation import correlation_sum

__all__ = ["DeepCCAAligner"]


class DeepCCAAligner(nn.Module):
    r"""Cosines of nodes mapped by two networks; the loss is minus the correlations of the mapped samples.

    With :math:`u_b` and :math:`v_b` the means of sample b's source and target nodes, and two networks
    :math:`f(x) = W_s h_s(x)` and :math:`g(y) = W_t h_t(y)` of one hidden layer,

    .. math::
        L = -\sum_k \mathrm{corr}_k \big( f(u), g(v) \big), \qquad
        P_{ij} = \mathrm{softmax}_j \cos \big( f(x_i), g(y_j) \big) / \tau

    Andrew et al., "Deep Canonical Correlation Analysis", ICML 2013. They train on all samples at once, from
    layers that were trained before, with a cubic root as activation; ours learns from the batch's samples
    that have both sides, which should be several times as many as there are components, with tanh. As the
    loss does not change when one side's outputs are turned, theirs go through linear canonical correlation
    after training: `fit` does that, on the hidden layers, and sets the last maps to what it finds. Without,
    it is what is learned through the plan that makes the sides comparable.

    Args:
        dim: width of the nodes.
        components: how many numbers the networks give, 1 to hidden_dim; 8 if None, or hidden_dim if less.
        hidden_dim: width of their hidden layers; dim if None.
        ridge: what is added to each variance, as a share of the side's mean variance, above 0.
        temperature: :math:`\tau`, above 0.

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`, loss scalar, -components..0: 0 where fewer than two
        samples have both sides.

    Raises:
        InputError: an argument is out of range.
    """

    def __init__(
        self,
        dim: int,
        components: int | None = None,
        hidden_dim: int | None = None,
        ridge: float = 1e-3,
        temperature: float = 0.1,
    ) -> None:
        super().__init__()
        require_positive("DeepCCAAligner", ridge=ridge, temperature=temperature)
        hidden_dim = dim if hidden_dim is None else hidden_dim
        components = min(hidden_dim, 8) if components is None else components
        if not 1 <= components <= hidden_dim:
            raise InputError(
                f"DeepCCAAligner(components={components}, hidden_dim={hidden_dim}): expected 1 to hidden_dim "
                "components"
            )
        self.ridge, self.temperature = ridge, temperature
        self.source_hidden = nn.Sequential(nn.Linear(dim, hidden_dim), nn.Tanh())
        self.target_hidden = nn.Sequential(nn.Linear(dim, hidden_dim), nn.Tanh())
        self.source = nn.Linear(hidden_dim, components)
        self.target = nn.Linear(hidden_dim, components)

    def fit(
        self, source_vectors: Float[Tensor, "N D"], target_vectors: Float[Tensor, "M D"]
    ) -> Float[Tensor, " K"]:
        """Set the last maps to the closed form over training samples with both sides; waits for the device.

        Args:
            source_vectors: the mean of each sample's source nodes.
            target_vectors: the mean of the same sample's target nodes, in the same row.

        Returns:
            the correlations of the outputs, 0..1, descending.

        Raises:
            InputError: there are fewer than two samples, or not as many of one side as of the other.
        """
        hidden = self.source_hidden(source_vectors), self.target_hidden(target_vectors)
        return fit_canonical(self.source, self.target, *hidden, self.ridge)

    def forward(self, sides: Sides) -> Alignment:
        """The plan, and minus the sum of the batch's correlations."""
        plan = cosine_plan(*self._mapped(sides.source, sides.target), sides, self.temperature)
        source, target, present = pooled_pairs(sides.source, sides.target, sides)
        return Alignment(plan, -correlation_sum(*self._mapped(source, target), present, self.ridge))

    def _mapped(self, source: Tensor, target: Tensor) -> tuple[Float[Tensor, "N K"], Float[Tensor, "M K"]]:
        return self.source(self.source_hidden(source)), self.target(self.target_hidden(target))
