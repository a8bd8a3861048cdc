"""Captions of pictures, written from the nodes of their graphs."""

from mmgraph.tasks.captioning.captioned_split import CaptionedSplit
from mmgraph.tasks.captioning.captioner import Captioner, CaptionerSettings, Written
from mmgraph.tasks.captioning.data import (
    CaptionData,
    CaptionWords,
    DrawReference,
    kept_graphs,
    with_targets,
)
from mmgraph.tasks.captioning.examples import write_examples
from mmgraph.tasks.captioning.explanations import explain_caption
from mmgraph.tasks.captioning.photograph_captions import PhotographCaptions
from mmgraph.tasks.captioning.scene_captions import SceneCaptions
from mmgraph.tasks.captioning.scores import CaptionScores, fast_score, score_captions
from mmgraph.tasks.captioning.task import Captioning
from mmgraph.tasks.captioning.train import Budget, train_captioner
from mmgraph.tasks.captioning.typical_caption import typical_caption

__all__ = [
    "Budget",
    "CaptionData",
    "CaptionScores",
    "CaptionWords",
    "CaptionedSplit",
    "Captioner",
    "CaptionerSettings",
    "Captioning",
    "DrawReference",
    "PhotographCaptions",
    "SceneCaptions",
    "Written",
    "explain_caption",
    "fast_score",
    "kept_graphs",
    "score_captions",
    "train_captioner",
    "typical_caption",
    "with_targets",
    "write_examples",
]
