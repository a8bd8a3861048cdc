"""Fusion by a feed-forward network."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.fusion.base import Pooled, Present, check_modalities, stack
from mmgraph.fusion.stand_in import StandIn

__all__ = ["FeedForwardFusion"]


class FeedForwardFusion(nn.Module):
    r"""Two layers over all modalities side by side, :math:`c = W_2 \, \mathrm{GELU}(W_1 [h_1; \dots; h_M])`.

    With biases. A missing modality is replaced by a learned vector of its own, which starts as zeros.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each.
        hidden: width between the layers; twice `dim` if None.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities; or what comes has others, another width, or a sample with none.
    """

    def __init__(self, modalities: Sequence[str], dim: int, hidden: int | None = None) -> None:
        super().__init__()
        self.modalities = check_modalities("FeedForwardFusion", modalities)
        self.dim = dim
        hidden = 2 * dim if hidden is None else hidden
        self.stand_in = StandIn(len(self.modalities), dim)
        self.layers = nn.Sequential(
            nn.Linear(len(self.modalities) * dim, hidden), nn.GELU(), nn.Linear(hidden, dim)
        )

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        rows, here = stack("FeedForwardFusion", self.modalities, self.dim, pooled, present)
        return self.layers(self.stand_in(rows, here).flatten(1))
