"""What the attention, plans and pools of a model did in one run, read by forward hooks."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Pair
from mmgraph.graph import NodeType
from mmgraph.models import PairAlignment
from mmgraph.nn import AttentionPool, RelationalAttention
from mmgraph.nn.masked_attention import MaskedAttention
from mmgraph.ops.blocks import Blocks
from mmgraph.ops.precision import at_least_float32

__all__ = ["AttentionRun", "PlanRun", "PoolRun", "Recording", "recorded"]


@dataclass(frozen=True)
class AttentionRun:
    """One run of a `MaskedAttention`.

    Args:
        module: which.
        types: the node types that stand end to end in a sample, where its layer knew them; None otherwise.
        query, key, value: of every place.
        bias: what edges add; None for nothing.
        visible: which place (third dimension) each place (second) sees.
        output: the mix, in the graph of the gradient.
    """

    module: MaskedAttention
    types: tuple[NodeType, ...] | None
    query: Float[Tensor, "B H L K"]
    key: Float[Tensor, "B H L K"]
    value: Float[Tensor, "B H L K"]
    bias: Float[Tensor, "B H L L"] | None
    visible: Bool[Tensor, "B L L"]
    output: Float[Tensor, "B H L K"]

    def weights(self) -> Float[Tensor, "B H L L"]:
        """The weights that made the mix, in float32 at least."""
        exact = at_least_float32(self.query.dtype)
        bias = None if self.bias is None else self.bias.detach().to(exact)
        query, key = self.query.detach().to(exact), self.key.detach().to(exact)
        return self.module.weights(query, key, bias, self.visible)

    def gradient(self, output: Float[Tensor, "B H L K"]) -> Float[Tensor, "B H L L"]:
        """The gradient with respect to the weights, :math:`g_i^\\top v_j`, from that of the output, g."""
        return _products(output, self.value)


@dataclass(frozen=True)
class PlanRun:
    """One step of `PairAlignment`, in which each source node receives its shares of the targets' messages.

    Args:
        pair: the (source, target) node types.
        share: how much of which target each source takes.
        message: of each target.
        output: what each source receives, in the graph of the gradient.
    """

    pair: Pair
    share: Float[Tensor, "B S T"]
    message: Float[Tensor, "B T D"]
    output: Float[Tensor, "B S D"]

    def weights(self) -> Float[Tensor, "B S T"]:
        """The shares."""
        return self.share.detach()

    def gradient(self, output: Float[Tensor, "B S D"]) -> Float[Tensor, "B S T"]:
        """The gradient with respect to the shares, from that of the output."""
        return _products(output, self.message)


@dataclass(frozen=True)
class PoolRun:
    """One run of an `AttentionPool`.

    Args:
        module: which.
        x: the nodes.
        blocks: the samples that they belong to.
        output: the pooled vectors, in the graph of the gradient.
    """

    module: AttentionPool
    x: Float[Tensor, "N D"]
    blocks: Blocks
    output: Float[Tensor, "B D"]

    @torch.no_grad()
    def weights(self) -> Float[Tensor, "B L"]:
        """How much each node counts."""
        return self.module.weights(self.x, self.blocks)

    def gradient(self, output: Float[Tensor, "B D"]) -> Float[Tensor, "B L"]:
        """The gradient with respect to the weights, from that of the output."""
        return _products(output[:, None], self.blocks.pad(self.x.detach()))[:, 0]


def _products(output: Tensor, value: Tensor) -> Tensor:
    exact = at_least_float32(value.dtype)
    return output.detach().to(exact) @ value.detach().to(exact).transpose(-1, -2)


@dataclass
class Recording:
    """What ran, in the order in which it ran."""

    attention: list[AttentionRun] = field(default_factory=list)
    plans: list[PlanRun] = field(default_factory=list)
    pools: list[PoolRun] = field(default_factory=list)


@contextmanager
def recorded(model: object) -> Iterator[Recording]:
    """Record every `MaskedAttention`, `PlanMessages` and `AttentionPool` of a model while the block runs.

    Where gradients are on, the recorded outputs have them, even in a model whose weights are frozen. The
    hooks are gone when the block ends, also by an exception; no tensor stays on a module.

    Raises:
        InputError: the model is no module, so that there is nothing to watch.
    """
    if not isinstance(model, nn.Module):
        raise InputError(
            f"recorded got a {type(model).__name__}, expected an nn.Module: its parts cannot be watched; "
            "leave_one_out and integrated_gradients work without"
        )
    recording = Recording()
    types: dict[nn.Module, tuple[NodeType, ...]] = {}
    with ExitStack() as hooks:
        for module in model.modules():
            for handle in _watch(module, recording, types):
                hooks.callback(handle.remove)
        yield recording


def _watch(
    module: nn.Module, recording: Recording, types: dict[nn.Module, tuple[NodeType, ...]]
) -> list[RemovableHandle]:
    """The hooks of one module; `types` is what the layers of attention know of their places."""

    def remember(layer: nn.Module, given: tuple[Any, ...]) -> None:
        assert isinstance(layer, RelationalAttention)
        types[layer.attention] = tuple(given[1].blocks)

    def attended(attention: nn.Module, given: tuple[Any, ...], output: Tensor) -> None:
        assert isinstance(attention, MaskedAttention)
        query, key, value, bias, visible = given
        parts = query, key, value, bias, visible, _differentiable(output)
        recording.attention.append(AttentionRun(attention, types.get(attention), *parts))

    def pooled(pool: nn.Module, given: tuple[Any, ...], output: Tensor) -> None:
        assert isinstance(pool, AttentionPool)
        x, blocks = given
        recording.pools.append(PoolRun(pool, x, blocks, _differentiable(output)))

    def received(pair: Pair) -> Callable[[nn.Module, tuple[Any, ...], Tensor], None]:
        def hook(_: nn.Module, given: tuple[Any, ...], output: Tensor) -> None:
            share, message = given
            recording.plans.append(PlanRun(pair, share, message, _differentiable(output)))

        return hook

    match module:
        case RelationalAttention():
            return [module.register_forward_pre_hook(remember)]
        case MaskedAttention():
            return [module.register_forward_hook(attended)]
        case AttentionPool():
            return [module.register_forward_hook(pooled)]
        case PairAlignment():
            parts = zip(module.receive, module.pairs, strict=True)
            return [part.register_forward_hook(received(pair)) for part, pair in parts]
    return []


def _differentiable(output: Tensor) -> Tensor:
    """The output itself; of frozen weights, as the beginning of a graph."""
    return output.requires_grad_() if torch.is_grad_enabled() else output
