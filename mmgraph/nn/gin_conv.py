"""Graph isomorphism network: a network on the sum of a node and its neighbours."""

import torch
from jaxtyping import Int
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.nn.convolution import Maps, convolve
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.propagate import propagate
from mmgraph.ops.relation import Relation

__all__ = ["GINConv"]


class GINConv(nn.Module):
    r"""A network on the sum of a node and its neighbours, :math:`h_i = f((1 + \epsilon) x_i + \sum_j x_j)`.

    Xu et al., "How Powerful are Graph Neural Networks?", ICLR 2019, arXiv 1810.00826. Parameters are named as
    PyG's, whose state dict loads.

    Args:
        network: f, from rows `[T, D]` to rows `[T, P]`.
        eps: where :math:`\epsilon` starts.
        train_eps: whether :math:`\epsilon` is learnt.

    Shape:
        x `[N, D]`, or `([S, D], [T, D])` -> `[T, P]`. A target without edges gets the
        network on itself alone.
    """

    def __init__(self, network: nn.Module, *, eps: float = 0.0, train_eps: bool = False) -> None:
        super().__init__()
        self.nn = network
        self.eps: Tensor
        if train_eps:
            self.eps = nn.Parameter(torch.full((1,), float(eps)))
        else:
            self.register_buffer("eps", torch.full((1,), float(eps)))

    def forward(self, x: Tensor | tuple[Tensor, Tensor], relation: Relation | Int[Tensor, "2 E"]) -> Tensor:
        """New target nodes."""
        return convolve(self, x, relation)

    def maps(self) -> Maps:
        """None: the network comes after the sum."""
        return Maps()

    def mix(self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None = None) -> Nodes:
        """The network on the sums."""
        if edge_attr is not None:
            raise InputError("GINConv takes no edge_attr: use GINEConv, which reads features of edges")
        whole = propagate(relation, source, "sum") + target.map(lambda values: (1 + self.eps) * values)
        return Nodes(self.nn(whole.flat), blocks=relation.target)
