"""A sample's nodes as a few learned clusters."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.ops.blocks import Blocks

__all__ = ["SoftClusterPool"]


class SoftClusterPool(nn.Module):
    r"""Mean of the centres of learned clusters, to each of which every node belongs in part.

    .. math::
        S = \mathrm{softmax}(X W + b), \qquad Z = S^\top X, \qquad
        y = \frac{1}{C} \sum_c \frac{Z_c}{\sum_i S_{ic}}

    A cluster counts as much as any other, however many nodes belong to it. Ying et al., "Hierarchical Graph
    Representation Learning with Differentiable Pooling", NeurIPS 2018, arXiv 1806.08804, in which a graph
    network gives S; here the nodes come from one already, and a linear map is enough. `clusters` gives Z,
    `centres` the means.

    Args:
        dim: width of the nodes.
        clusters: C.

    Shape:
        `[N, dim]` -> `[B, dim]`; zeros for a sample without nodes.

    Raises:
        InputError: there is no cluster.
    """

    def __init__(self, dim: int, clusters: int) -> None:
        super().__init__()
        if clusters < 1:
            raise InputError(f"SoftClusterPool(clusters={clusters}): give at least one cluster")
        self.assign = nn.Linear(dim, clusters)

    def forward(self, x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B D"]:
        """The pooled vector of each sample."""
        return self.centres(x, blocks).mean(1)

    def centres(self, x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B C D"]:
        """The mean of each cluster's nodes, weighted likewise; zeros for a sample without nodes."""
        weight = self.weights(x, blocks)
        members = weight.sum(1).clamp(min=torch.finfo(weight.dtype).eps)
        return (_sums(weight, x, blocks) / members[..., None]).to(x.dtype)

    def clusters(self, x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B C D"]:
        """The sum of each cluster's nodes, weighted by how much they belong to it."""
        return _sums(self.weights(x, blocks), x, blocks)

    def weights(self, x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B L C"]:
        """How much each node belongs to each cluster; over the clusters it sums to one."""
        return blocks.pad(self.assign(x).softmax(-1))


def _sums(weight: Float[Tensor, "B L C"], x: Float[Tensor, "N D"], blocks: Blocks) -> Float[Tensor, "B C D"]:
    return weight.transpose(1, 2) @ blocks.pad(x).to(weight.dtype)
