"""GraphSAGE: what the neighbours say together, beside what the node says itself."""

import torch
from jaxtyping import Int
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.nn.convolution import Maps, convolve
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.propagate import Reduce, propagate
from mmgraph.ops.relation import Relation

__all__ = ["SAGEConv"]


class SAGEConv(nn.Module):
    r"""A map of the neighbours' mean, sum or maximum, and another of the node.

    .. math::
        h_i = W_l \, \mathrm{mean}_j \, x_j + W_r x_i + b

    Hamilton et al., "Inductive Representation Learning on Large Graphs", NeurIPS 2017, arXiv 1706.02216. The
    mean comes before the map: on a complete relation it is one vector a sample, and the map is almost free.
    Parameters are named as PyG's, whose state dict loads.

    Args:
        in_dim: width of the nodes, or of (source, target) nodes.
        out_dim: width of the result.
        aggregate: "mean", "sum" or "max" of the neighbours.
        normalize: whether results are scaled to length one.
        project: whether sources pass a linear map and ReLU of their own first.
        root_weight: whether the node itself is mapped and added.
        bias: whether a bias is added.

    Shape:
        x `[N, in_dim]`, or `([S, in_dim], [T, in_dim])` -> `[T, out_dim]`. A target without edges gets the
        map of itself and the bias.
    """

    def __init__(
        self,
        in_dim: int | tuple[int, int],
        out_dim: int,
        *,
        aggregate: Reduce = "mean",
        normalize: bool = False,
        project: bool = False,
        root_weight: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if aggregate not in ("mean", "sum", "max"):
            raise InputError(f'SAGEConv(aggregate={aggregate!r}): take "mean", "sum" or "max"')
        source_dim, target_dim = (in_dim, in_dim) if isinstance(in_dim, int) else in_dim
        self.aggregate: Reduce = aggregate
        self.normalize = normalize
        self.lin = nn.Linear(source_dim, source_dim) if project else None
        self.lin_l = nn.Linear(source_dim, out_dim, bias=bias)
        self.lin_r = nn.Linear(target_dim, out_dim, bias=False) if root_weight else None

    def forward(self, x: Tensor | tuple[Tensor, Tensor], relation: Relation | Int[Tensor, "2 E"]) -> Tensor:
        """New target nodes."""
        return convolve(self, x, relation)

    def maps(self) -> Maps:
        """The projection of the sources, if any; the root comes after the edges unless its length counts."""
        root = None if self.lin_r is None else self.lin_r.weight
        return Maps(
            source=None if self.lin is None else (self.lin.weight, self.lin.bias),
            target=(root, None) if self.normalize and root is not None else None,
            root=(None, None) if self.normalize else (root, self.lin_l.bias),
        )

    def mix(self, relation: Relation, source: Nodes, target: Nodes, edge_attr: Tensor | None = None) -> Nodes:
        """What the neighbours say together, mapped."""
        if edge_attr is not None:
            raise InputError("SAGEConv takes no edge_attr: use a layer that reads it, such as GATv2Conv")
        if self.lin is not None:
            source = source.map(torch.relu)
        said = self._said(relation, source)
        if not self.normalize:
            return said
        whole = said if self.lin_r is None else said + target
        bias = 0 if self.lin_l.bias is None else self.lin_l.bias
        return whole.map(lambda values: nn.functional.normalize(values + bias, dim=-1))

    def _said(self, relation: Relation, source: Nodes) -> Nodes:
        """What the neighbours say, mapped where there are fewer rows: before or after."""
        affine = (self.lin_l.weight, None)
        fewer = relation.num_sources < relation.num_targets and not relation.complete
        if fewer and self.aggregate != "max":
            return propagate(relation, source.linear(affine), self.aggregate)
        return propagate(relation, source, self.aggregate).linear(affine)
