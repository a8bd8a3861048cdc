"""A sample with regions, tokens and segments, models to explain, and the same sample in another order."""

from dataclasses import replace

import torch

from mmgraph.explanation.subject import Subject
from mmgraph.graph import HeteroGraph
from mmgraph.heads import AnswerHead
from mmgraph.models import FusionModel
from tests.nn.example import SCHEMA, one

DIM, HEADS = 16, 2
PAIRS = [("token", "region"), ("segment", "region")]
ANSWERS = ("yes", "no", "red")


def sample(regions: int = 3, tokens: int = 4, segments: int = 2) -> HeteroGraph:
    """One sample in float64."""
    graph = one(regions, tokens, segments)
    return graph.apply(lambda t: t.double() if t.is_floating_point() else t)


def subject(model: torch.nn.Module, answer: int = 1) -> Subject:
    """A model in float64, with weights far from their beginning, and an answer of it."""
    head = AnswerHead(DIM, ANSWERS).double()
    for name, parameter in [*model.double().named_parameters(), *head.named_parameters()]:
        if "norm" not in name:
            torch.nn.init.normal_(parameter, std=0.4)
    return Subject.answer(model, head, answer)


def fusion_model(**settings) -> FusionModel:
    """A small model that aligns."""
    return FusionModel(SCHEMA, DIM, heads=HEADS, **{"align": PAIRS, **settings})


def permuted(graph: HeteroGraph, order: torch.Tensor) -> HeteroGraph:
    """The sample with its regions in another order: new region i is the old `order[i]`."""
    place, near = order.argsort(), ("region", "near", "region")
    index = dict(graph.edge_index)
    resembles = graph.edge_index["token", "resembles", "region"]
    index["token", "resembles", "region"] = torch.stack([resembles[0], place[resembles[1]]])
    classes = graph.edge_attr[near].view(len(order), len(order))[order][:, order].flatten()
    return replace(
        graph,
        x={**graph.x, "region": graph.x["region"][order]},
        pos={**graph.pos, "region": graph.pos["region"][order]},
        edge_index=index,
        edge_attr={**graph.edge_attr, near: classes},
    )
