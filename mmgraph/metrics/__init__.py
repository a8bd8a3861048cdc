"""Metrics, each with what it can and cannot tell from as many samples as there were."""

from mmgraph.metrics.accuracy import Accuracy, accuracy, accuracy_by

__all__ = ["Accuracy", "accuracy", "accuracy_by"]
