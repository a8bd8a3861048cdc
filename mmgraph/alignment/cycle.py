"""Alignment learned by going there and back."""

from torch import nn

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.similarity import cosine_plan, require_positive
from mmgraph.ops.cycle import cycle_loss

__all__ = ["CycleAligner"]


class CycleAligner(nn.Module):
    r"""Cosines of projected nodes; the loss asks each node to find itself again by way of the other side.

    .. math:: P_{ij} = \mathrm{softmax}_j \cos(W_s x_i, W_t y_j) / \tau

    From a source node, the plan leads to the mean of the targets that it is matched with, and from there the
    node has to be the nearest of its sample; likewise from each target by way of the sources. The loss is
    the mean of both directions (see `cycle_loss`).

    Dwibedi et al., "Temporal Cycle-Consistency Learning", CVPR 2019, arXiv 1904.07846: the frames of two
    videos are here the nodes of a sample's two sides, and squared distances are cosines. No node is told
    where it belongs; where one side has fewer nodes than the other, not all can return.

    Args:
        dim: width of the nodes.
        temperature: :math:`\tau`, above 0.

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`, loss scalar: 0 where no sample has both sides.

    Raises:
        InputError: the temperature is not above 0.
    """

    def __init__(self, dim: int, temperature: float = 0.1) -> None:
        super().__init__()
        require_positive("CycleAligner", temperature=temperature)
        self.temperature = temperature
        self.source = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)

    def forward(self, sides: Sides) -> Alignment:
        """The plan, and how badly nodes return."""
        source, target = self.source(sides.source), self.target(sides.target)
        plan = cosine_plan(source, target, sides, self.temperature)
        back = cosine_plan(target, source, _turned(sides), self.temperature)
        rows, columns = sides.source_blocks.pad(source), sides.target_blocks.pad(target)
        there = cycle_loss(plan, rows, columns, sides.pairs, self.temperature)
        other = cycle_loss(back, columns, rows, sides.pairs.transpose(1, 2), self.temperature)
        return Alignment(plan, (there + other) / 2)


def _turned(sides: Sides) -> Sides:
    return Sides(sides.target, sides.source, sides.target_blocks, sides.source_blocks)
