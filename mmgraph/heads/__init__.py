"""Heads: a task's prediction from what the model encoded, and its loss."""

from mmgraph.heads.answer import AnswerHead
from mmgraph.heads.captioning import CaptionHead
from mmgraph.heads.decision import DecisionHead
from mmgraph.heads.match import MatchHead
from mmgraph.heads.prefix_captioning import PrefixCaptionHead
from mmgraph.heads.retrieval import RetrievalHead

__all__ = ["AnswerHead", "CaptionHead", "DecisionHead", "MatchHead", "PrefixCaptionHead", "RetrievalHead"]
