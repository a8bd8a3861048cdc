"""A subject's modules in evaluation mode for a while, and where they lie."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import nn

from mmgraph.errors import InputError
from mmgraph.explanation.subject import Subject
from mmgraph.graph import HeteroGraph

__all__ = ["evaluating", "one_sample"]


@contextmanager
def evaluating(subject: Subject) -> Iterator[None]:
    """Evaluation mode for model and head; afterwards each part has the mode that it had."""
    modes = [(part, part.training) for module in _modules(subject) for part in module.modules()]
    try:
        for part, _ in modes:
            part.training = False
        yield
    finally:
        for part, training in modes:
            part.training = training


def one_sample(subject: Subject, graph: HeteroGraph, name: str) -> HeteroGraph:
    """The sample that is explained, on the device of the model.

    Raises:
        InputError: several samples, or a sample without nodes; `name` says who was asked.
    """
    if graph.num_graphs != 1:
        raise InputError(
            f"{name} got a graph of {graph.num_graphs} samples: give one of them, mmgraph.select(graph, [i])"
        )
    if not any(graph.num_nodes(key) for key in graph.schema.nodes):
        raise InputError(
            f"{name} got sample {graph.samples[0].id!r}, which has no nodes of any type: give it a text, a "
            "picture or a sound with something in it"
        )
    weights = chain.from_iterable(
        chain(module.parameters(), module.buffers()) for module in _modules(subject)
    )
    return graph.to(next((weight.device for weight in weights), torch.device(graph.device)))


def _modules(subject: Subject) -> list[nn.Module]:
    return [part for part in (subject.model, subject.head) if isinstance(part, nn.Module)]
