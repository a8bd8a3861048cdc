"""Alignment by fused Gromov-Wasserstein transport: like nodes, and like neighbourhoods."""

from torch import nn

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.similarity import require_positive
from mmgraph.alignment.structure import structure
from mmgraph.errors import InputError
from mmgraph.ops.gromov import fused_gromov_wasserstein
from mmgraph.ops.sinkhorn import even_mass

__all__ = ["GromovAligner"]


class GromovAligner(nn.Module):
    r"""Even masses moved so that matched nodes are like each other and lie alike among their own.

    .. math::
        P = \arg\min_P (1 - \alpha) \sum_{ia} (1 - \cos(W_s x_i, W_t y_a)) P_{ia}
        + \alpha \sum_{ijab} (D_{ij} - E_{ab})^2 P_{ia} P_{jb}

    over plans with rows of :math:`1/S` and columns of :math:`1/T`. Vayer et al., "Optimal Transport for
    Structured Data with Application on Graphs", ICML 2019, arXiv 1805.09114, by the proximal steps of Xu et
    al., "Gromov-Wasserstein Learning for Graph Matching and Node Embedding", ICML 2019, arXiv 1901.06003; see
    `mmgraph.ops.gromov`. D and E are the sides' distances, where they have none :math:`1 - \cos` of the
    projected nodes, over their mean: ours, so that pixels can be matched with words.

    Args:
        dim: width of the nodes.
        alpha: weight of the structure, 0..1.
        eps: how near a step stays to the plan before, above 0; the distances' mean is 1.
        steps: how many steps, at least 1: more make the plan harder.
        iterations: of the Sinkhorn algorithm in each step, at least 1.

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`: each column sums to one over the number of the sample's
        targets, and each row to one over that of its sources, to within a percent or so, as far as the
        iterations have come; zero where a sample has no such source or no target at all.

    Raises:
        InputError: alpha, eps, steps or iterations out of range.
    """

    def __init__(
        self, dim: int, alpha: float = 0.5, eps: float = 0.1, steps: int = 10, iterations: int = 100
    ) -> None:
        super().__init__()
        if not 0 <= alpha <= 1:
            raise InputError(f"GromovAligner(alpha={alpha}): expected a number from 0 to 1")
        require_positive("GromovAligner", eps=eps, steps=steps, iterations=iterations)
        self.alpha, self.eps, self.steps, self.iterations = alpha, eps, steps, iterations
        self.source = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)

    def forward(self, sides: Sides) -> Alignment:
        """The plan; its loss is zero."""
        found = structure(self.source(sides.source), self.target(sides.target), sides)
        plan = fused_gromov_wasserstein(
            1 - found.cosine,
            found.source_distance,
            found.target_distance,
            even_mass(sides.source_mask, found.cosine.dtype),
            even_mass(sides.target_mask, found.cosine.dtype),
            self.alpha,
            self.eps,
            steps=self.steps,
            iterations=self.iterations,
            warn=False,
        )
        return Alignment(plan.to(sides.source.dtype), sides.source.new_zeros(()))

    def extra_repr(self) -> str:
        """What the plan depends on beside the weights."""
        return f"alpha={self.alpha}, eps={self.eps}, steps={self.steps}, iterations={self.iterations}"
