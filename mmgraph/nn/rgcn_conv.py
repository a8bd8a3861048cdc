"""Relational graph convolution: a map for each class of edges."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.nn.convolution import Maps, convolve
from mmgraph.ops.class_means import class_means
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.relation import Relation

__all__ = ["RGCNConv"]


class RGCNConv(nn.Module):
    r"""The neighbours' mean over each class of edges, mapped by that class, and a map of the node.

    .. math::
        h_i = W_0 x_i + \sum_c W_c \, \mathrm{mean}_{j \in N_c(i)} \, x_j + b

    where with bases :math:`W_c = \sum_b a_{cb} V_b`, and with blocks :math:`W_c` is block-diagonal.
    Schlichtkrull et al., "Modeling Relational Data with Graph Convolutional Networks", ESWC 2018, arXiv
    1703.06103. For the types of a heterogeneous graph, give each its convolution with `HeteroConv`; this
    layer is for the classes of edges within one type, such as where one region lies from another. All classes
    are put together in one pass and mapped in one matrix product. Parameters are named as PyG's, whose state
    dict loads.

    Args:
        in_dim: width of the nodes, or of (source, target) nodes.
        out_dim: width of the result.
        num_relations: number of classes.
        num_bases: number of bases, or None for a weight of its own for each class.
        num_blocks: number of diagonal blocks, which divides both widths; or None for whole matrices.
        root_weight: whether the node itself is mapped and added.
        bias: whether a bias is added.

    Shape:
        x `[N, in_dim]`, or `([S, in_dim], [T, in_dim])`; edge_attr int `[E]`, the class of each edge,
        0..num_relations-1 -> `[T, out_dim]`. An edge of any other class is left out, as one of no class at
        all: to look for it and raise would be to wait for the device. A target without edges gets the map of
        itself and the bias. In between there are `[T, num_relations, in_dim]` means.

    Raises:
        InputError: both bases and blocks are asked for, or blocks that do not divide the widths.
    """

    def __init__(
        self,
        in_dim: int | tuple[int, int],
        out_dim: int,
        num_relations: int,
        *,
        num_bases: int | None = None,
        num_blocks: int | None = None,
        root_weight: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        source_dim, target_dim = (in_dim, in_dim) if isinstance(in_dim, int) else in_dim
        if num_bases is not None and num_blocks is not None:
            raise InputError("RGCNConv got num_bases and num_blocks: give one of them")
        if num_blocks is not None and (source_dim % num_blocks or out_dim % num_blocks):
            raise InputError(
                f"RGCNConv(num_blocks={num_blocks}) has to divide both widths, which are {source_dim} and "
                f"{out_dim}"
            )
        self.num_relations, self.num_blocks, self.out_dim = num_relations, num_blocks, out_dim
        if num_blocks is None:
            shape = [num_relations if num_bases is None else num_bases, source_dim, out_dim]
        else:
            shape = [num_relations, num_blocks, source_dim // num_blocks, out_dim // num_blocks]
        self.weight = _glorot(*shape)
        self.comp = None if num_bases is None else _glorot(num_relations, num_bases)
        self.root = _glorot(target_dim, out_dim) if root_weight else None
        self.bias = nn.Parameter(torch.zeros(out_dim)) if bias else None

    def forward(
        self,
        x: Tensor | tuple[Tensor, Tensor],
        relation: Relation | Int[Tensor, "2 E"],
        edge_attr: Int[Tensor, " E"] | None = None,
    ) -> Float[Tensor, "T P"]:
        """New target nodes."""
        return convolve(self, x, relation, edge_attr)

    def maps(self) -> Maps:
        """Nothing before the edges; the root and the bias after."""
        return Maps(root=(None if self.root is None else self.root.T, self.bias))

    def mix(self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None) -> Nodes:
        """The means over each class, mapped and summed."""
        if edge_attr is None or edge_attr.dim() != 1 or edge_attr.is_floating_point():
            came = "none" if edge_attr is None else f"{edge_attr.dtype} {list(edge_attr.shape)}"
            raise InputError(f"RGCNConv wants edge_attr [E], the class of each edge as int, and got {came}")
        means = class_means(relation, source, edge_attr, self.num_relations)
        return means.map(self._mapped)

    def _mapped(self, means: Float[Tensor, "*N P"]) -> Float[Tensor, "*N Q"]:
        """Means of all classes, side by side, under the classes' weights."""
        weight: Tensor = self.weight
        if self.comp is not None:
            weight = torch.einsum("cb,bdp->cdp", self.comp, weight)
        if self.num_blocks is None:
            return means @ weight.flatten(0, 1)
        parts = means.unflatten(-1, weight.shape[:3])
        return torch.einsum("...cbd,cbdp->...bp", parts, weight).flatten(-2)


def _glorot(*shape: int) -> nn.Parameter:
    """Uniform with the widths of the last two dimensions, as PyG's."""
    bound = (6 / (shape[-2] + shape[-1])) ** 0.5
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
