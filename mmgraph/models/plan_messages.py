"""Messages along a plan: the part of `PairAlignment` that can be watched."""

from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["PlanMessages"]


class PlanMessages(nn.Module):
    r"""What each source node receives from the targets it is matched with, :math:`\sum_j P_{ij} m_j`.

    It has no weights of its own. It is a module so that a forward hook finds shares, messages and what was
    received: see `mmgraph.explanation.recording`.

    Shape:
        shares `[B, S, T]`, messages `[B, T, D]` -> `[B, S, D]`; zeros where a share of zero is all there is.
    """

    def forward(
        self, share: Float[Tensor, "B S T"], message: Float[Tensor, "B T D"]
    ) -> Float[Tensor, "B S D"]:
        """The sums."""
        return share @ message
