"""The models that are compared on questions: the full one, its controls, and what may stand in its parts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from mmgraph.alignment import AlignerKind
from mmgraph.errors import InputError
from mmgraph.fusion import FusionKind
from mmgraph.graph import HeteroGraph, NodeType, Schema, shuffle_edges, without
from mmgraph.heads import AnswerHead, DecisionHead
from mmgraph.models import FusionModel, HierarchicalModel, LateFusionModel, MultimodalTransformer
from mmgraph.tasks.vqa.answerer import Answerer

__all__ = ["CONTROLS", "PAIRS", "Arm", "Shape", "arm"]

PAIRS = (("token", "region"), ("token", "segment"), ("segment", "region"))
"""Which node types are aligned, where a graph has both."""

DROPPED = 0.2


@dataclass(frozen=True)
class Shape:
    """The size that all arms have.

    Args:
        dim: width of the nodes.
        layers: number of graph layers, or of transformer blocks.
        heads: attention heads.
        dropout: probability.
    """

    dim: int = 64
    layers: int = 2
    heads: int = 4
    dropout: float = 0.0


@dataclass(frozen=True)
class Arm:
    """A model of the comparison.

    Args:
        about: what it is, in a few words.
        make: from a schema, the answers and a size to the model.
        edges: "as built", or "shuffled" in every split, as a control.
        only: the node types that it is given; None for all.
        dropped: probability with which training takes a modality away from a sample.
    """

    about: str
    make: Callable[[Schema, tuple[str, ...], Shape], Answerer]
    edges: Literal["as built", "shuffled"] = "as built"
    only: tuple[NodeType, ...] | None = None
    dropped: float = 0.0

    def sees(self, graph: HeteroGraph, seed: int) -> HeteroGraph:
        """A data set as the arm gets it; `seed` is that of the shuffled edges."""
        if self.only is not None:
            graph = without(graph, graph.schema.nodes.keys() - set(self.only))
        return shuffle_edges(graph, seed) if self.edges == "shuffled" else graph


def _fusion_model(**options: Any) -> Callable[[Schema, tuple[str, ...], Shape], Answerer]:
    """The full model, with some of its arguments changed; a number of layers given as a function of it."""

    def make(schema: Schema, answers: tuple[str, ...], shape: Shape) -> Answerer:
        given = {name: value(shape) if callable(value) else value for name, value in options.items()}
        defaults = {
            "layers": shape.layers,
            "align": [pair for pair in PAIRS if set(pair) <= schema.nodes.keys()],
            "context": "token",
        }
        size = {"dim": shape.dim, "heads": shape.heads, "dropout": shape.dropout}
        model = FusionModel(schema, **{**size, **defaults, **given})
        return Answerer(model, AnswerHead(shape.dim, answers, shape.dropout))

    return make


def _transformer(schema: Schema, answers: tuple[str, ...], shape: Shape) -> Answerer:
    # A pair of blocks for every two graph layers and the alignment.
    pairs = (shape.layers + 1) // 2
    model = MultimodalTransformer(schema, shape.dim, pairs, shape.heads, shape.dropout)
    return Answerer(model, AnswerHead(shape.dim, answers, shape.dropout))


def _hierarchical(schema: Schema, answers: tuple[str, ...], shape: Shape) -> Answerer:
    model = HierarchicalModel(schema, shape.dim, shape.layers, shape.heads, dropout=shape.dropout)
    return Answerer(model, AnswerHead(shape.dim, answers, shape.dropout))


def _late(schema: Schema, answers: tuple[str, ...], shape: Shape) -> Answerer:
    model = LateFusionModel(schema, shape.dim, shape.layers, shape.heads, shape.dropout)
    head = DecisionHead(tuple(schema.nodes), shape.dim, answers, dropout=shape.dropout)
    return Answerer(model, head)


CONTROLS: dict[str, Arm] = {
    "full": Arm("graph layers, attention alignment, attention fusion", _fusion_model()),
    "no_graph": Arm("embedded nodes pooled and fused", _fusion_model(layers=0, align=())),
    "shuffled": Arm("the full model on shuffled edges", _fusion_model(), edges="shuffled"),
    "late_decisions": Arm("one model for each modality, decisions fused", _late),
    "transformer": Arm("self and cross attention over all nodes, no edges", _transformer),
    "text": Arm("the full model on the question alone", _fusion_model(), only=("token",)),
    "image": Arm("the full model on the picture alone", _fusion_model(), only=("region",)),
    "audio": Arm("the full model on the sound alone", _fusion_model(), only=("segment",)),
    "text_image": Arm("the full model without the sound", _fusion_model(), only=("token", "region")),
    "text_audio": Arm("the full model without the picture", _fusion_model(), only=("token", "segment")),
    "no_alignment": Arm("the full model without aligners", _fusion_model(align=())),
    "late": Arm(
        "modalities meet in the alignment only", _fusion_model(cross_from=lambda shape: shape.layers)
    ),
    "hybrid": Arm("modalities meet from the last layer on", _fusion_model(cross_from=lambda s: s.layers - 1)),
    "hierarchical": Arm("node, cluster, modality, sample", _hierarchical),
    "dropout": Arm("the full model, modalities dropped in training", _fusion_model(), dropped=DROPPED),
    "reconstruct": Arm(
        "the same, missing ones predicted from the others",
        _fusion_model(reconstruct="predict"),
        dropped=DROPPED,
    ),
}
"""The arms that are there by name; `arm` knows more."""


def arm(name: str) -> Arm:
    """The arm of a name: one of `CONTROLS`, "aligner:KIND", "alone:KIND" or "fusion:KIND".

    Raises:
        InputError: there is no such arm.
    """
    part, _, kind = name.partition(":")
    if part == "aligner" and kind in get_args(AlignerKind):
        return Arm(f"the full model with aligner {kind}", _fusion_model(aligner=kind))
    if part == "alone" and kind in get_args(AlignerKind):
        return Arm(
            f"no layers: modalities meet in aligner {kind} alone", _fusion_model(layers=0, aligner=kind)
        )
    if part == "fusion" and kind in get_args(FusionKind):
        return Arm(f"the full model with fusion {kind}", _fusion_model(fusion=kind))
    if name not in CONTROLS:
        aligners, fusions = "|".join(get_args(AlignerKind)), "|".join(get_args(FusionKind))
        raise InputError(
            f"there is no arm {name!r}: expected one of {', '.join(CONTROLS)}, aligner:{aligners}, "
            f"alone: with the same, or fusion:{fusions}"
        )
    return CONTROLS[name]
