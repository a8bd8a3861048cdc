"""A model and a head that write captions."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.data.captions.vocabulary import PAD
from mmgraph.graph import GraphStore, HeteroGraph, Schema
from mmgraph.heads import CaptionHead
from mmgraph.heads.search import Beam, Greedy, Search
from mmgraph.models import FusionModel

__all__ = ["Captioner", "CaptionerSettings", "Written"]

EVALUATION_BATCH = 256


@dataclass(frozen=True, eq=False)
class Written:
    """Captions that a model wrote.

    Args:
        ids: words, END, then PAD.
        probability: of each caption, the geometric mean of the probabilities of its words and END.
    """

    ids: Int[Tensor, "N L"]
    probability: Float[Tensor, " N"]


class Captioner(nn.Module):
    """A model with a head that writes; called on a batch, it gives the terms of the loss.

    Args:
        model: from a batch to vectors.
        head: from these to a caption; its target is `graph.target["caption"]` `[B, L]`.
    """

    def __init__(self, model: FusionModel, head: CaptionHead) -> None:
        super().__init__()
        self.model = model
        self.head = head

    def forward(self, graph: HeteroGraph) -> dict[str, Tensor]:
        """The named terms of the loss."""
        return self.head.loss(self.model.encode(graph), graph.target["caption"])

    @torch.no_grad()
    def write(self, graphs: GraphStore, beam: int = 1, device: torch.device | str = "cpu") -> Written:
        """The caption of each sample, in order.

        Args:
            graphs: the samples.
            beam: how many captions run side by side; 1 takes the likeliest word each time.
            device: where the model lies.
        """
        search: Search = Greedy() if beam == 1 else Beam(beam)
        ids, probabilities = [], []
        for start in range(0, len(graphs), EVALUATION_BATCH):
            batch = graphs[range(start, min(start + EVALUATION_BATCH, len(graphs)))].to(device)
            encoded = self.model.encode(batch)
            found = self.head.predict(encoded, search)
            logs = self.head.log_probabilities(encoded, found[:, None])[:, 0]
            ids.append(found.cpu())
            probabilities.append((logs.sum(1) / (found != PAD).sum(1).clamp(min=1)).exp().cpu())
        if not ids:
            return Written(torch.zeros(0, self.head.max_length, dtype=torch.long), torch.zeros(0))
        return Written(torch.cat(ids), torch.cat(probabilities))


@dataclass(frozen=True)
class CaptionerSettings:
    """A fusion model with a caption head.

    Args:
        dim: width of nodes and words.
        layers: number of graph layers; 0 is the model without a graph.
        heads: attention heads.
        decoder_layers: layers of the decoder.
        dropout: probability.
        label_smoothing: the share of a label's weight that is spread over all words.
    """

    dim: int = 64
    layers: int = 2
    heads: int = 8
    decoder_layers: int = 2
    dropout: float = 0.0
    label_smoothing: float = 0.1

    def make(self, schema: Schema, num_ids: int, max_length: int) -> Captioner:
        """The model with new weights.

        Args:
            schema: of the graphs.
            num_ids: how many ids the vocabulary has.
            max_length: how many ids a caption has at most.
        """
        model = FusionModel(schema, self.dim, self.layers, self.heads, dropout=self.dropout)
        head = CaptionHead(
            self.dim,
            num_ids,
            layers=self.decoder_layers,
            heads=self.heads,
            max_length=max_length,
            dropout=self.dropout,
            label_smoothing=self.label_smoothing,
            types=tuple(schema.nodes),
        )
        return Captioner(model, head)
