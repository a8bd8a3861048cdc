"""Features of edges in attention: what they add to scores and messages, never written out for each edge."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.ops.csr import Csr
from mmgraph.ops.precision import at_least_float32
from mmgraph.ops.relation import Relation
from mmgraph.ops.segment import edge_dot, segment_sum

__all__ = ["EdgeFeatures"]


@dataclass(frozen=True)
class EdgeFeatures:
    r"""Edge vectors :math:`e_{ij} = W f_{ij}`, kept as features and map.

    A key or message `[E, H, K]` would be the largest tensor of the layer. A dot product with a query needs
    only :math:`q_i^\top W f_{ij} = (W^\top q_i)^\top f_{ij}`, and a sum of messages only
    :math:`\sum_j a_{ij} W f_{ij} = W \sum_j a_{ij} f_{ij}`, with `[T, H, F]` numbers beside the features.

    Args:
        features: f of each edge, in the edges' order; the classes of edges come one-hot.
        weight: W, as `[F, H, K]`.
    """

    features: Float[Tensor, "E F"]
    weight: Float[Tensor, "F H K"]

    def dot_grid(self, relation: Relation, query: Float[Tensor, "B T H K"]) -> Float[Tensor, "B H T S"]:
        """The dot product of each query with the edge vectors that reach it."""
        wanted = torch.einsum("bthk,fhk->bthf", query, self.weight)
        return torch.einsum("bthf,btsf->bhts", wanted, relation.to_grid(self.features))

    def dot_edges(self, relation: Relation, query: Float[Tensor, "T H K"]) -> Float[Tensor, "E H"]:
        """The same for each entry of the CSR layout, in float32 at least."""
        assert relation.csr is not None
        wanted = torch.einsum("thk,fhk->thf", query, self.weight)
        exact = at_least_float32(torch.promote_types(wanted.dtype, self.features.dtype))
        leaving, features = _from_edges(relation.csr), self.features.to(exact)[:, None]
        return torch.cat([edge_dot(leaving, one, features) for one in wanted.to(exact).split(1, dim=1)], 1)

    def sum_grid(self, relation: Relation, share: Float[Tensor, "B H T S"]) -> Float[Tensor, "B H T K"]:
        """The edge vectors that reach each target, weighted and summed."""
        received = torch.einsum("bhts,btsf->bthf", share, relation.to_grid(self.features).to(share.dtype))
        return torch.einsum("bthf,fhk->bhtk", received.to(self.weight.dtype), self.weight)

    def sum_edges(self, relation: Relation, share: Float[Tensor, "E H"]) -> Float[Tensor, "T H K"]:
        """The same from the shares of the CSR layout."""
        assert relation.csr is not None
        leaving = _from_edges(relation.csr)
        features = self.features.to(at_least_float32(share.dtype))
        shares = share.T.contiguous().unbind(0)
        received = torch.stack([segment_sum(leaving, features, one) for one in shares], 1)
        return torch.einsum("thf,fhk->thk", received.to(self.weight.dtype), self.weight)


def _from_edges(csr: Csr) -> Csr:
    """The same entries, each from a source of its own: the row of its edge's features."""
    numbers = torch.arange(csr.num_edges + 1, dtype=torch.int32, device=csr.order.device)
    back = torch.empty_like(csr.order).index_copy(0, csr.order, numbers[:-1].long())
    return replace(
        csr,
        source=csr.order.int(),
        colptr=numbers,
        back=back,
        back_target=csr.target.index_select(0, back),
    )
