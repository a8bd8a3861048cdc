"""Comparison of models on equal terms: every arm, every seed, one table."""

from mmgraph.comparison.compare import compare
from mmgraph.comparison.report import Report, Row
from mmgraph.comparison.task import Task
from mmgraph.comparison.usage import Usage

__all__ = ["Report", "Row", "Task", "Usage", "compare"]
