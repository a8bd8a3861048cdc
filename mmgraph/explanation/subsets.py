"""How sure a model is of its answer when it sees only some nodes of a sample."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mmgraph.explanation.evaluating import evaluating, one_sample
from mmgraph.explanation.subject import Subject
from mmgraph.graph import HeteroGraph, NodeType, select, subgraph

__all__ = ["by_type", "chunk_size", "confidence_of_subsets"]

PAIRS = 2**21
"""Of nodes, in one batch of subsets: what attention needs of memory grows with them."""


def confidence_of_subsets(
    subject: Subject, graph: HeteroGraph, keep: Bool[Tensor, "R N"]
) -> Float[Tensor, " R"]:
    """The confidence of a sample for each of R choices of its nodes.

    What is not chosen is not there: its edges are gone, and the nodes behind it in their row close up, as if
    the sample had never had it (`mmgraph.subgraph`). The choices go through the model in batches.

    Args:
        subject: whose confidence.
        graph: one sample.
        keep: for each choice, true for each node that is there, type after type in the order of the schema.

    Returns:
        float64, on the CPU.

    Raises:
        InputError: a choice of no node, which a model has no answer for.
    """
    sample = one_sample(subject, graph, "confidence_of_subsets")
    device, sample = sample.device, sample.to("cpu")
    found = torch.zeros(len(keep), dtype=torch.float64)
    # Those of like size together: a batch is as long as its longest.
    order = keep.sum(1).argsort(stable=True)
    with evaluating(subject), torch.no_grad():
        for chosen in order.split(chunk_size(keep.shape[1])):
            masks = by_type(sample, keep[chosen])
            cut = subgraph(
                select(sample, [0] * len(chosen)), {key: mask.flatten() for key, mask in masks.items()}
            )
            confidence = subject.confidence(subject.model.encode(cut.to(device)))
            found[chosen] = confidence.to("cpu", torch.float64)
    return found


def chunk_size(num_nodes: int) -> int:
    """How many copies of a sample go through the model at once."""
    return max(1, min(256, PAIRS // max(num_nodes, 1) ** 2))


def by_type(graph: HeteroGraph, values: Tensor) -> dict[NodeType, Tensor]:
    """The columns of `[..., N]`, over the nodes of all types in the order of the schema, for each type."""
    counts = [graph.num_nodes(key) for key in graph.schema.nodes]
    return dict(zip(graph.schema.nodes, values.split(counts, dim=-1), strict=True))
