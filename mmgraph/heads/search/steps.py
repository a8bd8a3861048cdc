"""What a search asks of whatever makes sequences: the next step, and nothing about captions."""

from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["Steps"]


@runtime_checkable
class Steps(Protocol):
    """Sequences of a batch, made token by token: B samples, K beams of each, V tokens.

    A search calls `start` once, then `step` and, where beams take each other's place, `reorder` in turn. The
    state is whatever `start` returns; both others change it in place.

    Attributes:
        num_samples: B.
        max_length: how many tokens a sequence has at most, END included.
        begin: the token before the first.
        end: the token that ends a sequence.
        pad: what fills a sequence after its end.
        device: where it all happens.
    """

    num_samples: int
    max_length: int
    begin: int
    end: int
    pad: int
    device: torch.device

    def start(self, beams: int) -> Any:
        """The state of `beams` empty sequences of each sample."""
        ...

    def step(self, last: Int[Tensor, "B K"], state: Any) -> Float[Tensor, "B K V"]:
        """Log-probabilities of the next token after `last`; minus infinity for one that may not come."""
        ...

    def reorder(self, parent: Int[Tensor, "B K"], state: Any) -> None:
        """Beam k of a sample goes on from what was its beam `parent[:, k]`."""
        ...
