"""Our layers beside PyG's with the same weights: outputs and the gradients of inputs, weights and edges."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tests.nn.relations import Case

EXACT = {torch.float64: 1e-10, torch.float32: 1e-5}

Layer = Callable[[Tensor | tuple[Tensor, Tensor], Tensor, Tensor | None], Tensor]


def moved(module: nn.Module) -> nn.Module:
    """The module with random parameters, biases too."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter) / max(parameter.shape[-1], 1) ** 0.5)
    return module


def assert_same(
    ours: nn.Module,
    theirs: nn.Module,
    case: Case,
    widths: tuple[int, int],
    edge_attr: Tensor | None = None,
    within: bool = False,
    dtype: torch.dtype = torch.float64,
) -> None:
    """Ours on the case's layout is theirs on its edge index, gradients included.

    Args:
        ours: our layer.
        theirs: PyG's, whose weights ours takes over.
        case: the relation.
        widths: of source and target nodes.
        edge_attr: of the edges.
        within: whether source and target are one tensor.
        dtype: of everything.
    """
    moved(theirs).to(dtype)
    ours.to(dtype).load_state_dict(theirs.state_dict())
    edge_attr = edge_attr.to(dtype) if edge_attr is not None and edge_attr.is_floating_point() else edge_attr
    x = case.x(*widths, dtype)
    given = x[0] if within else x
    inputs = list(x[:1] if within else x)
    attributes = () if edge_attr is None else (edge_attr,)
    if edge_attr is not None and edge_attr.is_floating_point():
        inputs.append(edge_attr.requires_grad_())
    got, expected = ours(given, case.relation, *attributes), theirs(given, case.edge_index, *attributes)
    names = [f"input {number}" for number in range(len(inputs))]
    assert_equal_gradients(got, expected, (inputs, inputs), (ours, theirs), names, EXACT[dtype], case.name)


def assert_equal_gradients(
    got: Tensor,
    expected: Tensor,
    inputs: tuple[list[Tensor], list[Tensor]],
    modules: tuple[nn.Module, nn.Module],
    names: list[str],
    tolerance: float,
    message: str = "",
) -> None:
    """Two results, and their gradients by inputs and by the parameters that both modules have."""
    close(got, expected, tolerance, f"{message}: output")
    by_name = [dict(module.named_parameters()) for module in modules]
    shared = [name for name in by_name[1] if name in by_name[0]]
    direction = torch.randn_like(expected)
    found = [
        torch.autograd.grad(
            result, [*own, *(parameters[name] for name in shared)], direction, allow_unused=True
        )
        for result, own, parameters in zip((got, expected), inputs, by_name, strict=True)
    ]
    for name, mine, other in zip([*names, *shared], *found, strict=True):
        mine, other = (0 * direction.sum() if g is None else g for g in (mine, other))
        close(mine, other, tolerance, f"{message}: gradient of {name}")


def close(got: Tensor, expected: Tensor, tolerance: float, message: str = "") -> None:
    """Equal to the tolerance, absolute and relative to the largest entry."""
    assert torch.isfinite(got).all(), f"{message} is not finite"
    if expected.dim():
        assert got.shape == expected.shape or not got.dim(), f"{message}: {got.shape} is not {expected.shape}"
    scale = max(1.0, float(expected.detach().abs().max()) if expected.numel() else 0.0)
    worst = float((got - expected).detach().abs().max()) if (got - expected).numel() else 0.0
    assert worst <= tolerance * scale, f"{message} differs by {worst}"


def assert_gradients(
    layer: nn.Module,
    case: Case,
    widths: tuple[int, int],
    edge_attr: Tensor | None = None,
    within: bool = False,
) -> None:
    """The layer's gradients by nodes and edges are those of differences."""
    x = case.x(*widths)
    attributes = () if edge_attr is None else (edge_attr,)
    if edge_attr is None or not edge_attr.is_floating_point():
        wanted: tuple[Tensor, ...] = ()
    else:
        wanted = (edge_attr.requires_grad_(),)

    def function(*inputs: Tensor) -> Tensor:
        given = inputs[0] if within else inputs[:2]
        return layer(given, case.relation, *(wanted and inputs[-1:]), *(() if wanted else attributes))

    assert torch.autograd.gradcheck(function, (*(x[:1] if within else x), *wanted)), case.name
