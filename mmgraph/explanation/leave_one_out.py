"""What is lost without each node: the reference for all other scores of nodes."""

import torch

from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Attribution
from mmgraph.explanation.evaluating import one_sample
from mmgraph.explanation.subject import Subject
from mmgraph.explanation.subsets import by_type, confidence_of_subsets
from mmgraph.graph import HeteroGraph

__all__ = ["leave_one_out"]


def leave_one_out(subject: Subject, graph: HeteroGraph) -> Attribution:
    r"""The confidence of the whole sample minus that without the node, for each node.

    .. math:: \phi_i = f(V) - f(V \setminus \{i\})

    The occlusion of Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014,
    arXiv 1311.2901, and the erasure of Li et al., "Understanding Neural Networks through Representation
    Erasure", arXiv 1612.08220, with a node that is really gone instead of overwritten. It is exact for one
    node at a time: of two nodes that say the same, neither is missed.

    Args:
        subject: a model and what is explained.
        graph: one sample of at least two nodes, on any device.

    Raises:
        InputError: a sample of a single node: without it there is nothing to answer from.
    """
    sample = one_sample(subject, graph, "leave_one_out")
    count = sum(sample.num_nodes(key) for key in sample.schema.nodes)
    if count == 1:
        raise InputError(
            f"leave_one_out got sample {sample.samples[0].id!r} with a single node: without it there is "
            "nothing to answer from; integrated_gradients explains it"
        )
    keep = torch.cat([torch.ones(1, count, dtype=torch.bool), ~torch.eye(count, dtype=torch.bool)])
    whole, without = confidence_of_subsets(subject, sample, keep).split([1, count])
    note = f"{count} samples with one node less; the confidence of the whole is {float(whole):.4f}"
    return Attribution("leave_one_out", nodes=by_type(sample, whole - without), note=note)
