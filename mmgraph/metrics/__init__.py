"""Metrics, each with what it can and cannot tell from as many samples as there were."""

from mmgraph.metrics.accuracy import Accuracy, accuracy, accuracy_by
from mmgraph.metrics.alignment import (
    marginal_error,
    mass_on_truth,
    permutation_recovery,
    plan_accuracy,
    pointing_accuracy,
)
from mmgraph.metrics.cross_modal import Ranks, cross_modal_ranks, modality_gap
from mmgraph.metrics.ranking import ranking_metrics
from mmgraph.metrics.recommended_items import average_popularity, gini_index, item_coverage, novelty
from mmgraph.metrics.vqa_accuracy import VQAAccuracy, normalise_answer, soft_accuracy, vqa_accuracy

__all__ = [
    "Accuracy",
    "Ranks",
    "VQAAccuracy",
    "accuracy",
    "accuracy_by",
    "average_popularity",
    "cross_modal_ranks",
    "gini_index",
    "item_coverage",
    "marginal_error",
    "mass_on_truth",
    "modality_gap",
    "normalise_answer",
    "novelty",
    "permutation_recovery",
    "plan_accuracy",
    "pointing_accuracy",
    "ranking_metrics",
    "soft_accuracy",
    "vqa_accuracy",
]
