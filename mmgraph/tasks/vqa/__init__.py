"""Questions about scenes that can be seen and heard."""

from mmgraph.tasks.vqa.answerer import Answerer
from mmgraph.tasks.vqa.data import Split, draw, make_builder, make_split
from mmgraph.tasks.vqa.scores import Scores, score
from mmgraph.tasks.vqa.task import VQA

__all__ = ["VQA", "Answerer", "Scores", "Split", "draw", "make_builder", "make_split", "score"]
