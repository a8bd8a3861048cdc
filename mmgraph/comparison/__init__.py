"""Comparison of models on equal terms: every arm, every seed, one table."""

from mmgraph.comparison.compare import compare
from mmgraph.comparison.report import Report, Row
from mmgraph.comparison.task import Illustrated, Task
from mmgraph.comparison.usage import Usage

__all__ = ["Illustrated", "Report", "Row", "Task", "Usage", "compare"]
