"""Heads: a task's prediction from what the model encoded, and its loss."""

from mmgraph.heads.answer import AnswerHead
from mmgraph.heads.decision import DecisionHead

__all__ = ["AnswerHead", "DecisionHead"]
