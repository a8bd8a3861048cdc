"""How much of a model's confidence each modality brings."""

from itertools import combinations
from math import factorial

import torch

from mmgraph.errors import InputError
from mmgraph.explanation.evaluating import one_sample
from mmgraph.explanation.subject import Subject
from mmgraph.explanation.subsets import by_type, confidence_of_subsets
from mmgraph.graph import HeteroGraph, NodeType

__all__ = ["modality_weights"]

MOST = 10
"""Modalities: 1,023 subsets."""


def modality_weights(subject: Subject, graph: HeteroGraph) -> dict[NodeType, float]:
    r"""The exact Shapley value of each modality for the confidence.

    .. math:: \phi_m = \sum_{S \subseteq M \setminus \{m\}} \frac{|S|! \, (|M| - |S| - 1)!}{|M|!}
        \big(f(S \cup \{m\}) - f(S)\big)

    Shapley, "A Value for n-Person Games", 1953; for models: Lundberg and Lee, "A Unified Approach to
    Interpreting Model Predictions", NeurIPS 2017, arXiv 1705.07874. All subsets of the modalities that the
    sample has go through the model; what is not in a subset is gone, as `mmgraph.with_modalities` makes it.
    A model has no answer for no modality at all: that confidence is taken as 0, so the weights sum to the
    confidence of the whole.

    Args:
        subject: a model and what is explained.
        graph: one sample, on any device.

    Returns:
        a number for each node type of the schema; 0 for a modality that the sample lacks.

    Raises:
        InputError: more than 10 modalities.
    """
    sample = one_sample(subject, graph, "modality_weights")
    here = [key for key in sample.schema.nodes if sample.num_nodes(key)]
    if len(here) > MOST:
        raise InputError(
            f"modality_weights got a sample of {len(here)} modalities, which have {2 ** len(here) - 1} "
            f"subsets: at most {MOST} are weighed"
        )
    subsets = [frozenset(chosen) for size in range(len(here)) for chosen in combinations(here, size + 1)]
    count = sum(sample.num_nodes(key) for key in sample.schema.nodes)
    keep = torch.zeros(len(subsets), count, dtype=torch.bool)
    for key, columns in by_type(sample, keep).items():
        columns[:] = torch.tensor([key in subset for subset in subsets])[:, None]
    confidence = confidence_of_subsets(subject, sample, keep).tolist()
    value = {frozenset[NodeType](): 0.0, **dict(zip(subsets, confidence, strict=True))}
    found = dict.fromkeys(sample.schema.nodes, 0.0)
    for subset in subsets:
        share = factorial(len(subset) - 1) * factorial(len(here) - len(subset)) / factorial(len(here))
        for key in subset:
            found[key] += share * (value[subset] - value[subset - {key}])
    return found
