"""Graph convolution, within one node type or between two."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.nn.convolution import Maps, convolve
from mmgraph.nn.glorot import glorot
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.normalise import inverse_root
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.propagate import propagate
from mmgraph.ops.relation import Relation

__all__ = ["GCNConv"]


class GCNConv(nn.Module):
    r"""Normalised sum of neighbours, then a linear map: :math:`H = \hat D^{-1/2} \hat A \hat D^{-1/2} X W`.

    Kipf and Welling, "Semi-Supervised Classification with Graph Convolutional Networks", ICLR 2017, arXiv
    1609.02907. Within one node type, :math:`\hat A` has self loops and :math:`\hat D` counts the edges that
    enter a node, as in PyG. Between two, :math:`D_t^{-1/2} A D_s^{-1/2} X_s W`: each end by its own degree,
    and no self loops, which would join unrelated nodes. The sum comes before the map: on a complete relation
    it is one vector a sample, and the map is almost free. A self loop that stands twice counts twice (PyG
    merges the two). Parameters are named as PyG's, whose state dict
    loads.

    Args:
        in_dim: width of the source nodes.
        out_dim: width of the result.
        add_self_loops: whether a node without a self loop gets one, within one node type.
        bias: whether a bias is added.

    Shape:
        x `[N, in_dim]`, or `([S, in_dim], [T, in_dim])`; edge_attr `[E]` weights -> `[T, out_dim]`.
        A target without edges gets its self loop and the bias, or the bias alone.
    """

    def __init__(self, in_dim: int, out_dim: int, *, add_self_loops: bool = True, bias: bool = True) -> None:
        super().__init__()
        self.add_self_loops = add_self_loops
        self.lin = glorot(in_dim, out_dim)
        self.bias = nn.Parameter(torch.zeros(out_dim)) if bias else None

    def forward(
        self,
        x: Tensor | tuple[Tensor, Tensor],
        relation: Relation | Int[Tensor, "2 E"],
        edge_attr: Float[Tensor, " E"] | None = None,
    ) -> Float[Tensor, "T P"]:
        """New target nodes."""
        return convolve(self, x, relation, edge_attr)

    def maps(self) -> Maps:
        """Nothing before the edges; the bias after."""
        return Maps(root=(None, self.bias))

    def mix(self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None) -> Nodes:
        """The normalised sums, mapped where there are fewer rows: before the sum or after it."""
        if edge_attr is not None and edge_attr.dim() != 1:
            raise InputError(
                f"GCNConv got edge_attr {list(edge_attr.shape)}: give one weight for each edge, [E]"
            )
        summed = self._within if source is target else _between
        affine = (self.lin.weight, None)
        if relation.num_sources < relation.num_targets and not relation.complete:
            return summed(relation, source.linear(affine), edge_attr)
        return summed(relation, source, edge_attr).linear(affine)

    def _within(self, relation: Relation, nodes: Nodes, weight: Tensor | None) -> Nodes:
        degree = relation.in_degree(weight).to(at_least_float32(nodes.dtype))
        if not self.add_self_loops:
            scale = degree.map(inverse_root)
            return propagate(relation, nodes, "sum", weight, scale, scale)
        missing = relation.has_loop().map(lambda loop: 1 - loop)
        scale = (degree + missing).map(inverse_root)
        summed = propagate(relation, nodes, "sum", weight, scale, scale)
        return summed if relation.complete else summed + nodes * (missing * scale * scale).to(nodes.dtype)


def _between(relation: Relation, source: Nodes, weight: Tensor | None) -> Nodes:
    degrees = relation.out_degree(weight), relation.in_degree(weight)
    scales = (degree.to(at_least_float32(source.dtype)).map(inverse_root) for degree in degrees)
    return propagate(relation, source, "sum", weight, *scales)
