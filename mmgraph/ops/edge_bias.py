"""What edges add to attention: one sparse linear map from a table of learned rows to pairs of nodes."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

__all__ = ["EdgeBias"]


@dataclass(frozen=True)
class EdgeBias:
    """Entries of a sparse map: pair `place` receives `weight` times row `row` of a table.

    An edge has an entry of weight 1 for its relation or class, one for its score, and one for each of its
    float attributes. Entries of one pair add up.

    Args:
        place: the pair `(sample * L + target) * L + source` of each entry, `[E]`.
        row: its row of the table, `[E]`.
        weight: its weight, `[E]`.
        num_graphs: B.
        length: L, nodes of the longest sample.
    """

    place: Int[Tensor, " E"]
    row: Int[Tensor, " E"]
    weight: Float[Tensor, " E"]
    num_graphs: int
    length: int

    def visible(self) -> Bool[Tensor, "B L L"]:
        """Whether an edge leads to a target (second) from a source (third dimension)."""
        flat = torch.zeros(self._pairs, dtype=torch.bool, device=self.place.device)
        return flat.index_fill(0, self.place, True).view(self.num_graphs, self.length, self.length)

    def __call__(self, table: Float[Tensor, "R H"]) -> Float[Tensor, "B H L L"]:
        """The sum of each pair's entries, for each head; 0 where there is no edge."""
        values = torch.nn.functional.embedding(self.row, table) * self.weight[:, None].to(table.dtype)
        flat = table.new_zeros(self._pairs, table.shape[1]).index_add(0, self.place, values)
        return flat.view(self.num_graphs, self.length, self.length, table.shape[1]).permute(0, 3, 1, 2)

    @property
    def _pairs(self) -> int:
        return self.num_graphs * self.length * self.length
