"""A model and a head that put texts and pictures into one space."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.graph import GraphStore, HeteroGraph, NodeType, Schema
from mmgraph.heads import RetrievalHead
from mmgraph.models import Encoded, FusionModel
from mmgraph.tasks.retrieval.bag_of_words import BagOfWords
from mmgraph.tasks.retrieval.data import PICTURE, REGION, TOKEN, Pairs
from mmgraph.tasks.retrieval.scores import RetrievalScores, score_retrieval
from mmgraph.tasks.retrieval.with_regions import WithRegions

__all__ = ["Retriever", "RetrieverSettings"]

EVALUATION_BATCH = 256


class Retriever(nn.Module):
    """A model with a head for retrieval; called on a batch, it gives the terms of the loss.

    Args:
        model: from a batch to vectors; no relation of its schema may join texts and pictures.
        head: from these to places in a common space; its target is `graph.target["item"]` `[B]`.
        regions: adds the regions to the whole picture.
        bag: the linear path from the words, where there is one.
    """

    def __init__(
        self, model: FusionModel, head: RetrievalHead, regions: WithRegions, bag: BagOfWords | None = None
    ) -> None:
        super().__init__()
        self.model = model
        self.head = head
        self.regions = regions
        self.bag = bag

    def fit_features(self, graph: HeteroGraph) -> None:
        """Take mean and deviation of what nodes and edges carry from training data, before training."""
        self.model.fit_features(graph)
        if self.bag is not None:
            self.bag.fit_features(graph)

    def encode(self, graph: HeteroGraph) -> Encoded:
        """The batch as vectors, those of the regions and of the linear path added."""
        encoded = self.regions(self.model.encode(graph))
        return encoded if self.bag is None else self.bag(encoded)

    def forward(self, graph: HeteroGraph) -> dict[str, Tensor]:
        """The named terms of the loss."""
        return self.head.loss(self.encode(graph), graph.target["item"])

    @torch.no_grad()
    def places(
        self, graphs: GraphStore, modality: NodeType, device: torch.device | str = "cpu"
    ) -> Float[Tensor, "N W"]:
        """The place of one modality of each sample, in order.

        Args:
            graphs: the samples.
            modality: "picture" or "token".
            device: where the model lies.
        """
        found = [torch.zeros(0, self.head.width)]
        for start in range(0, len(graphs), EVALUATION_BATCH):
            batch = graphs[range(start, min(start + EVALUATION_BATCH, len(graphs)))].to(device)
            found.append(self.head.predict(self.encode(batch))[modality].cpu())
        return torch.cat(found)

    @torch.no_grad()
    def parts(
        self, text: HeteroGraph, pictures: HeteroGraph
    ) -> tuple[Float[Tensor, "S W"], Float[Tensor, "R W"], Float[Tensor, "P W"]]:
        """The places that words, regions and pictures have each by itself.

        A word or a region is put into the space as if it were all of its text or picture, so that cosines say
        which of them come near each other.

        Args:
            text: samples with words.
            pictures: samples with pictures.
        """
        words, seen = self.model.encode(text).nodes[TOKEN], self.encode(pictures)
        words = words if self.bag is None else self.bag.each(text.x[TOKEN], words)
        return (
            self.head.place(TOKEN, words),
            self.head.place(PICTURE, self.regions.gain * seen.nodes[REGION]),
            self.head.place(PICTURE, seen.pooled[PICTURE]),
        )

    def score(self, pairs: Pairs, device: torch.device | str = "cpu") -> RetrievalScores:
        """Search the pictures of a split with its texts, and the texts with the pictures.

        Each side is encoded without the other.
        """
        texts = self.places(pairs.texts, TOKEN, device)
        pictures = self.places(pairs.pictures, PICTURE, device)
        return score_retrieval(texts, pictures, pairs.items)


@dataclass(frozen=True)
class RetrieverSettings:
    """A fusion model with a retrieval head.

    Args:
        dim: width of the nodes.
        width: of the common space.
        layers: number of graph layers; 0 is the model without a graph: the features of the whole
            picture, the mean of its regions, and the mean of the words.
        heads: attention heads.
        dropout: probability, in the layers and before the maps into the space.
        temperature: at the start.
        coldest: the lowest that it gets.
        hinge: weight of the margin to the hardest negative.
        match: whether pairs are judged by a `MatchHead` too.
        bag: whether there is a linear path from the words; see `BagOfWords`.
    """

    dim: int = 64
    width: int = 64
    layers: int = 1
    heads: int = 4
    dropout: float = 0.0
    temperature: float = 0.07
    coldest: float = 0.01
    hinge: float = 0.0
    match: bool = False
    bag: bool = False

    def make(self, schema: Schema) -> Retriever:
        """The model with new weights.

        Args:
            schema: of the graphs.
        """
        model = FusionModel(schema, self.dim, self.layers, self.heads, dropout=self.dropout)
        head = RetrievalHead(
            (TOKEN, PICTURE),
            self.dim,
            self.width,
            temperature=self.temperature,
            coldest=self.coldest,
            hinge=self.hinge,
            match=[(TOKEN, PICTURE)] if self.match else [],
            dropout=self.dropout,
        )
        num_ids = schema.nodes[TOKEN].num_ids
        assert num_ids is not None
        bag = BagOfWords(num_ids, self.dim, TOKEN) if self.bag else None
        return Retriever(model, head, WithRegions(PICTURE, REGION), bag)
