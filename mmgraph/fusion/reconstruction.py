"""Vectors for modalities that are missing, before any fusion."""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.fusion.base import Pooled, Present, check_modalities, map_each, stack
from mmgraph.fusion.stand_in import StandIn

__all__ = ["Reconstruction", "ReconstructionKind"]

ReconstructionKind = Literal["mean", "token", "predict"]


class Reconstruction(nn.Module):
    r"""Fills the place of every missing modality, after which all count as present.

    - "mean": with the mean of its vectors seen in training, zero before any was seen. It is the mean of all
      of them for the first :math:`1 / \mathrm{momentum}` batches of equal size, and then a moving one, as the
      vectors of an encoder that learns grow old;
    - "token": with a learned vector of its own;
    - "predict": with what a network predicts from the present ones, :math:`\hat h_m = W_m \mathrm{GELU}(V x)
      + w_m`, x being all modalities side by side, with a learned vector for each that is missing. Cross-modal
      prediction is that of Zhao et al., "Missing Modality Imagination Network for Emotion Recognition with
      Uncertain Missing Modalities", ACL 2021, whose network is a cascade of autoencoders with a cycle back;
      here it is one hidden layer, without a cycle.

    Args:
        modalities: their names; the order of the dicts that come does not matter.
        dim: width of each.
        kind: "mean", "token" or "predict".
        hidden: width of the hidden layer of "predict"; twice `dim` if None.
        momentum: of "mean", the least weight of a batch that has the modality, 0..1; 0 is the mean of all.

    Shape:
        dict of `[B, dim]`, dict of present `[B]` -> the same, in the order of `modalities`; all present.

    Raises:
        InputError: no modalities, an unknown kind, or a momentum out of range; or what comes has other
            modalities, another width, or a sample with none.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        kind: ReconstructionKind = "mean",
        hidden: int | None = None,
        momentum: float = 0.01,
    ) -> None:
        super().__init__()
        self.modalities = check_modalities("Reconstruction", modalities)
        if kind not in get_args(ReconstructionKind):
            raise InputError(f"Reconstruction(kind={kind!r}): expected one of {get_args(ReconstructionKind)}")
        if not 0 <= momentum <= 1:
            raise InputError(f"Reconstruction(momentum={momentum}): expected 0 to 1")
        self.dim = dim
        self.kind = kind
        self.guess = _guess(kind, len(self.modalities), dim, 2 * dim if hidden is None else hidden, momentum)

    def forward(self, pooled: Pooled, present: Present) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The vectors with every place filled, and presence, true everywhere."""
        rows, here = stack("Reconstruction", self.modalities, self.dim, pooled, present)
        if self.training and isinstance(self.guess, _RunningMean):
            self.guess.observe(rows, here)
        filled = torch.where(here[..., None], rows, self.guess(rows, here))
        return self._named(filled), self._named(torch.ones_like(here))

    def loss(self, pooled: Pooled, present: Present) -> Float[Tensor, ""]:
        """How far each present modality is from what would fill its place, were it missing.

        The mean over (sample, modality), of which the sample has the modality and another one to tell it
        from, of the mean squared difference; 0 where there is no such pair. The vector that is missed gets no
        gradient, what it is predicted from does. For "mean" it has no gradient at all.
        """
        rows, here = stack("Reconstruction", self.modalities, self.dim, pooled, present)
        known = here & (here.sum(1, keepdim=True) > 1)
        error = (self.guess(rows, here) - rows.detach()).square().mean(-1)
        return (error * known).sum() / known.sum().clamp(min=1)

    def extra_repr(self) -> str:
        """The kind."""
        return f"kind={self.kind!r}"

    def _named(self, values: Tensor) -> dict[str, Tensor]:
        return dict(zip(self.modalities, values.unbind(1), strict=True))


def _guess(kind: ReconstructionKind, count: int, dim: int, hidden: int, momentum: float) -> nn.Module:
    """What takes `[B, M, D]` and which are there, and guesses each from the others, `[B, M, D]`."""
    if kind == "mean":
        return _RunningMean(count, dim, momentum)
    return _Token(count, dim) if kind == "token" else _Prediction(count, dim, hidden)


class _RunningMean(nn.Module):
    mean: Tensor
    seen: Tensor

    def __init__(self, count: int, dim: int, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(count, dim))
        self.register_buffer("seen", torch.zeros(count, dtype=torch.long))

    def forward(self, rows: Float[Tensor, "B M D"], here: Bool[Tensor, "B M"]) -> Float[Tensor, "B M D"]:
        return self.mean.to(rows.dtype).expand_as(rows)

    @torch.no_grad()
    def observe(self, rows: Float[Tensor, "B M D"], here: Bool[Tensor, "B M"]) -> None:
        """Move the mean towards that of the batch, which counts by its size, but no less than momentum."""
        count = here.sum(0)
        self.seen += count
        share = (count / self.seen.clamp(min=1)).clamp(min=self.momentum) * (count > 0)
        mean = rows.sum(0) / count.clamp(min=1)[:, None]
        self.mean.lerp_(mean.to(self.mean.dtype), share.to(self.mean.dtype)[:, None])


class _Token(nn.Module):
    def __init__(self, count: int, dim: int) -> None:
        super().__init__()
        self.vector = nn.Parameter(torch.zeros(count, dim))

    def forward(self, rows: Float[Tensor, "B M D"], here: Bool[Tensor, "B M"]) -> Float[Tensor, "B M D"]:
        return self.vector.expand_as(rows)


class _Prediction(nn.Module):
    def __init__(self, count: int, dim: int, hidden: int) -> None:
        super().__init__()
        self.stand_in = StandIn(count, dim)
        self.trunk = nn.Sequential(nn.Linear(count * dim, hidden), nn.GELU())
        self.heads = nn.ModuleList([nn.Linear(hidden, dim) for _ in range(count)])

    def forward(self, rows: Float[Tensor, "B M D"], here: Bool[Tensor, "B M"]) -> Float[Tensor, "B M D"]:
        itself = torch.eye(here.shape[1], dtype=torch.bool, device=here.device)
        others = self.stand_in(rows[:, None], here[:, None] & ~itself)
        return map_each(self.heads, self.trunk(others.flatten(2)))
