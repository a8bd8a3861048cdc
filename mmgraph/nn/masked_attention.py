"""Scaled dot-product attention over the pairs that a mask allows: the part of a layer that can be watched."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.ops.masked import masked_softmax

__all__ = ["MaskedAttention"]


class MaskedAttention(nn.Module):
    r"""What each node takes from those that it sees, for each head.

    .. math::
        a_{ij} = \mathrm{softmax}_{j \text{ visible from } i} \left( \frac{q_i^\top k_j}{\sqrt K} + b_{ij}
        \right), \qquad y_i = \sum_j a_{ij} v_j

    Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv 1706.03762. It has no weights of its own.
    It is a module so that a forward hook finds queries, keys, values and the mix in every layer of a model:
    see `mmgraph.explanation.recording`.

    Args:
        places: what stands at the places of a block: "nodes" of a sample, type after type, or "clusters"
            that a model has made of them. Those who read the attention need to know.

    Shape:
        query, key, value `[B, H, L, K]`, bias `[B, H, L, L]` or None, visible `[B, L, L]` ->
        `[B, H, L, K]`; zeros in the row of a place that sees nothing.
    """

    def __init__(self, places: str = "nodes") -> None:
        super().__init__()
        self.places = places

    def forward(
        self,
        query: Float[Tensor, "B H L K"],
        key: Float[Tensor, "B H L K"],
        value: Float[Tensor, "B H L K"],
        bias: Float[Tensor, "B H L L"] | None,
        visible: Bool[Tensor, "B L L"],
    ) -> Float[Tensor, "B H L K"]:
        """The mix of the values that each place sees, in the fused kernel that suits the device."""
        hidden = ~visible[:, None]
        if bias is None:
            bias = torch.zeros_like(hidden, dtype=query.dtype)
        mask = bias.masked_fill(hidden, torch.finfo(bias.dtype).min)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return mixed * visible.any(-1)[:, None, :, None]

    def weights(
        self,
        query: Float[Tensor, "B H L K"],
        key: Float[Tensor, "B H L K"],
        bias: Float[Tensor, "B H L L"] | None,
        visible: Bool[Tensor, "B L L"],
    ) -> Float[Tensor, "B H L L"]:
        """The weights `a` that `forward` uses: a row sums to one, or to zero where it sees nothing."""
        logits = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        return masked_softmax(logits if bias is None else logits + bias, visible[:, None])

    def extra_repr(self) -> str:
        """What stands at its places."""
        return f"places={self.places!r}"
