"""Gradients gathered on the way from nothing to the sample."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.encoders import NodeEncoder
from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Attribution
from mmgraph.explanation.evaluating import evaluating, one_sample
from mmgraph.explanation.subject import Subject
from mmgraph.explanation.subsets import chunk_size
from mmgraph.graph import HeteroGraph, NodeType, select

__all__ = ["Baseline", "integrated_gradients"]

Baseline = Literal["zero", "mean"]

POWER = 6
"""Of the places on the way; see `integrated_gradients`."""


def integrated_gradients(
    subject: Subject, graph: HeteroGraph, steps: int = 128, baseline: Baseline = "zero"
) -> Attribution:
    r"""How much each node adds to the score on the straight way from a baseline to the sample.

    .. math:: \phi_i = \sum_d (x_{id} - b_{id}) \int_0^1 \frac{\partial f}{\partial x_{id}}
        \big(b + \alpha (x - b)\big) \, d\alpha

    Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, arXiv 1703.01365. x are
    the embedded nodes that the model's `NodeEncoder` gives, so that ids have a way too; what edges carry
    stays as it is. The scores of all nodes sum to :math:`f(x) - f(b)`; what is left over is in the note.

    Behind a layer normalisation the score changes almost only where :math:`\alpha` is near zero. So the
    integral is taken over t with :math:`\alpha = t^6`, by the rule of Gauss and Legendre: the same integral,
    with its places where the score changes.

    Args:
        subject: a model with `mmgraph.encoders.NodeEncoder`, and what is explained.
        graph: one sample, on any device.
        steps: places on the way, at least 4.
        baseline: "zero": all vectors are zero; "mean": each vector is the mean of its type in the sample, so
            that only what tells nodes of a type apart counts.

    Raises:
        InputError: the model embeds no nodes, or `steps` or `baseline` is none of these.
    """
    if steps < 4 or baseline not in ("zero", "mean"):
        raise InputError(
            f"integrated_gradients(steps={steps}, baseline={baseline!r}): expected at least 4 steps, and "
            "'zero' or 'mean'"
        )
    sample = one_sample(subject, graph, "integrated_gradients")
    alpha, weight = _places(steps)
    count = sum(sample.num_nodes(key) for key in sample.schema.nodes)
    nodes = {
        key: torch.zeros(sample.num_nodes(key), dtype=torch.float64, device=sample.device)
        for key in sample.schema.nodes
    }
    scores = []
    for places, weights in zip(alpha.split(chunk_size(count)), weight.split(chunk_size(count)), strict=True):
        scores.append(_add_gradients(subject, sample, places, weights, baseline, nodes))
    ends = torch.cat(scores)[:2]
    found = {key: value.cpu() for key, value in nodes.items()}
    total, wanted = sum(float(value.sum()) for value in found.values()), float(ends[1] - ends[0])
    note = (
        f"{steps} steps from {baseline} vectors; the score goes from {float(ends[0]):.4f} to "
        f"{float(ends[1]):.4f}, and {wanted - total:.1e} of that is left over"
    )
    return Attribution("integrated_gradients", nodes=found, note=note)


def _places(steps: int) -> tuple[Float[Tensor, " P"], Float[Tensor, " P"]]:
    """The baseline, the sample, and places on the way; with the weight of the gradient at each."""
    place, weight = np.polynomial.legendre.leggauss(steps)
    t = (place + 1) / 2
    alpha = np.concatenate([[0.0, 1.0], t**POWER])
    weight = np.concatenate([[0.0, 0.0], weight / 2 * POWER * t ** (POWER - 1)])
    return torch.from_numpy(alpha), torch.from_numpy(weight)


def _add_gradients(
    subject: Subject,
    sample: HeteroGraph,
    alpha: Tensor,
    weight: Tensor,
    baseline: Baseline,
    nodes: dict[NodeType, Tensor],
) -> Float[Tensor, " P"]:
    """Adds what the nodes count at some places of the way to `nodes`; gives the scores there."""
    batch = select(sample, [0] * len(alpha))
    alpha, weight = alpha.to(sample.device), weight.to(sample.device)
    with evaluating(subject), torch.enable_grad(), _on_the_way(subject, alpha, baseline) as ways:
        score = subject.score(subject.model.encode(batch))
        if not ways:
            raise InputError(
                f"integrated_gradients needs node vectors to scale, but {type(subject.model).__name__} has "
                "no mmgraph.encoders.NodeEncoder; leave_one_out explains any model"
            )
        gradients = torch.autograd.grad(score.sum(), [way.vectors for way in ways], allow_unused=True)
    for way, gradient in zip(ways, gradients, strict=True):
        if gradient is not None:
            each = (gradient * way.difference).double().sum(1) * weight[batch.batch[way.node_type]]
            nodes[way.node_type] += each.view(len(alpha), -1).sum(0)
    return score.detach().to("cpu", torch.float64)


@dataclass(frozen=True)
class _Way:
    """The vectors of a node type on the way, and the way's length and direction."""

    node_type: NodeType
    vectors: Tensor
    difference: Tensor


@contextmanager
def _on_the_way(subject: Subject, alpha: Tensor, baseline: Baseline) -> Iterator[list[_Way]]:
    """While this holds, every node encoder gives sample i as seen at `alpha[i]` of the way."""
    ways: list[_Way] = []

    def replace(_: nn.Module, inputs: Any, embedded: dict[NodeType, Tensor]) -> dict[NodeType, Tensor]:
        graph: HeteroGraph = inputs[0]
        found = {}
        for key, vectors in embedded.items():
            vectors = vectors.detach()
            start = torch.zeros_like(vectors)
            if baseline == "mean" and len(vectors):
                # The samples of the batch are copies of one.
                start = vectors.mean(0).expand_as(vectors)
            difference = vectors - start
            share = alpha.to(vectors.dtype)[graph.batch[key]]
            way = _Way(key, (start + share[:, None] * difference).requires_grad_(), difference)
            ways.append(way)
            found[key] = way.vectors
        return found

    model = subject.model
    encoders = (
        [m for m in model.modules() if isinstance(m, NodeEncoder)] if isinstance(model, nn.Module) else []
    )
    hooks = [encoder.register_forward_hook(replace) for encoder in encoders]
    try:
        yield ways
    finally:
        for hook in hooks:
            hook.remove()
