"""Alignment by learned links: each source node with the few targets that a question makes relevant."""

from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.alignment.base import Alignment, Sides
from mmgraph.alignment.similarity import require_positive
from mmgraph.errors import InputError
from mmgraph.ops.top_k_softmax import top_k_softmax

__all__ = ["TopKAligner"]


class TopKAligner(nn.Module):
    r"""Products of nodes that are embedded together with a context, softmax over the k largest of each row.

    .. math::
        e_i = F_s([x_i; q]), \quad e_a = F_t([y_a; q]), \qquad
        P_{ia} = \mathrm{softmax}_{a \in \mathrm{top}_k} \left( e_i^\top e_a \right)

    with F a map of two layers, :math:`W_2 \, \mathrm{ReLU}(W_1 [x; q])` with biases. Norcliffe-Brown, Vafeias
    and Parisot, "Learning Conditioned Graph Structures for Interpretable Visual Question Answering", NeurIPS
    2018, arXiv 1806.07243: there one kind of node is linked with itself, :math:`A = E E^\top`, and the kept
    links weigh the messages of a convolution; here two kinds are, each with a map of its own, and the
    products are divided by the root of their width.

    Args:
        dim: width of the nodes.
        k: how many targets a source node keeps, at least 1; where there are fewer, it keeps them all.
        context_dim: width of the context q; None for links that no context changes.

    Shape:
        `[N, dim]`, `[M, dim]` and a context `[B, context_dim]` -> plan `[B, S, T]`: each row has k entries at
        most and sums to one, or to zero where a sample has no such source or no target at all. Sides without
        a context give the links of one that is zero.

    Raises:
        InputError: k or a width below 1; or the context has another width.
    """

    def __init__(self, dim: int, k: int = 5, context_dim: int | None = None) -> None:
        super().__init__()
        require_positive("TopKAligner", dim=dim, k=k, context_dim=1 if context_dim is None else context_dim)
        self.k, self.context_dim = k, context_dim
        self.source = _Embedding(dim, context_dim)
        self.target = _Embedding(dim, context_dim)

    def forward(self, sides: Sides) -> Alignment:
        """The plan; its loss is zero."""
        context = self._context(sides)
        rows = sides.source_blocks.pad(self.source(sides.source, sides.source_blocks.sample, context))
        columns = sides.target_blocks.pad(self.target(sides.target, sides.target_blocks.sample, context))
        logits = rows @ columns.transpose(1, 2) / rows.shape[-1] ** 0.5
        return Alignment(top_k_softmax(logits, sides.pairs, self.k), logits.new_zeros(()))

    def _context(self, sides: Sides) -> Tensor | None:
        if self.context_dim is None or sides.context is None:
            return None
        if sides.context.shape[1] != self.context_dim:
            raise InputError(
                f"TopKAligner(context_dim={self.context_dim}) got a context of width "
                f"{sides.context.shape[1]}: make the aligner with that width"
            )
        return sides.context

    def extra_repr(self) -> str:
        """How many links, and on what they depend."""
        return f"k={self.k}, context_dim={self.context_dim}"


class _Embedding(nn.Module):
    """F. The context's part of the first layer is computed once a sample."""

    def __init__(self, dim: int, context_dim: int | None) -> None:
        super().__init__()
        self.node = nn.Linear(dim, dim)
        self.context = None if context_dim is None else nn.Linear(context_dim, dim, bias=False)
        self.out = nn.Linear(dim, dim)

    def forward(
        self, nodes: Float[Tensor, "N D"], sample: Tensor, context: Tensor | None
    ) -> Float[Tensor, "N D"]:
        hidden = self.node(nodes)
        if self.context is not None and context is not None:
            hidden = hidden + self.context(context).index_select(0, sample)
        return self.out(hidden.relu())
