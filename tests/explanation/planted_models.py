"""Small models of which it is known what they look at, and samples for them."""

import torch
from torch import nn

from mmgraph.encoders import NodeEncoder
from mmgraph.explanation import Subject
from mmgraph.graph import EdgeSpec, HeteroGraph, NodeSpec, Schema
from mmgraph.models import Encoded
from mmgraph.models.presence import presence
from mmgraph.nn import lay_out
from mmgraph.nn.masked_attention import MaskedAttention

SCHEMA = Schema(
    {"region": NodeSpec(2), "word": NodeSpec(2), "sound": NodeSpec(2)},
    {
        ("region", "near", "region"): EdgeSpec(scored=True),
        ("region", "informs", "word"): EdgeSpec(complete=True),
    },
)


def sample(**worth):
    """One sample; a node's first feature is what it is worth."""
    x = {
        key: torch.stack([torch.tensor(values), torch.arange(len(values)).float()], 1)
        for key, values in worth.items()
    }
    return HeteroGraph.create(SCHEMA, 1, x=x)


class Worth(nn.Module):
    """The score of a sample is what its nodes are worth together; the confidence is its sigmoid."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def encode(self, graph):
        self.seen.append(graph.num_graphs)
        present = presence(graph)
        total = torch.zeros(graph.num_graphs)
        for key, value in graph.x.items():
            total = total.index_add(0, graph.batch[key], value[:, 0])
        return Encoded(graph, dict(graph.x), {}, present, total[:, None])


class Linear(nn.Module):
    """The score is linear in the vectors that a NodeEncoder gives."""

    def __init__(self, schema, dim=8):
        super().__init__()
        self.embed = NodeEncoder(schema, dim)
        self.weight = nn.Parameter(torch.randn(dim))

    def encode(self, graph):
        nodes = self.embed(graph, lay_out(graph))
        total = torch.full((graph.num_graphs,), 0.7)
        for key, value in nodes.items():
            total = total.index_add(0, graph.batch[key], value @ self.weight)
        return Encoded(graph, nodes, {}, presence(graph), total[:, None])


class WordLooks(nn.Module):
    """All nodes see all; the score is four times what the first word finds there, looking at all alike."""

    def __init__(self):
        super().__init__()
        self.attention = MaskedAttention()

    def encode(self, graph):
        row = torch.cat(list(graph.x.values()))
        value = row[None, None, :, :1]
        visible = torch.ones(1, len(row), len(row), dtype=torch.bool)
        mixed = self.attention(torch.zeros_like(value), torch.zeros_like(value), value, None, visible)
        word = mixed[0, 0, graph.num_nodes("region")]
        return Encoded(graph, dict(graph.x), {}, presence(graph), 4 * word[None])


def subject(model):
    return Subject(model, lambda encoded: encoded.fused[:, 0], lambda encoded: encoded.fused[:, 0].sigmoid())
