"""Alignment in a space in which a discriminator cannot tell the sides apart."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.similarity import cosine_plan, require_positive
from mmgraph.errors import InputError
from mmgraph.ops.gradient_reversal import reverse_gradient
from mmgraph.ops.precision import at_least_float32

__all__ = ["AdversarialAligner"]


class AdversarialAligner(nn.Module):
    r"""Cosines of projected nodes; the projections are learned against a discriminator of the sides.

    With a network d, which learns to be large for sources,

    .. math::
        L = -\frac{1}{2} \Big( \frac{1}{N} \sum_i \log \sigma(d(W_s x_i))
        + \frac{1}{M} \sum_j \log \sigma(-d(W_t y_j)) \Big), \qquad
        P_{ij} = \mathrm{softmax}_j \cos(W_s x_i, W_t y_j) / \tau

    d descends the loss, and the projections and what lies before them ascend it, by a gradient that is
    reversed: Ganin and Lempitsky, "Unsupervised Domain Adaptation by Backpropagation", ICML 2015, arXiv
    1409.7495. Here the two domains are the sides, each counting half however many nodes it has, and the
    strength of the reversal is fixed, where theirs rises in training.

    Args:
        dim: width of the nodes.
        hidden_dim: width of the discriminator's hidden layer; dim if None.
        strength: how much the projections ascend the loss, at least 0.
        temperature: :math:`\tau`, above 0.

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`, loss scalar: :math:`\log 2` where the sides cannot be told
        apart, 0 where the batch lacks a side.

    Raises:
        InputError: an argument is out of range.
    """

    def __init__(
        self, dim: int, hidden_dim: int | None = None, strength: float = 1.0, temperature: float = 0.1
    ) -> None:
        super().__init__()
        require_positive("AdversarialAligner", temperature=temperature)
        if strength < 0:
            raise InputError(f"AdversarialAligner(strength={strength}): expected at least 0")
        self.strength, self.temperature = strength, temperature
        self.source = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)
        hidden_dim = hidden_dim or dim
        self.discriminator = nn.Sequential(nn.Linear(dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, 1))

    def forward(self, sides: Sides) -> Alignment:
        """The plan, and the discriminator's cross-entropy."""
        source, target = self.source(sides.source), self.target(sides.target)
        plan = cosine_plan(source, target, sides, self.temperature)
        if not len(source) or not len(target):
            return Alignment(plan, plan.new_zeros(()))
        loss = (self._surprise(source, 1.0) + self._surprise(target, -1.0)) / 2
        return Alignment(plan, loss)

    def _surprise(self, nodes: Float[Tensor, "N D"], sign: float) -> Float[Tensor, ""]:
        """The mean cross-entropy of a side's nodes."""
        logits = self.discriminator(reverse_gradient(nodes, self.strength))
        return softplus(-sign * logits.to(at_least_float32(logits.dtype))).mean()
