"""Softmax over the largest entries of a row."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mmgraph.ops.masked import masked_softmax

__all__ = ["top_k_softmax"]


def top_k_softmax(logits: Float[Tensor, "*B T"], mask: Bool[Tensor, "*B T"], k: int) -> Float[Tensor, "*B T"]:
    """Softmax of the k largest entries of each row where `mask` is true; zero elsewhere.

    Of equal entries at the border, exactly as many are kept as there is room for; which ones is not defined.

    Args:
        logits: any batch of rows.
        mask: whether there is such an entry.
        k: how many to keep, at least 1; a row with fewer keeps them all.
    """
    filled = logits.masked_fill(~mask, torch.finfo(logits.dtype).min)
    largest = filled.detach().topk(min(k, logits.shape[-1]), dim=-1).indices
    kept = torch.zeros_like(mask).scatter(-1, largest, True) & mask
    return masked_softmax(logits, kept)
