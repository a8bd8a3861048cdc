"""Gradient-weighted attention, carried from the nodes to the score."""

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.explanation.attribution import Attribution, Pair
from mmgraph.explanation.flow import Flow, flow_and_gradients
from mmgraph.explanation.subject import Subject
from mmgraph.graph import HeteroGraph

__all__ = ["relevance", "relevances"]


def relevance(subject: Subject, graph: HeteroGraph) -> Attribution:
    r"""How much each node counts for the score, by attention and its gradient, through all steps.

    .. math:: \bar A = \mathrm{E}_h \left( (\nabla A \odot A)^+ \right)

    Chefer, Gur and Wolf, "Generic Attention-model Explainability for Interpreting Bi-Modal and
    Encoder-Decoder Transformers", ICCV 2021, arXiv 2103.15679. R starts as the identity over the nodes of all
    types. A layer of attention over all of them is the paper's self-attention (its equations 5 to 7),

    .. math:: R \leftarrow R + \bar A R.

    An aligned pair of types s and t is its bi-modal attention (8 to 11), with the relevances from before the
    step on the right, and 11 for every type z but t, where the paper has s only:

    .. math::
        R^{st} \leftarrow R^{st} + (\bar R^{ss})^\top \bar A \bar R^{tt}, \qquad
        R^{sz} \leftarrow R^{sz} + \bar A R^{tz}, \qquad
        \bar R^{xx}_{mn} = \frac{\hat R^{xx}_{mn}}{\sum_k \hat R^{xx}_{mk}} + I_{mn}, \quad
        \hat R^{xx} = R^{xx} - I

    where a row of zeros stays one. Of a pair of one type with itself the step is self-attention. Last, the
    answer is a place that looks at the nodes of each type by its pool's weights :math:`w^z`, and so has the
    relevances :math:`r = \sum_z (\nabla w^z \odot w^z)^+ R^z`, the paper's row of the CLS token. Feed-forward
    networks and norms are left out, as there, and so is the fusion of the pooled vectors, but for their
    gradients. What speaks against the score does not show: all numbers are at least 0.

    Args:
        subject: the model and its score.
        graph: one sample.

    Returns:
        maps `[1, 1, S, T]`, R without the identity, for all pairs of types with nodes.

    Raises:
        InputError: several samples, or a model that mixes or pools nodes otherwise.
    """
    found, gradients = flow_and_gradients("relevance", subject, graph)
    matrix = relevances(found, gradients)
    read = torch.zeros(found.num_nodes, dtype=torch.float64)
    for key, weight in found.pools.items():
        read += _positive(weight, gradients.pools[key]) @ matrix[found.places[key]]
    note = (
        f"Attention times its gradient, where positive, carried through {found.steps} to the score. What "
        "speaks against the answer does not show."
    )
    maps = found.maps(matrix - torch.eye(found.num_nodes, dtype=torch.float64))
    return Attribution("relevance", maps, found.nodes(read), note=note)


def relevances(found: Flow, gradients: Flow) -> Float[Tensor, "N N"]:
    """R: how much each node (column) counts for the vector of each (row), as far as the score reads it."""
    matrix = torch.eye(found.num_nodes, dtype=torch.float64)
    for weight, gradient in zip(found.layers, gradients.layers, strict=True):
        matrix = matrix + _positive(weight, gradient).mean(0) @ matrix
    for (pair, share), (_, gradient) in zip(found.plans, gradients.plans, strict=True):
        matrix = matrix + _of_alignment(matrix, _positive(share, gradient), pair, found)
    return matrix


def _of_alignment(matrix: Tensor, weight: Float[Tensor, "S T"], pair: Pair, found: Flow) -> Tensor:
    """What a step of alignment adds."""
    source, target = (found.places[key] for key in pair)
    added = torch.zeros_like(matrix)
    added[source] = weight @ matrix[target]
    if pair[0] != pair[1]:
        own, other = _normalised(matrix[source, source]), _normalised(matrix[target, target])
        added[source, target] = own.T @ weight @ other
    return added


def _normalised(block: Float[Tensor, "L L"]) -> Float[Tensor, "L L"]:
    """The paper's equations 8 and 9: what came beside the identity, with rows that sum to one."""
    identity = torch.eye(len(block), dtype=block.dtype)
    beside = block - identity
    total = beside.sum(1, keepdim=True)
    return beside / torch.where(total > 0, total, 1.0) + identity


def _positive(weight: Tensor, gradient: Tensor) -> Tensor:
    return (weight * gradient).clamp(min=0)
