"""Fusion by a product of Gaussians."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.fusion.base import Pooled, Present, check_modalities, map_each, stack
from mmgraph.ops.masked import masked_softmax

__all__ = ["ProductOfExpertsFusion"]


class ProductOfExpertsFusion(nn.Module):
    r"""Each modality is a Gaussian guess of one hidden vector, and so is a prior; the mean of their product.

    Of the present modalities P, per channel, with precisions :math:`\tau_m = \exp(-s_m)`:

    .. math::
        \mu_m = A_m h_m + a_m, \quad s_m = B_m h_m + b_m, \quad
        c = \frac{\sum_{m \in P} \tau_m \mu_m}{1 + \sum_{m \in P} \tau_m}, \quad
        \mathrm{var} = \frac{1}{1 + \sum_{m \in P} \tau_m}

    Wu and Goodman, "Multimodal Generative Models for Scalable Weakly-Supervised Learning" (MVAE), NeurIPS
    2018, arXiv 1802.05335: the product of the experts and a prior of mean 0 and variance 1. Here without the
    autoencoder around it. The shares :math:`\tau_m / (1 + \sum \tau)` are a softmax of :math:`-s_m` and 0, so
    no precision overflows.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> `[B, dim]`.

    Raises:
        InputError: no modalities; or what comes has others, another width, or a sample with none.
    """

    def __init__(self, modalities: Sequence[str], dim: int) -> None:
        super().__init__()
        self.modalities = check_modalities("ProductOfExpertsFusion", modalities)
        self.dim = dim
        self.mean = nn.ModuleList([nn.Linear(dim, dim) for _ in self.modalities])
        self.log_variance = nn.ModuleList([nn.Linear(dim, dim) for _ in self.modalities])

    def forward(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The mean for each sample."""
        return self.moments(pooled, present)[0]

    def moments(self, pooled: Pooled, present: Present) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B D"]]:
        """The mean and the variance for each sample, per channel; no variance is above the prior's, 1."""
        rows, here = stack("ProductOfExpertsFusion", self.modalities, self.dim, pooled, present)
        log_precision = -map_each(self.log_variance, rows)
        of_prior = torch.zeros_like(log_precision[:, :1])
        taking_part = torch.cat([torch.ones_like(here[:, :1]), here], dim=1)
        share = masked_softmax(torch.cat([of_prior, log_precision], dim=1), taking_part[..., None], dim=1)
        # The prior's precision is 1, so its share is the variance.
        return (share[:, 1:] * map_each(self.mean, rows)).sum(1), share[:, 0]
