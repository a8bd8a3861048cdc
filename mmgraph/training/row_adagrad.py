"""Adagrad with one number for each row of a table, on the rows that a step has used."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from mmgraph.errors import InputError

__all__ = ["RowAdagrad"]


class RowAdagrad(torch.optim.Optimizer):
    r"""A rate for each row, which falls with the squares of the row's gradients.

    For the rows r that a step has a gradient of, of width D:

    .. math::
        v_r \leftarrow v_r + \frac{1}{D} \lVert g_r \rVert^2, \qquad
        p_r \leftarrow p_r - \eta \frac{g_r}{\sqrt{v_r} + \epsilon}

    Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization",
    JMLR 2011, row by row as in Gupta et al., "Training Recommender Systems at Scale: Communication-Efficient
    Model and Data Parallelism", KDD 2021, arXiv 2010.08899. It keeps one float32 a row, where Adam keeps two
    numbers for each weight. On a table of width 1 it is `torch.optim.Adagrad`.

    Args:
        params: tables whose gradients are sparse, `embedding(numbers, table, sparse=True)`, and other
            weights; of these too the first axis is rows.
        lr: learning rate.
        eps: above 0.

    Raises:
        InputError: a rate or epsilon out of its range.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        lr: float = 1e-2,
        eps: float = 1e-10,
    ) -> None:
        if lr < 0 or eps <= 0:
            raise InputError(f"RowAdagrad(lr={lr}, eps={eps}): expected lr >= 0 and eps > 0")
        super().__init__(params, {"lr": lr, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every weight that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, weight.grad, group["lr"], group["eps"])
        return loss

    def _move(self, weight: Tensor, grad: Tensor, rate: float, eps: float) -> None:
        state = self.state[weight]
        if not state:
            state["sum"] = torch.zeros(weight.shape[:1], device=weight.device)
        if not grad.is_sparse:
            state["sum"] += _mean_square(grad)
            weight.sub_(grad * _scale(state["sum"], grad, rate, eps))
            return
        grad = grad.coalesce()
        rows, values = grad.indices()[0], grad.values()
        total = state["sum"].index_select(0, rows) + _mean_square(values)
        state["sum"].index_copy_(0, rows, total)
        weight.index_add_(0, rows, values * _scale(total, values, rate, eps), alpha=-1)


def _mean_square(grad: Tensor) -> Tensor:
    return grad.float().square().flatten(1).mean(1) if grad.dim() > 1 else grad.float().square()


def _scale(total: Tensor, grad: Tensor, rate: float, eps: float) -> Tensor:
    return (rate / (total.sqrt() + eps)).to(grad.dtype).view(-1, *[1] * (grad.dim() - 1))
