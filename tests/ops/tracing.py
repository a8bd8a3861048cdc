"""Run a function on a device where nothing can be read, or compiled without a break."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import jaxtyping
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode


@contextmanager
def no_shape_checks() -> Iterator[None]:
    """Leave out the shape checks of the tests, which torch.compile cannot trace."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)


def gradients(function: Callable[..., Tensor], *arguments: Any) -> list[Tensor]:
    """The value and, of a fixed sum of it, the gradients to every argument that requires one."""
    value = function(*arguments)
    wanted = [t for t in arguments if isinstance(t, Tensor) and t.requires_grad]
    fixed = torch.linspace(-1, 2, value.numel(), dtype=torch.float64, device=value.device).view(value.shape)
    return [value, *torch.autograd.grad((value * fixed.to(value.dtype)).sum(), wanted)]


def compiled_gradients(backend: str, function: Callable[..., Tensor], *arguments: Any) -> list[Tensor]:
    """`gradients` of the function compiled as one graph."""
    torch._dynamo.reset()
    with no_shape_checks():
        return gradients(torch.compile(function, fullgraph=True, backend=backend), *arguments)


def pretended_gradients(
    device: torch.device, function: Callable[..., Tensor], *arguments: Any
) -> list[Tensor]:
    """`gradients` on a device of which any reading raises."""
    mode = FakeTensorMode()

    def fake(value: Any) -> Any:
        if isinstance(value, Tensor):
            moved = FakeTensor(mode, value.detach().to("meta"), device)
            return moved.requires_grad_() if value.requires_grad else moved
        tensors = {k: v for k, v in vars(value).items() if isinstance(v, Tensor)}
        return replace(value, **{k: fake(v) for k, v in tensors.items()})

    moved = [fake(value) for value in arguments]
    with mode:
        return gradients(function, *moved)
