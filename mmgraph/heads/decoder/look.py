"""Two ways to look at the nodes of a sample, which give the same."""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from mmgraph.heads.decoder.attend import attend, scores

__all__ = ["Absorbed", "Look", "Projected"]

Look = Callable[[Tensor], Tensor]
"""From the queries of words, `[B, H, L, K]`, to what each takes from the nodes, of the same shape."""


@dataclass(frozen=True)
class Projected:
    """Nodes as keys and values, made once: the same for all words, sequences and beams of a sample.

    Args:
        key: of each node.
        value: of each node.
        bias: 0, or the least number where there is no node.
    """

    key: Float[Tensor, "B H N K"]
    value: Float[Tensor, "B H N K"]
    bias: Float[Tensor, "B 1 1 N"]

    def __call__(self, query: Float[Tensor, "B H L K"]) -> Float[Tensor, "B H L K"]:
        """What each query takes from the values."""
        return attend(query, self.key, self.value, self.bias)

    def weights(self, query: Float[Tensor, "B H L K"]) -> Float[Tensor, "B H L N"]:
        """How much each query looks at each node."""
        return (scores(query, self.key) + self.bias).softmax(-1)


@dataclass(frozen=True)
class Absorbed:
    r"""Nodes as they are; the maps of keys and values act on the queries and on what is taken.

    .. math:: q^\top (W_k x) = (W_k^\top q)^\top x, \qquad \sum_i a_i W_v x_i = W_v \sum_i a_i x_i

    No keys and values are made, and all layers read the same nodes, which a cache holds: for one beam that is
    less work and much less memory traffic. The bias of keys adds the same to all logits of a query, and so
    nothing to its weights.

    Args:
        nodes: of each sample.
        key: the map of the keys of each head.
        value: that of the values.
        value_bias: its bias.
        bias: 0, or the least number where there is no node.
    """

    nodes: Float[Tensor, "B N D"]
    key: Float[Tensor, "H K D"]
    value: Float[Tensor, "H K D"]
    value_bias: Float[Tensor, "H 1 K"]
    bias: Float[Tensor, "B 1 1 N"]

    def __call__(self, query: Float[Tensor, "B H L K"]) -> Float[Tensor, "B H L K"]:
        """What each query takes from the values."""
        samples, heads, words, width = query.shape
        dim, rows = self.nodes.shape[-1], samples * words
        by_head = (query * width**-0.5).transpose(0, 1).reshape(heads, rows, width)
        asked = (by_head @ self.key).view(heads, samples, words, dim).transpose(0, 1)
        asked = asked.reshape(samples, heads * words, dim)
        weights = (asked @ self.nodes.transpose(1, 2) + self.bias[:, 0]).softmax(-1)
        taken = (weights @ self.nodes).view(samples, heads, words, dim).transpose(0, 1)
        mixed = self.value_bias.baddbmm(taken.reshape(heads, rows, dim), self.value.transpose(1, 2))
        return mixed.view(heads, samples, words, width).transpose(0, 1)
