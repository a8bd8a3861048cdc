"""Graph isomorphism network whose edges have features."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.nn.convolution import Maps, convolve
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.rectified import rectified_sum
from mmgraph.ops.relation import Relation

__all__ = ["GINEConv"]


class GINEConv(nn.Module):
    r"""GIN whose messages are cut off at zero after the edge has spoken.

    .. math::
        h_i = f \left( (1 + \epsilon) x_i + \sum_j \mathrm{ReLU}(x_j + W_e e_{ij} + b_e) \right)

    Hu et al., "Strategies for Pre-training Graph Neural Networks", ICLR 2020, arXiv 1905.12265. Messages are
    made block by block and never all held. Parameters are named as PyG's, whose state dict loads. Its
    gradient cannot be differentiated again.

    Args:
        network: f, from rows `[T, dim]` to rows `[T, P]`.
        dim: width of the nodes.
        edge_dim: width of edge features; None for features of the nodes' width, which are added as they are.
        eps: where :math:`\epsilon` starts.
        train_eps: whether :math:`\epsilon` is learnt.

    Shape:
        x `[N, dim]`, or `([S, dim], [T, dim])`; edge_attr `[E, edge_dim]` -> `[T, P]`. A target without edges
        gets the network on itself alone.
    """

    def __init__(
        self,
        network: nn.Module,
        dim: int,
        edge_dim: int | None = None,
        *,
        eps: float = 0.0,
        train_eps: bool = False,
    ) -> None:
        super().__init__()
        self.nn = network
        self.edge_dim = dim if edge_dim is None else edge_dim
        self.lin = None if edge_dim is None else nn.Linear(edge_dim, dim)
        self.eps: Tensor
        if train_eps:
            self.eps = nn.Parameter(torch.full((1,), float(eps)))
        else:
            self.register_buffer("eps", torch.full((1,), float(eps)))

    def forward(
        self,
        x: Tensor | tuple[Tensor, Tensor],
        relation: Relation | Int[Tensor, "2 E"],
        edge_attr: Float[Tensor, "E F"] | None = None,
    ) -> Float[Tensor, "T P"]:
        """New target nodes."""
        return convolve(self, x, relation, edge_attr)

    def maps(self) -> Maps:
        """None: the network comes after the sum."""
        return Maps()

    def mix(self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None) -> Nodes:
        """The network on the sums."""
        wanted = f"GINEConv wants edge_attr [E, {self.edge_dim}] of floats"
        if edge_attr is None:
            raise InputError(f"{wanted}, and got none: use GINConv for edges without features")
        if edge_attr.dim() != 2 or edge_attr.shape[1] != self.edge_dim or not edge_attr.is_floating_point():
            raise InputError(f"{wanted}, and got {edge_attr.dtype} {list(edge_attr.shape)}")
        affine = (None, None) if self.lin is None else (self.lin.weight, self.lin.bias)
        received = rectified_sum(relation, source, edge_attr, *affine)
        whole = received + target.map(lambda values: (1 + self.eps) * values)
        return Nodes(self.nn(whole.flat), blocks=relation.target)
