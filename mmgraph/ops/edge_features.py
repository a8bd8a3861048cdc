"""Features of edges in attention: what they add to scores and messages, never written out for each edge."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.ops.relation import Relation

__all__ = ["EdgeFeatures"]


@dataclass(frozen=True)
class EdgeFeatures:
    r"""Edge vectors :math:`e_{ij} = W f_{ij}`, kept as features and map.

    A key or message `[E, H, K]` would be the largest tensor of the layer. A dot product with a query needs
    only :math:`q_i^\top W f_{ij} = (W^\top q_i)^\top f_{ij}`, and a sum of messages only
    :math:`\sum_j a_{ij} W f_{ij} = W \sum_j a_{ij} f_{ij}`.

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
        """The same for each entry of the CSR layout."""
        assert relation.csr is not None
        wanted = torch.einsum("thk,fhk->thf", query, self.weight)
        features = self.features.index_select(0, relation.csr.order)
        return torch.einsum("ehf,ef->eh", wanted.index_select(0, relation.csr.target), features)

    def sum_grid(self, relation: Relation, share: Float[Tensor, "B H T S"]) -> Float[Tensor, "B H T K"]:
        """The edge vectors that reach each target, weighted and summed."""
        received = torch.einsum("bhts,btsf->bthf", share, relation.to_grid(self.features).to(share.dtype))
        return torch.einsum("bthf,fhk->bhtk", received, self.weight)

    def sum_edges(self, relation: Relation, share: Float[Tensor, "E H"]) -> Float[Tensor, "T H K"]:
        """The same from the shares of the CSR layout."""
        assert relation.csr is not None
        features = self.features.index_select(0, relation.csr.order).to(share.dtype)
        weighted = share[:, :, None] * features[:, None, :]
        received = weighted.new_zeros(relation.num_targets, *weighted.shape[1:])
        received = received.index_add(0, relation.csr.target, weighted)
        return torch.einsum("thf,fhk->thk", received, self.weight)
