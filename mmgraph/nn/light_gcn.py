"""LightGCN: what is left of graph convolution for recommendation, propagation and nothing else."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.nn.convolution import relation_between
from mmgraph.ops.blocks import Blocks
from mmgraph.ops.csr import Csr, csr
from mmgraph.ops.light_propagation import LightGraph, light_graph, light_propagation
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.relation import Relation

__all__ = ["LightGCN"]


class LightGCN(nn.Module):
    r"""Weighted sum of the layers of normalised propagation between two node types, without any parameter.

    For users u and items i, with :math:`x^{(0)}` their embeddings:

    .. math::
        x_u^{(k+1)} = \sum_{i \in N(u)} \frac{x_i^{(k)}}{\sqrt{|N(u)||N(i)|}}, \qquad
        x_i^{(k+1)} = \sum_{u \in N(i)} \frac{x_u^{(k)}}{\sqrt{|N(i)||N(u)|}}, \qquad
        h = \sum_{k=0}^{K} a_k x^{(k)}

    He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation", SIGIR 2020,
    arXiv 2002.02126. Each interaction is given once, in either direction, and propagates in both. No layer's
    result is kept, in the forward pass or for the backward pass.

    Args:
        layers: how many propagations, K.
        weights: :math:`a_0` to :math:`a_K`; the paper's :math:`1 / (K + 1)` each if None.

    Shape:
        `([U, D], [I, D])` and the interactions between them -> `([U, D], [I, D])`; a node without
        interactions is left with :math:`a_0` times itself.

    Raises:
        InputError: there are not `layers + 1` weights.
    """

    def __init__(self, layers: int = 3, weights: Sequence[float] | None = None) -> None:
        super().__init__()
        if layers < 0 or (weights is not None and len(weights) != layers + 1):
            raise InputError(
                f"LightGCN(layers={layers}, weights={weights}): give a weight for the embeddings and one for "
                "each layer"
            )
        self.weights = tuple([1 / (layers + 1)] * (layers + 1) if weights is None else weights)

    def forward(
        self, x: tuple[Tensor, Tensor], relation: LightGraph | Relation | Int[Tensor, "2 E"]
    ) -> tuple[Float[Tensor, "U D"], Float[Tensor, "I D"]]:
        """New users and items.

        Args:
            x: the rows of the relation's source nodes, and of its target nodes.
            relation: the interactions: sorted and normalised once and for all (`light_graph`), sorted (a
                `Relation`), or PyG's edge_index, which is sorted again in every call.
        """
        return light_propagation(_normalised(x, relation), *x, self.weights)

    def extra_repr(self) -> str:
        """The weights of the layers."""
        return f"weights={self.weights}"


def _normalised(x: tuple[Tensor, Tensor], relation: LightGraph | Relation | Tensor) -> LightGraph:
    if isinstance(relation, LightGraph):
        return relation
    planned = relation_between(x, relation)[0]
    entries = _listed(planned) if planned.csr is None else planned.csr
    return light_graph(entries, dtype=at_least_float32(x[0].dtype))


def _listed(relation: Relation) -> Csr:
    """The edges of a relation that holds a grid only."""
    assert relation.source is not None
    assert relation.target is not None
    sources, targets = relation.ends()
    ends = [_rows(relation.source, sources), _rows(relation.target, targets)]
    return csr(torch.stack(ends), relation.num_sources, relation.num_targets)


def _rows(blocks: Blocks, slots: Tensor) -> Tensor:
    """The row that lies in each of these slots."""
    rows = torch.arange(len(blocks.slot), device=slots.device)
    return blocks.pad(rows).flatten().index_select(0, slots)
