"""Adam that touches only the rows of a table that a step has used."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from mmgraph.errors import InputError

__all__ = ["RowAdam"]


class RowAdam(torch.optim.Optimizer):
    r"""Adam, on sparse gradients row by row, on dense ones as ever.

    For the rows r that step t has a gradient of, and no others:

    .. math::
        m_r \leftarrow \beta_1 m_r + (1 - \beta_1) g_r, \quad v_r \leftarrow \beta_2 v_r + (1 - \beta_2)
        g_r^2, \quad p_r \leftarrow p_r - \eta \frac{m_r / (1 - \beta_1^t)}{\sqrt{v_r / (1 - \beta_2^t)} +
        \epsilon}

    Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, arXiv 1412.6980. Where a step
    touches every row, this is `torch.optim.Adam`; where it does not, `torch.optim.SparseAdam`, but that
    epsilon is compared with the corrected root, as in the paper. A row that is not touched keeps its moments
    and stays where it is, while Adam would go on moving it.

    Args:
        params: tables whose gradients are sparse, `embedding(numbers, table, sparse=True)`, and other
            weights.
        lr: learning rate.
        betas: of the two moments, each from 0 to below 1.
        eps: above 0.

    Raises:
        InputError: a rate, beta or epsilon out of its range.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        if lr < 0 or eps <= 0 or not all(0 <= beta < 1 for beta in betas):
            raise InputError(
                f"RowAdam(lr={lr}, betas={betas}, eps={eps}): expected lr >= 0, 0..1 and eps > 0"
            )
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

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
                    self._move(weight, weight.grad, group)
        return loss

    def _move(self, weight: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state |= {"step": 0, "first": torch.zeros_like(weight), "second": torch.zeros_like(weight)}
        state["step"] += 1
        if not grad.is_sparse:
            root, rate = _updated(state["first"], state["second"], grad, state["step"], group)
            weight.addcdiv_(state["first"], root, value=-rate)
            return
        grad = grad.coalesce()
        rows, values = grad.indices()[0], grad.values()
        first, second = (state[name].index_select(0, rows) for name in ("first", "second"))
        root, rate = _updated(first, second, values, state["step"], group)
        weight.index_add_(0, rows, first / root, alpha=-rate)
        state["first"].index_copy_(0, rows, first)
        state["second"].index_copy_(0, rows, second)


def _updated(
    first: Tensor, second: Tensor, grad: Tensor, step: int, group: dict[str, Any]
) -> tuple[Tensor, float]:
    """Brings the moments up to date, in place; what the first is divided by, and the corrected rate."""
    low, high = group["betas"]
    first.lerp_(grad, 1 - low)
    second.mul_(high).addcmul_(grad, grad, value=1 - high)
    root = (second / (1 - high**step)).sqrt_().add_(group["eps"])
    return root, group["lr"] / (1 - low**step)
