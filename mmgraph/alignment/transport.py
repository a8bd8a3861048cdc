"""Alignment by optimal transport: the cheapest way to move one side's even masses onto the other's."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.similarity import require_positive
from mmgraph.errors import InputError
from mmgraph.ops.neighbours import cosine
from mmgraph.ops.partial_transport import partial_transport
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.sinkhorn import even_mass, sinkhorn
from mmgraph.ops.unbalanced_sinkhorn import unbalanced_sinkhorn

__all__ = ["TransportAligner"]


class TransportAligner(nn.Module):
    r"""Entropic transport of even masses, at a cost of one less the cosine of projected nodes.

    .. math:: P = \arg\min_P \sum_{ij} (1 - \cos(W_s x_i, W_t y_j)) P_{ij}
        + \varepsilon \sum_{ij} P_{ij} (\log P_{ij} - 1)

    over plans with rows of :math:`1/S` and columns of :math:`1/T`: so every target is taken as much as any
    other, where a softmax may leave some out. From Cuturi, "Sinkhorn Distances: Lightspeed Computation of
    Optimal Transport", NeurIPS 2013, arXiv 1306.0895; differentiated at its fixed point as by Eisenberger et
    al., "A Unified Framework for Implicit Sinkhorn Differentiation", CVPR 2022, arXiv 2205.06688. Where not
    every node has a counterpart, `null_cost` gives each side a node for the rest, as in Sarlin et al.,
    "SuperGlue", CVPR 2020, arXiv 1911.11763, or `rho` lets the masses change, as in Chizat et al., "Scaling
    Algorithms for Unbalanced Optimal Transport Problems", Mathematics of Computation 2018, arXiv 1607.05816.

    Args:
        dim: width of the nodes.
        eps: weight of the entropy, above 0; costs are 0..2. The smaller, the harder the plan, and the more
            iterations it needs.
        iterations: of the Sinkhorn algorithm, at least 1.
        null_cost: the cost above which a pair is better left unmatched, as it is before it is learned; None
            to match every node.
        rho: how strongly the masses are kept, above 0; None to keep them. Not together with `null_cost`.
        cost_weight: weight of the transport cost :math:`\langle P, C \rangle`, a mean over the samples, in
            the training loss, at least 0. It pulls together whatever is matched, right or wrong, and alone it
            would make all nodes alike: so 0, unless other objectives keep nodes apart.

    Shape:
        `[N, dim]`, `[M, dim]` -> plan `[B, S, T]`: each row sums to one over the number of the sample's
        sources, or to less with `null_cost`, or to about that with `rho`; to zero where a sample has no such
        source or no target at all.

    Raises:
        InputError: eps, iterations, rho or cost_weight out of range, or both null_cost and rho.
    """

    def __init__(
        self,
        dim: int,
        eps: float = 0.05,
        iterations: int = 200,
        null_cost: float | None = None,
        rho: float | None = None,
        cost_weight: float = 0.0,
    ) -> None:
        super().__init__()
        require_positive("TransportAligner", eps=eps, iterations=iterations)
        if null_cost is not None and rho is not None:
            raise InputError(
                "TransportAligner got both null_cost and rho: each leaves mass unmatched; give one"
            )
        if rho is not None:
            require_positive("TransportAligner", rho=rho)
        if not cost_weight >= 0:
            raise InputError(f"TransportAligner(cost_weight={cost_weight}): expected at least 0")
        self.eps, self.iterations, self.rho, self.cost_weight = eps, iterations, rho, cost_weight
        self.source = nn.Linear(dim, dim)
        self.target = nn.Linear(dim, dim)
        self.null_cost = None if null_cost is None else nn.Parameter(self.source.weight.new_tensor(null_cost))

    def forward(self, sides: Sides) -> Alignment:
        """The plan, and the weighted cost of it."""
        exact = at_least_float32(sides.source.dtype)
        rows = sides.source_blocks.pad(self.source(sides.source).to(exact))
        columns = sides.target_blocks.pad(self.target(sides.target).to(exact))
        cost = 1 - cosine(rows, columns)
        plan = self._plan(cost, sides)
        loss = cost.new_zeros(())
        if self.cost_weight:
            loss = self.cost_weight * (plan * cost).sum() / max(len(cost), 1)
        return Alignment(plan.to(sides.source.dtype), loss.to(sides.source.dtype))

    def _plan(self, cost: Float[Tensor, "B S T"], sides: Sides) -> Float[Tensor, "B S T"]:
        masses = even_mass(sides.source_mask, cost.dtype), even_mass(sides.target_mask, cost.dtype)
        if self.null_cost is not None:
            return partial_transport(cost, *masses, self.eps, self.null_cost.to(cost.dtype), self.iterations)
        if self.rho is not None:
            return unbalanced_sinkhorn(cost, *masses, self.eps, self.rho, self.iterations)
        return sinkhorn(cost, *masses, self.eps, self.iterations)

    def extra_repr(self) -> str:
        """What the plan depends on beside the weights."""
        return f"eps={self.eps}, iterations={self.iterations}, rho={self.rho}, cost_weight={self.cost_weight}"
