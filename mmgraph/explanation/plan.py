"""The model's own alignments."""

import torch

from mmgraph.alignment import shares
from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Attribution
from mmgraph.explanation.flow import encoded
from mmgraph.explanation.subject import Subject
from mmgraph.explanation.weight_map import WeightMap
from mmgraph.graph import HeteroGraph

__all__ = ["plan"]


def plan(subject: Subject, graph: HeteroGraph) -> Attribution:
    """Which node the model's aligners match with which: the shares along which its messages went.

    A plan that spreads the mass of a sample, as optimal transport does, and one whose rows are softmaxes are
    read alike, by `mmgraph.alignment.shares`: a row sums to one at most. A node's number is the mass that it
    gives and receives, summed over the pairs that its type is in, if each of the S sources of a pair has a
    mass of 1 / S to give. It does not know the score.

    Args:
        subject: the model; its score is not read.
        graph: one sample.

    Returns:
        maps `[1, 1, S, T]` for the aligned pairs that both have nodes.

    Raises:
        InputError: several samples, or a model that aligns nothing.
    """
    made = encoded("plan", subject, graph)
    if not made.alignments:
        raise InputError(
            f"plan: this {type(subject.model).__name__} aligns nothing: make a FusionModel with "
            "align=[(source, target), ...]; transport and similarity match the nodes of every model"
        )
    maps, nodes = {}, {}
    for key, value in made.nodes.items():
        nodes[key] = torch.zeros(len(value), dtype=torch.float64)
    for (source, target), found in made.alignments.items():
        num_sources, num_targets = len(made.nodes[source]), len(made.nodes[target])
        if num_sources and num_targets:
            mask = torch.ones(found.plan.shape[:2], dtype=torch.bool, device=found.plan.device)
            share = shares(found.plan, mask)[0].cpu().double()
            maps[source, target] = WeightMap.of(share)
            nodes[source] += share.sum(1) / num_sources
            nodes[target] += share.sum(0) / num_sources
    note = (
        "What each source node takes from the targets that the model matched it with; a node's number is the "
        "mass that it gives and receives. It is the same for every answer."
    )
    return Attribution("plan", maps, nodes, note=note)
