"""What a search found."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["Found"]


@dataclass(frozen=True)
class Found:
    """The sequences of a batch, the best of each sample first.

    Args:
        ids: `[B, N, L]`, each sequence with its END, then PAD; one of L tokens may have no END.
        scores: `[B, N]`, how each was scored, descending but for samples drawn at random. A sequence that
            does not exist, as where fewer than N are possible, has minus infinity, and PAD as its ids.
    """

    ids: Int[Tensor, "B N L"]
    scores: Float[Tensor, "B N"]

    @property
    def best(self) -> Int[Tensor, "B L"]:
        """The first sequence of each sample."""
        return self.ids[:, 0]
