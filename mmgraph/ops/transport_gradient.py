"""The gradient of a transport plan, from the plan alone."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmgraph.ops.precision import at_least_float32

__all__ = ["attach_gradient"]


def attach_gradient(
    plan: Float[Tensor, "B S T"],
    cost: Float[Tensor, "B S T"],
    source_mass: Float[Tensor, "B S"],
    target_mass: Float[Tensor, "B T"],
    eps: float,
    damping: float = 0.0,
) -> Float[Tensor, "B S T"]:
    r"""The same plan, with the gradients that a converged one has to its cost and masses.

    A plan is :math:`P = e^{f + g - C / \varepsilon}` with its potentials tied to its sums. Deriving that tie,
    :math:`P 1 = a` and :math:`P^\top 1 = b`, gives for a gradient G of the plan and :math:`W = P \odot G`

    .. math:: \begin{pmatrix} \mathrm{diag}(P 1) & P \\ P^\top & \mathrm{diag}(P^\top 1) \end{pmatrix}
        \begin{pmatrix} x \\ y \end{pmatrix} = \begin{pmatrix} W 1 \\ W^\top 1 \end{pmatrix}, \quad
        \nabla_C = (P \odot (x \oplus y) - W) / \varepsilon, \; \nabla_a = x, \; \nabla_b = y

    From Luise et al., "Differential Properties of Sinkhorn Approximation for Learning with Wasserstein
    Distance", NeurIPS 2018, arXiv 1805.11897, and Eisenberger et al., "A Unified Framework for Implicit
    Sinkhorn Differentiation", CVPR 2022, arXiv 2205.06688. Ours solves for the shorter side alone, as a graph
    Laplacian, whose diagonal is a sum and not a difference, with a ridge of a few roundings. The pair x, y is
    known up to a constant, and at a small eps, where the plan falls apart into parts that are joined by next
    to nothing, up to nearly one for each part; the ridge chooses one, which the gradient of the cost does not
    show. For the masses it is chosen as it comes out of iterations that end with those of the targets.

    With masses kept by a price, :math:`\log P 1 = (1 + d) \log a - d f`, the diagonal is multiplied by
    1 + d, and so are the gradients of the masses.

    Args:
        plan: a plan, which gets no gradient itself.
        cost: what it was made from.
        source_mass: what its rows were to sum to; a node without mass gets no gradient.
        target_mass: what its columns were to sum to.
        eps: weight of the entropy.
        damping: d, eps over the price at which the masses are kept; 0 where they are kept exactly.

    Shape:
        `[B, S, T]` -> the same. The gradient can not be derived again.
    """
    if not torch.is_grad_enabled():
        return plan
    return _Attached.apply(plan, cost, source_mass, target_mass, eps, damping)


class _Attached(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, plan: Tensor, cost: Tensor, source: Tensor, target: Tensor, eps: float, damping: float
    ) -> Tensor:
        ctx.save_for_backward(plan, source, target)
        ctx.eps, ctx.damping, ctx.dtype = eps, damping, cost.dtype
        return plan.view_as(plan)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        plan, source, target = ctx.saved_tensors
        dtype = at_least_float32(plan.dtype)
        wide = plan.to(dtype)
        weighted = wide * gradient
        rows, columns = wide.sum(2), wide.sum(1)
        x, y = _adjoint(wide, weighted, rows, columns, ctx.damping)
        to_cost = (x[:, :, None] + y[:, None, :]).mul_(wide).sub_(weighted).div_(ctx.eps)
        if not any(ctx.needs_input_grad[2:4]):
            return None, to_cost.to(ctx.dtype), None, None, None, None
        if not ctx.damping:
            shift = (x * rows).sum(1, keepdim=True) / _above_zero(rows.sum(1, keepdim=True))
            x, y = x - shift, y + shift
        kept = 1 + ctx.damping
        to_masses = _per_mass(kept * x * rows, source), _per_mass(kept * y * columns, target)
        return None, to_cost.to(ctx.dtype), *to_masses, None, None


def _adjoint(
    plan: Tensor, weighted: Tensor, rows: Tensor, columns: Tensor, damping: float
) -> tuple[Tensor, Tensor]:
    """The pair x and y, solved for whichever is shorter."""
    if plan.shape[1] < plan.shape[2]:
        swapped = plan.transpose(1, 2), weighted.transpose(1, 2)
        y, x = _adjoint(*swapped, columns, rows, damping)
        return x, y
    from_rows, from_columns = weighted.sum(2), weighted.sum(1)
    inverse = 1 / ((1 + damping) * _above_zero(rows))
    back = plan.transpose(1, 2)
    system = _laplacian(back @ (plan * -inverse[:, :, None]), columns, damping)
    right = from_columns - _times(back, inverse * from_rows)
    y = torch.linalg.solve_ex(system, right[:, :, None]).result.squeeze(2)
    return inverse * (from_rows - _times(plan, y)), y


def _laplacian(system: Tensor, columns: Tensor, damping: float) -> Tensor:
    """:math:`(1 + d) diag(c) - J`, where :math:`J 1 = c / (1 + d)`, made regular in the place of -J."""
    diagonal = system.diagonal(dim1=1, dim2=2)
    diagonal.zero_()
    ridge = 4 * torch.finfo(system.dtype).eps + damping * (2 + damping) / (1 + damping)
    diagonal.copy_(ridge * columns + (columns == 0) - system.sum(2))
    return system


def _times(matrix: Tensor, vector: Tensor) -> Tensor:
    return (vector[:, None, :] @ matrix.transpose(1, 2)).squeeze(1)


def _per_mass(gradient: Tensor, mass: Tensor) -> Tensor:
    return (gradient / _above_zero(mass)).to(mass.dtype)


def _above_zero(values: Tensor) -> Tensor:
    return values.clamp(min=torch.finfo(values.dtype).tiny)
