"""Raw attention, as it is in every layer and head."""

import torch

from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Attribution
from mmgraph.explanation.flow import OTHERS, flow
from mmgraph.explanation.subject import Subject
from mmgraph.graph import HeteroGraph

__all__ = ["attention"]


def attention(subject: Subject, graph: HeteroGraph) -> Attribution:
    """What each node looks at, in every layer and head.

    The weights that the layers used, nothing added. A node's number is the mean attention that it receives,
    over layers, heads and all nodes that look. It does not know the score: it is the same for every answer,
    and Jain and Wallace, "Attention is not Explanation", NAACL 2019, arXiv 1902.10186, show how far it can be
    from what an answer depends on.

    Args:
        subject: the model; its score is not read.
        graph: one sample.

    Returns:
        maps `[layers, heads, S, T]` for all pairs of types with nodes. Over all targets the weights of a row
        sum to one, or to zero for a node that sees none. A model with an encoder for each type has zeros
        between types. Attention between clusters of nodes, as in `HierarchicalModel`, is not in them.

    Raises:
        InputError: several samples, or a model without attention over nodes.
    """
    found = flow("attention", subject, graph)
    if not found.layers:
        raise InputError(
            f"attention: this {type(subject.model).__name__} has no layer with attention over nodes: make it "
            f'with layer="relational" and layers=1 or more; {OTHERS}, and plan where it aligns'
        )
    weights = torch.stack(found.layers)
    note = (
        f"Weights of {len(weights)} layers with {weights.shape[1]} heads; a node's number is the mean "
        "attention that it receives. They are the same for every answer, and a node can be looked at without "
        "counting."
    )
    return Attribution("attention", found.maps(weights), found.nodes(weights.mean((0, 1, 2))), note=note)
