"""Alignment in a space in which both sides have one covariance."""

from torch import nn

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.similarity import cosine_plan, require_positive
from mmgraph.ops.coral import coral_distance

__all__ = ["CORALAligner"]


class CORALAligner(nn.Module):
    r"""Cosines of projected nodes; the loss is the distance between the covariances of the sides' nodes.

    .. math::
        L = \frac{1}{4 D^2} \lVert \mathrm{cov}(W_s x) - \mathrm{cov}(W_t y) \rVert_F^2, \qquad
        P_{ij} = \mathrm{softmax}_j \cos(W_s x_i, W_t y_j) / \tau

    Sun and Saenko, "Deep CORAL: Correlation Alignment for Deep Domain Adaptation", ECCV 2016 workshops, arXiv
    1607.01719; their two domains are the two sides here. It says nothing of which node belongs to which: that
    has to come from what is learned through the plan.

    Args:
        dim: width of the nodes.
        temperature: :math:`\tau`, above 0.

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`, loss scalar: 0 where a side has fewer than two nodes in
        the batch.

    Raises:
        InputError: the temperature is not above 0.
    """

    def __init__(self, dim: int, temperature: float = 0.1) -> None:
        super().__init__()
        require_positive("CORALAligner", temperature=temperature)
        self.temperature = temperature
        self.source = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)

    def forward(self, sides: Sides) -> Alignment:
        """The plan, and how far the covariances differ."""
        source, target = self.source(sides.source), self.target(sides.target)
        plan = cosine_plan(source, target, sides, self.temperature)
        return Alignment(plan, coral_distance(source, target))
