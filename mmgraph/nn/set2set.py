"""A sample's nodes read several times by attention."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.ops.blocks import Blocks
from mmgraph.ops.masked import masked_softmax

__all__ = ["Set2Set"]


class Set2Set(nn.Module):
    r"""An LSTM that looks at all nodes of a sample at every step, with a query from what it saw before.

    .. math::
        q_t = \mathrm{LSTM}(q^*_{t-1}), \qquad r_t = \sum_i \mathrm{softmax}_i(x_i^\top q_t) \, x_i, \qquad
        q^*_t = [q_t, r_t]

    Vinyals et al., "Order Matters: Sequence to sequence for sets", ICLR 2016, arXiv 1511.06391. Parameters
    are named as PyG's, whose state dict loads. Unlike PyG's, a sample without nodes gives zeros, and not what
    the LSTM says of nothing.

    Args:
        dim: width of the nodes.
        steps: how often the nodes are read.

    Shape:
        `[N, dim]` -> `[B, 2 * dim]`; zeros for a sample without nodes.

    Raises:
        InputError: there is no step.
    """

    def __init__(self, dim: int, steps: int) -> None:
        super().__init__()
        if steps < 1:
            raise InputError(f"Set2Set(steps={steps}): give at least one step")
        self.steps = steps
        gates = 4 * dim
        shapes = {
            "weight_ih_l0": (gates, 2 * dim),
            "weight_hh_l0": (gates, dim),
            "bias_ih_l0": (gates,),
            "bias_hh_l0": (gates,),
        }
        bound = dim**-0.5
        self.lstm = nn.ParameterDict(
            {name: torch.empty(shape).uniform_(-bound, bound) for name, shape in shapes.items()}
        )

    def forward(self, x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B Q"]:
        """The pooled vector of each sample."""
        block = blocks.pad(x)
        hidden = memory = block.new_zeros(len(block), block.shape[2])
        seen = torch.cat([hidden, hidden], dim=1)
        for _ in range(self.steps):
            hidden, memory = self._step(seen, hidden, memory)
            weight = masked_softmax((block @ hidden[..., None].to(block.dtype))[..., 0], blocks.mask)
            read = (weight[:, None, :].to(block.dtype) @ block)[:, 0]
            seen = torch.cat([hidden, read.to(hidden.dtype)], dim=1)
        return seen.masked_fill(~blocks.mask.any(1, keepdim=True), 0)

    def _step(
        self, seen: Float[Tensor, "B Q"], hidden: Float[Tensor, "B D"], memory: Float[Tensor, "B D"]
    ) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B D"]]:
        """One step of the LSTM, written out: torch.compile takes no nn.LSTM."""
        gates = nn.functional.linear(seen, self.lstm["weight_ih_l0"], self.lstm["bias_ih_l0"])
        gates = gates + nn.functional.linear(hidden, self.lstm["weight_hh_l0"], self.lstm["bias_hh_l0"])
        enter, forget, new, leave = gates.chunk(4, dim=1)
        memory = forget.sigmoid() * memory + enter.sigmoid() * new.tanh()
        return leave.sigmoid() * memory.tanh(), memory
