"""The models that a run of questions about scenes may have, as plain values."""

from dataclasses import dataclass

from mmgraph.alignment import AlignerKind
from mmgraph.fusion import FusionKind, ReconstructionKind
from mmgraph.graph import HeteroGraph, NodeType, Schema
from mmgraph.heads import AnswerHead
from mmgraph.models import FusionModel
from mmgraph.nn import LayerKind
from mmgraph.tasks.vqa.answerer import Answerer
from mmgraph.tasks.vqa.arms import PAIRS, Shape, arm

__all__ = ["ArmSettings", "FusionSettings"]


@dataclass(frozen=True)
class FusionSettings:
    """A fusion model with an answer head.

    Args:
        dim: width of the nodes.
        layers: number of graph layers.
        heads: attention heads.
        layer: what mixes nodes over edges; see `FusionModel`.
        cross_from: first layer in which modalities meet.
        dropout: probability.
        aligner: how nodes are aligned; see `make_aligner`.
        fusion: how modalities become one vector; see `make_fusion`.
        reconstruct: how a missing modality is filled; None leaves it out.
    """

    dim: int = 64
    layers: int = 2
    heads: int = 8
    layer: LayerKind = "relational"
    cross_from: int = 0
    dropout: float = 0.0
    aligner: AlignerKind = "attention"
    fusion: FusionKind = "attention"
    reconstruct: ReconstructionKind | None = None

    @property
    def name(self) -> str:
        """What it is called on a page."""
        return f"{self.layers} {self.layer} layers, aligner {self.aligner}, fusion {self.fusion}"

    @property
    def only(self) -> None:
        """The node types that it is given: all."""
        return None

    def make(self, schema: Schema, answers: tuple[str, ...]) -> Answerer:
        """The model with new weights."""
        model = FusionModel(
            schema,
            dim=self.dim,
            layers=self.layers,
            heads=self.heads,
            layer=self.layer,
            align=[pair for pair in PAIRS if set(pair) <= schema.nodes.keys()],
            cross_from=self.cross_from,
            dropout=self.dropout,
            aligner=self.aligner,
            context="token",
            fusion=self.fusion,
            reconstruct=self.reconstruct,
        )
        return Answerer(model, AnswerHead(self.dim, answers, self.dropout))

    def sees(self, graph: HeteroGraph, seed: int) -> HeteroGraph:
        """Questions as the model gets them: as they are built."""
        return graph


@dataclass(frozen=True)
class ArmSettings:
    """An arm of the comparison, by name.

    Args:
        arm: its name; see `mmgraph.tasks.vqa.arms.arm`.
        dim: width of the nodes.
        layers: number of graph layers, or of transformer blocks.
        heads: attention heads.
        dropout: probability.
    """

    arm: str
    dim: int = 64
    layers: int = 2
    heads: int = 8
    dropout: float = 0.0

    @property
    def name(self) -> str:
        """What it is called on a page."""
        return f"{self.arm}: {arm(self.arm).about}"

    @property
    def only(self) -> tuple[NodeType, ...] | None:
        """The node types that it is given; None for all."""
        return arm(self.arm).only

    def make(self, schema: Schema, answers: tuple[str, ...]) -> Answerer:
        """The model with new weights.

        Raises:
            InputError: there is no such arm.
        """
        return arm(self.arm).make(schema, answers, Shape(self.dim, self.layers, self.heads, self.dropout))

    def sees(self, graph: HeteroGraph, seed: int) -> HeteroGraph:
        """Questions as the arm gets them: some modalities are missing in some arms, edges shuffled in one.

        Raises:
            InputError: there is no such arm.
        """
        return arm(self.arm).sees(graph, seed)
