"""Whether two modalities are of one sample: a network that sees both at once."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

__all__ = ["MatchHead"]


class MatchHead(nn.Module):
    r"""Judges a pair from both vectors and their product, :math:`f([a, b, a \odot b])`.

    Its loss is the binary cross-entropy over three pairs of each sample that has both sides: its own, its
    source with another sample's target, and another sample's source with its target. The others are drawn
    from the batch in proportion to :math:`e^{l_{bc}}`, so that the hard ones come most often.

    Li et al., "Align before Fuse: Vision and Language Representation Learning with Momentum Distillation",
    NeurIPS 2021, arXiv 2107.07651. There a transformer reads both sides; here it is one vector of each.

    Args:
        dim: width of each side's vectors.
        dropout: probability, 0..1.

    Shape:
        `[..., dim]`, `[..., dim]` -> logits `[...]`.
    """

    def __init__(self, dim: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.classify = nn.Sequential(
            nn.LayerNorm(3 * dim),
            nn.Linear(3 * dim, 2 * dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * dim, 1),
        )

    def forward(self, source: Float[Tensor, "*N D"], target: Float[Tensor, "*N D"]) -> Float[Tensor, "*N"]:
        """The logit of each pair being one sample's."""
        return self.classify(torch.cat([source, target, source * target], dim=-1))[..., 0]

    def loss(
        self,
        source: Float[Tensor, "B D"],
        target: Float[Tensor, "B D"],
        logits: Float[Tensor, "B B"],
        present: Bool[Tensor, " B"],
        negatives: Bool[Tensor, "B B"],
    ) -> Float[Tensor, ""]:
        """The binary cross-entropy, averaged over the pairs; 0, with zero gradients, where there is none.

        Args:
            source: of each sample.
            target: of each sample.
            logits: how alike each source (rows) and target (columns) are; no gradient goes there.
            present: which samples have both.
            negatives: which samples may be each other's negatives; the diagonal is not read.
        """
        own = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
        allowed = present[:, None] & present & negatives & ~own
        if not len(logits):
            return self(source, target).sum()
        other_target = draw_negatives(logits.detach(), allowed)
        other_source = draw_negatives(logits.detach().T, allowed.T)
        said = self(
            torch.stack([source, source, source[other_source]]),
            torch.stack([target, target[other_target], target]),
        )
        counts = torch.stack([present, allowed.any(1), allowed.any(0)])
        right = torch.zeros_like(said)
        right[0] = 1.0
        lost = nn.functional.binary_cross_entropy_with_logits(said, right, reduction="none")
        return lost.masked_fill(~counts, 0.0).sum() / counts.sum().clamp(min=1)


def draw_negatives(logits: Float[Tensor, "B C"], allowed: Bool[Tensor, "B C"]) -> Int[Tensor, " B"]:
    """For each row one of its allowed columns, with the probability of the softmax over them.

    By the Gumbel trick, so that nothing waits for the device; a row without an allowed column gives 0.
    """
    noise = -torch.empty_like(logits).exponential_().log()
    return (logits + noise).masked_fill(~allowed, -torch.inf).argmax(1)
