"""An aligner by its name, as configurations name it."""

from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

from torch import nn

from mmgraph.alignment.adversarial import AdversarialAligner
from mmgraph.alignment.assignment import AssignmentAligner
from mmgraph.alignment.attention import AttentionAligner
from mmgraph.alignment.cca import CCAAligner
from mmgraph.alignment.contrastive import ContrastiveAligner
from mmgraph.alignment.coral import CORALAligner
from mmgraph.alignment.cycle import CycleAligner
from mmgraph.alignment.deep_cca import DeepCCAAligner
from mmgraph.alignment.gromov import GromovAligner
from mmgraph.alignment.mmd import MMDAligner
from mmgraph.alignment.spectral import SpectralAligner
from mmgraph.alignment.top_k import TopKAligner
from mmgraph.alignment.transport import TransportAligner
from mmgraph.errors import InputError

__all__ = ["AlignerKind", "make_aligner", "reads_distances"]

AlignerKind = Literal[
    "attention",
    "dot",
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

_MAKERS: dict[AlignerKind, Callable[[int], nn.Module]] = {
    "attention": AttentionAligner,
    "dot": partial(AttentionAligner, score="dot"),
    "additive": partial(AttentionAligner, score="additive"),
    "transport": TransportAligner,
    "gromov": GromovAligner,
    "spectral": SpectralAligner,
    "assignment": AssignmentAligner,
    "contrastive": ContrastiveAligner,
    "cca": CCAAligner,
    "deep_cca": DeepCCAAligner,
    "adversarial": AdversarialAligner,
    "mmd": MMDAligner,
    "coral": CORALAligner,
    "cycle": CycleAligner,
}


def make_aligner(kind: AlignerKind, dim: int, context_dim: int | None = None) -> nn.Module:
    """The aligner of a name, with its defaults.

    Args:
        kind: its name.
        dim: width of the nodes.
        context_dim: width of the context that comes with them, None for none; only "top_k" reads it.

    Raises:
        InputError: an unknown name.
    """
    if kind == "top_k":
        return TopKAligner(dim, context_dim=context_dim)
    if kind not in _MAKERS:
        raise InputError(f"got aligner={kind!r}: expected one of {get_args(AlignerKind)}")
    return _MAKERS[kind](dim)


def reads_distances(kind: AlignerKind) -> bool:
    """Whether the aligner of this name matches structure, and so has a use for distances within a side."""
    return kind in ("gromov", "spectral", "assignment")
