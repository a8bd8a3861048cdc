"""The few best of many tokens, for each beam by itself."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["best_tokens"]

BLOCK = 64
"""Tokens of a block: of the blocks with the largest maxima, only the best few need to be sorted."""


def best_tokens(
    scores: Float[Tensor, "B K V"], count: int
) -> tuple[Float[Tensor, "B K N"], Int[Tensor, "B K N"]]:
    """The `count` highest scores of each beam, in descending order, and their tokens.

    In two levels where the vocabulary is large: the highest `count` are in the `count` blocks whose maxima
    are the highest, so no more than those are searched.

    Args:
        scores: of every token.
        count: how many; all of them if there are fewer.
    """
    tokens = scores.shape[-1]
    whole = tokens // BLOCK * BLOCK
    if whole < 4 * count * BLOCK:
        return _sorted(scores, min(count, tokens))
    blocks = scores[..., :whole].unflatten(-1, (-1, BLOCK))
    block = blocks.amax(-1).topk(count, -1, sorted=False).indices
    inside = blocks.gather(-2, block[..., None].expand(*block.shape, BLOCK)).flatten(-2)
    token = (block[..., None] * BLOCK + torch.arange(BLOCK, device=scores.device)).flatten(-2)
    rest = torch.arange(whole, tokens, device=scores.device).expand(*scores.shape[:-1], -1)
    candidates, token = torch.cat([inside, scores[..., whole:]], -1), torch.cat([token, rest], -1)
    best, place = _sorted(candidates, count)
    return best, token.gather(-1, place)


def _sorted(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    best = scores.topk(count, -1)
    return best.values, best.indices
