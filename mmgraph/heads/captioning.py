"""A sentence about each sample, word by word, from the nodes of its graph."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from mmgraph.alignment import Alignment
from mmgraph.data.captions.vocabulary import BEGIN, END, PAD, UNKNOWN
from mmgraph.graph import NodeType
from mmgraph.heads.decoder import TYPES, CachedSteps, NodeMemory, WordDecoder, log_probabilities
from mmgraph.heads.search import Found, Greedy, Nucleus, Search
from mmgraph.models import Encoded

__all__ = ["CaptionHead"]


class CaptionHead(nn.Module):
    """Writes a sentence about each sample: a causal transformer that looks at all nodes of the graph.

    Its loss is the cross-entropy of each word given those before it, with smoothed labels (Szegedy et al.,
    "Rethinking the Inception Architecture", CVPR 2016, arXiv 1512.00567). See `WordDecoder` for the network
    and `mmgraph.heads.search` for how sentences are found. A sample's nodes may be of any types.

    Args:
        dim: width of the nodes.
        num_ids: how many ids the vocabulary has, those of PAD, BEGIN, END and UNKNOWN included.
        layers: layers of the decoder.
        heads: attention heads; divides `dim`.
        max_length: how many words a sentence has at most, END included.
        dropout: probability, 0..1.
        label_smoothing: the share of a label's weight that is spread over all words, 0..1.
        types: the node types that there may be, in any order.
        never: ids that `predict` does not write.

    Raises:
        InputError: heads that do not divide the width; a batch with a node type that is not in `types`; a
            sentence longer than `max_length`.
    """

    def __init__(
        self,
        dim: int,
        num_ids: int,
        layers: int = 2,
        heads: int = 4,
        max_length: int = 30,
        dropout: float = 0.0,
        label_smoothing: float = 0.1,
        types: Sequence[NodeType] = TYPES,
        never: Sequence[int] = (PAD, BEGIN, UNKNOWN),
    ) -> None:
        super().__init__()
        self.max_length, self.label_smoothing = max_length, label_smoothing
        self.never = tuple(never)
        self.memory = NodeMemory(dim, types)
        self.decoder = WordDecoder(dim, num_ids, layers, heads, max_length, dropout)

    def forward(self, encoded: Encoded, ids: Int[Tensor, "B L"]) -> Float[Tensor, "B L V"]:
        """The logits of each word of the sentences, given the words before it and the nodes."""
        return self.decoder(_shifted(ids[:, None]), self.memory(encoded))[:, 0]

    def loss(self, encoded: Encoded, target: Int[Tensor, "B L"]) -> dict[str, Tensor]:
        """The named terms of the training loss; `target` has words, END, then PAD, which costs nothing."""
        words = nn.functional.cross_entropy(
            self(encoded, target).flatten(0, 1),
            target.flatten(),
            ignore_index=PAD,
            label_smoothing=self.label_smoothing,
            reduction="sum",
        )
        return {"caption": words / (target != PAD).sum().clamp(min=1), **encoded.terms}

    def log_probabilities(self, encoded: Encoded, ids: Int[Tensor, "B S L"]) -> Float[Tensor, "B S L"]:
        """Of each word of S sentences of each sample, under the distribution that searches draw from.

        0 where there is PAD, and minus infinity at a word that never comes.
        """
        logits = self.decoder(_shifted(ids), self.memory(encoded))
        found = log_probabilities(logits, self.never).gather(-1, ids[..., None])[..., 0]
        return found.masked_fill(ids == PAD, 0.0)

    @torch.no_grad()
    def predict(self, encoded: Encoded, search: Search | None = None) -> Int[Tensor, "B L"]:
        """The best sentence of each sample, END then PAD; found greedily, if no search is given."""
        return self.search(encoded, Greedy() if search is None else search).best

    @torch.no_grad()
    def search(self, encoded: Encoded, search: Search) -> Found:
        """All sentences that a search finds, with their scores; without dropout."""
        training = self.training
        try:
            return search(self.eval().steps(encoded))
        finally:
            self.train(training)

    @torch.no_grad()
    def draw(
        self, encoded: Encoded, samples: int, seed: int = 0, check_every: int | None = 4
    ) -> Int[Tensor, "B S L"]:
        """Sentences about each sample, drawn from all words; see `Nucleus`."""
        return self.search(encoded, Nucleus(1.0, seed=seed, samples=samples, check_every=check_every)).ids

    def steps(self, encoded: Encoded) -> CachedSteps:
        """What a search needs: the next word's log-probabilities, step by step."""
        return CachedSteps(self.decoder, self.memory(encoded), BEGIN, END, PAD, self.never, self.max_length)

    @torch.no_grad()
    def alignments(self, encoded: Encoded, ids: Int[Tensor, "B L"]) -> dict[NodeType, Alignment]:
        """What each word looked at when it was written: attention of the last layer, the mean of its heads.

        Returns:
            for each node type, a plan `[B, L, N_type]` whose rows are words; the rows of a word over all
            types sum to one, those of PAD are zero.
        """
        nothing = encoded.fused.new_zeros(())
        last = {key: weights[:, -1].mean(1) for key, weights in self.attention(encoded, ids).items()}
        return {key: Alignment(plan, nothing) for key, plan in last.items()}

    @torch.no_grad()
    def attention(
        self, encoded: Encoded, ids: Int[Tensor, "B L"]
    ) -> dict[NodeType, Float[Tensor, "B Y H L N"]]:
        """What each word looked at, in each of Y layers and H heads, for each node type."""
        memory = self.memory(encoded)
        layers = self.decoder.cross_weights(_shifted(ids[:, None]), memory)
        weights = torch.stack(layers, 1) * (ids != PAD)[:, None, None, :, None]
        split = memory.split(weights.permute(0, 4, 1, 2, 3))
        return {key: block.permute(0, 2, 3, 4, 1) for key, block in split.items()}


def _shifted(ids: Int[Tensor, "B S L"]) -> Int[Tensor, "B S L"]:
    """BEGIN and all words but the last: what each word follows."""
    return torch.cat([torch.full_like(ids[..., :1], BEGIN), ids[..., :-1]], -1)
