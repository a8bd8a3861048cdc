"""Attention rollout: from which nodes a node's vector comes, through all layers."""

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.explanation.attribution import Attribution
from mmgraph.explanation.flow import Flow, flow, require_steps
from mmgraph.explanation.subject import Subject
from mmgraph.graph import HeteroGraph

__all__ = ["rolled_out", "rollout"]


def rollout(subject: Subject, graph: HeteroGraph) -> Attribution:
    r"""What of each node is in which vector after all layers, if attention were all that mixes.

    .. math:: R = M_L \cdots M_2 M_1, \qquad M_l = \tfrac12 \bar A_l + \tfrac12 I

    with the attention of a layer as the mean over its heads, and the identity for the residual. Abnar and
    Zuidema, "Quantifying Attention Flow in Transformers", ACL 2020, arXiv 2005.00928. Ours goes on where the
    model does: each aligned pair is one more step with the shares of its plan for A, and a node's number is
    the mean over the present types of the pool's weights times R. A node that sees nothing keeps what it is.
    It does not know the score.

    Args:
        subject: the model; its score is not read.
        graph: one sample.

    Returns:
        maps `[1, 1, S, T]` for all pairs of types with nodes; over all targets a row sums to one. The numbers
        of all nodes sum to one.

    Raises:
        InputError: several samples, or a model that mixes or pools nodes otherwise.
    """
    found = flow("rollout", subject, graph)
    require_steps("rollout", subject, found)
    matrix = rolled_out(found)
    read = torch.stack([weight @ matrix[found.places[key]] for key, weight in found.pools.items()])
    note = (
        f"Mean attention of {found.steps}, each half itself, multiplied up to the pooled vectors. It is the "
        "same for every answer."
    )
    return Attribution("rollout", found.maps(matrix), found.nodes(read.mean(0)), note=note)


def rolled_out(found: Flow) -> Float[Tensor, "N N"]:
    """R: rows are vectors after the last step, columns the nodes that they come from."""
    whole = [found.whole(pair, share) for pair, share in found.plans]
    matrix = torch.eye(found.num_nodes, dtype=torch.float64)
    for weight in (*(layer.mean(0) for layer in found.layers), *whole):
        mixed = weight + torch.eye(found.num_nodes, dtype=torch.float64)
        matrix = mixed / mixed.sum(1, keepdim=True) @ matrix
    return matrix
