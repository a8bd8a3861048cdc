"""What a fusion takes and gives: one vector of each modality, of which some are missing, into one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.errors import InputError

__all__ = ["Fusion", "Pooled", "Present", "check_modalities", "map_each", "stack"]

Pooled = Mapping[str, Float[Tensor, "B D"]]
"""For each modality, a vector of each sample; whatever it holds where the modality is missing."""

Present = Mapping[str, Bool[Tensor, " B"]]
"""For each modality, whether a sample has it."""


@runtime_checkable
class Fusion(Protocol):
    """One vector of each sample from those of its modalities."""

    modalities: tuple[str, ...]

    def __call__(self, pooled: Pooled, present: Present) -> Float[Tensor, "B D"]:
        """The fused vector of each sample."""
        ...


def check_modalities(name: str, modalities: Sequence[str]) -> tuple[str, ...]:
    """The names of a fusion's modalities.

    Raises:
        InputError: there is none, or one twice.
    """
    if not modalities:
        raise InputError(f"{name} got no modalities: name at least one")
    if twice := {key for key in modalities if list(modalities).count(key) > 1}:
        raise InputError(f"{name} got {min(twice)!r} twice in {tuple(modalities)}: name each modality once")
    return tuple(modalities)


def map_each(maps: Iterable[nn.Module], rows: Float[Tensor, "B M D"]) -> Float[Tensor, "B M K"]:
    """Each modality's vectors through a map of its own."""
    return torch.stack([f(row) for f, row in zip(maps, rows.unbind(1), strict=True)], dim=1)


def stack(
    name: str, modalities: tuple[str, ...], dim: int, pooled: Pooled, present: Present
) -> tuple[Float[Tensor, "B M D"], Bool[Tensor, "B M"]]:
    """The modalities' vectors side by side, in the order of `modalities`, zero where one is missing.

    Args:
        name: of the fusion that asks, for messages.
        modalities: what it was made for.
        dim: the width it was made for.
        pooled: a vector of each sample for each modality.
        present: whether the sample has it.

    Raises:
        InputError: a modality that the fusion was not made for, or one that has no entry, or vectors of
            another width, or a sample that has none of the modalities. That last one is seen on the CPU only:
            on another device it would have to wait, and what becomes of such a sample is finite and no more.
    """
    for given, what in ((pooled, "vectors"), (present, "presence")):
        if wrong := set(modalities) ^ given.keys():
            missing = "is not there; an absent modality still has a row, with present False"
            unknown = "is unknown to it: make the fusion with all modalities"
            raise InputError(
                f"{name} was made for {modalities} and got {what} of {sorted(given)}: {min(wrong)!r} "
                + (missing if min(wrong) in modalities else unknown)
            )
    for key in modalities:
        if pooled[key].shape[-1] != dim:
            raise InputError(
                f"{name} was made for vectors of width {dim} and got {list(pooled[key].shape)} of {key!r}"
            )
    here = torch.stack([present[key] for key in modalities], dim=1)
    check_some_present(name, here)
    # Absent values are replaced before anything reads them: 0 * NaN would be NaN.
    rows = [pooled[key].masked_fill(~present[key][:, None], 0.0) for key in modalities]
    return torch.stack(rows, dim=1), here


def check_some_present(name: str, here: Bool[Tensor, "B M"]) -> None:
    """Every sample has a modality.

    Raises:
        InputError: a sample, on the CPU, that has none.
    """
    if here.device.type != "cpu" or torch.compiler.is_compiling():
        return
    empty = ~here.any(1)
    if bool(empty.any()):
        numbers = empty.nonzero()[:, 0].tolist()
        raise InputError(
            f"{name}: sample {numbers[0]} of the batch has no modality at all"
            + (f" ({len(numbers)} samples have none)" if len(numbers) > 1 else "")
            + ": leave such samples out"
        )
