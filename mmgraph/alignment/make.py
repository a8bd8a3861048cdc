"""An aligner by its name, as configurations name it."""

from typing import Literal, get_args

from torch import nn

from mmgraph.alignment.attention import AttentionAligner
from mmgraph.errors import InputError

__all__ = ["AlignerKind", "make_aligner", "reads_distances"]

AlignerKind = Literal[
    "attention",
    "additive",
    "transport",
    "gromov",
    "spectral",
    "assignment",
    "top_k",
    "contrastive",
    "cca",
    "deep_cca",
    "adversarial",
    "mmd",
    "coral",
    "cycle",
]


def make_aligner(kind: AlignerKind, dim: int) -> nn.Module:
    """The aligner of a name, for nodes of width `dim`, with its defaults.

    Raises:
        InputError: an unknown name.
    """
    if kind == "attention":
        return AttentionAligner(dim)
    raise InputError(f"got aligner={kind!r}: expected one of {get_args(AlignerKind)}")


def reads_distances(kind: AlignerKind) -> bool:
    """Whether the aligner of this name matches structure, and so has a use for distances within a side."""
    return kind in ("gromov", "spectral", "assignment")
