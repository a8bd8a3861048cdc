"""A linear path from the words of a text, beside a deep model."""

import math
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.models import Encoded

__all__ = ["BagOfWords"]


class BagOfWords(nn.Module):
    r"""Adds to what a model pools of a text the weighted sum of a vector for each of its words.

    .. math:: \sqrt{D} \, \frac{\sum_w r_w E_w}{\sqrt{\sum_w r_w^2}} + g \, p

    with r the logarithm of a word's rarity in the training texts (Spärck Jones, "A statistical interpretation
    of term specificity", Journal of Documentation 28, 1972), p what the model pooled, and a learned gain g
    that starts small: so training begins with a bag of words, and the model adds what it finds. After Cheng
    et al., "Wide & Deep Learning for Recommender Systems", DLRS 2016, arXiv 1606.07792. With few texts it is
    the bag that carries over to new ones: each word's vector learns by itself.

    Args:
        num_ids: how many ids words have; 0 is the unknown word, which has no weight.
        dim: D, width of the model's vectors.
        node_type: the type of the words.
        gain: at the start.
    """

    rarity: Tensor

    def __init__(self, num_ids: int, dim: int, node_type: NodeType = "token", gain: float = 0.1) -> None:
        super().__init__()
        self.node_type = node_type
        self.vectors = nn.Embedding(num_ids, dim)
        nn.init.normal_(self.vectors.weight, std=dim**-0.5)
        self.gain = nn.Parameter(torch.tensor(gain))
        self.register_buffer("rarity", torch.ones(num_ids))

    def fit_features(self, graph: HeteroGraph) -> None:
        """Take the words' rarity from training texts, before training."""
        self.rarity.copy_(rarity(graph, self.node_type, len(self.rarity)))

    def forward(self, encoded: Encoded) -> Encoded:
        """The same with another pooled vector of the texts; one without words gets nothing added."""
        graph, pooled = encoded.graph, encoded.pooled[self.node_type]
        ids, sample = graph.x[self.node_type], graph.batch[self.node_type]
        weight = self.rarity[ids]
        total = pooled.new_zeros(len(pooled)).index_add(0, sample, weight.square())
        bags = torch.zeros_like(pooled).index_add(0, sample, weight[:, None] * self.vectors(ids))
        bags = bags * (pooled.shape[1] / total.clamp(min=1e-6)).sqrt()[:, None]
        return replace(encoded, pooled={**encoded.pooled, self.node_type: bags + self.gain * pooled})

    def each(self, ids: Int[Tensor, " N"], nodes: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
        """What each word would be if it were the whole text, given what the model made of it."""
        weighs = self.rarity[ids] > 0
        alone = math.sqrt(nodes.shape[1]) * self.vectors(ids) * weighs[:, None]
        return alone + self.gain * nodes


def rarity(graph: HeteroGraph, node_type: NodeType, num_ids: int) -> Float[Tensor, " V"]:
    """For each id the logarithm of one over the share of texts with that word; 0 for the unknown word."""
    pairs = torch.stack([graph.batch[node_type], graph.x[node_type]]).unique(dim=1)
    count = torch.bincount(pairs[1], minlength=num_ids)
    found = -(count.clamp(min=1).to(torch.get_default_dtype()) / max(1, graph.num_graphs)).log()
    found[0] = 0.0
    return found
