"""Heads: a task's prediction from what the model encoded, and its loss."""

from mmgraph.heads.answer import AnswerHead

__all__ = ["AnswerHead"]
