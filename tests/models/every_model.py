"""An example of every public model: what the common properties run on."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from mmgraph import models
from mmgraph.heads import AnswerHead, DecisionHead
from tests.nn.example import SCHEMA

PAIRS = [("token", "region"), ("segment", "region")]
ANSWERS = ("yes", "no", "red")
DIM = 16


@dataclass(frozen=True)
class Example:
    """A model and the head that goes with it.

    Args:
        make: the model.
        head: from what it encodes to answers.
        unread: beginnings of the names of weights that one batch has no use for.
    """

    make: Callable[[], nn.Module]
    head: Callable[[], nn.Module] = lambda: AnswerHead(DIM, ANSWERS)
    unread: tuple[str, ...] = ()


EXAMPLES: dict[str, Example] = {
    "FusionModel": Example(lambda: models.FusionModel(SCHEMA, DIM, heads=2, align=PAIRS)),
    "FusionModel, reconstructing": Example(
        lambda: models.FusionModel(SCHEMA, DIM, heads=2, align=PAIRS, cross_from=1, reconstruct="predict")
    ),
    "HierarchicalModel": Example(lambda: models.HierarchicalModel(SCHEMA, DIM, heads=2, clusters=3)),
    "LateFusionModel": Example(
        lambda: models.LateFusionModel(SCHEMA, DIM, heads=2),
        lambda: DecisionHead(tuple(SCHEMA.nodes), DIM, ANSWERS),
    ),
    "MultimodalTransformer": Example(lambda: models.MultimodalTransformer(SCHEMA, DIM, heads=2)),
}
