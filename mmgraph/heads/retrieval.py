"""Modalities in one space, where those of a sample lie near each other."""

import math
from collections.abc import Sequence
from itertools import combinations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.functional import normalize

from mmgraph.errors import InputError
from mmgraph.graph import NodeType
from mmgraph.graph.schema import parameter_name
from mmgraph.heads.match import MatchHead
from mmgraph.models import Encoded
from mmgraph.models.encoded import Pair
from mmgraph.ops.bounded import at_most
from mmgraph.ops.hardest_hinge import hardest_hinge
from mmgraph.ops.info_nce import symmetric_info_nce
from mmgraph.ops.precision import at_least_float32

__all__ = ["RetrievalHead"]


class RetrievalHead(nn.Module):
    r"""Unit vectors of each modality, by which samples are searched; the loss contrasts the batch.

    For each two modalities, over the samples that have both: the symmetric InfoNCE of their cosines over a
    learned temperature (Radford et al., "Learning Transferable Visual Models From Natural Language
    Supervision", ICML 2021, arXiv 2103.00020; see `symmetric_info_nce`), and where they are asked for a
    margin to the hardest negative (see `hardest_hinge`) and the cross-entropy of a `MatchHead`. Samples whose
    target is the same, such as several captions of one picture, are no negatives of each other; nor are they
    each other's positives.

    The model has to encode the modalities apart, or a sample's text is in the vector of its picture and
    nothing is left to be found: `LateFusionModel`, or `FusionModel` with cross_from=layers and no align.
    Samples with one modality only, such as a query, are then encoded just as those with all.

    Args:
        modalities: the node types that share the space, at least two.
        dim: width of the model's vectors.
        width: of the space; by default `dim`.
        temperature: at the start, no lower than `coldest`.
        coldest: the lowest that the temperature gets, above 0; as in CLIP, so that cosines are multiplied by
            100 at most. Where there are few training samples a higher one keeps them from being learned by
            heart.
        hinge: weight of the margin to the hardest negative; 0 leaves it out.
        margin: how much nearer than it, as a cosine, the partner is to be.
        match: the pairs of modalities that have a `MatchHead`.
        dropout: probability before the maps into the space, 0..1.

    Shape:
        encoded -> for each modality `[B, width]`: unit vectors, or zeros where a sample lacks it.

    Raises:
        InputError: fewer than two modalities, one that stands twice, a pair that is not of them, or a
            temperature, a margin or a weight that is out of range.
    """

    def __init__(
        self,
        modalities: Sequence[NodeType],
        dim: int,
        width: int | None = None,
        temperature: float = 0.07,
        coldest: float = 0.01,
        hinge: float = 0.0,
        margin: float = 0.2,
        match: Sequence[Pair] = (),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        names = tuple(modalities)
        if len(names) < 2 or len(set(names)) < len(names):
            raise InputError(f"RetrievalHead(modalities={names}): expected two different ones at least")
        if not temperature >= coldest > 0:
            raise InputError(
                f"RetrievalHead(temperature={temperature}, coldest={coldest}): expected "
                "temperature >= coldest > 0"
            )
        if hinge < 0 or margin < 0:
            raise InputError(f"RetrievalHead(hinge={hinge}, margin={margin}): expected at least 0")
        for pair in match:
            if len(set(pair)) < 2 or not set(pair) <= set(names):
                raise InputError(f"RetrievalHead(match=...) has {pair}: expected two of {names}")
        self.modalities = names
        self.width = width or dim
        self.coldest = coldest
        self.hinge = hinge
        self.margin = margin
        self.match = tuple(match)
        self.project = nn.ModuleDict(
            {
                parameter_name(key): nn.Sequential(
                    nn.LayerNorm(dim), nn.Dropout(dropout), nn.Linear(dim, self.width)
                )
                for key in names
            }
        )
        self.log_scale = nn.Parameter(torch.tensor(-math.log(temperature)))
        self.matches = nn.ModuleList([MatchHead(dim, dropout) for _ in self.match])

    @property
    def scale(self) -> Float[Tensor, ""]:
        """What cosines are multiplied by to be logits: one over the temperature."""
        return at_most(self.log_scale, -math.log(self.coldest)).exp()

    def place(self, modality: NodeType, vectors: Float[Tensor, "N D"]) -> Float[Tensor, "N W"]:
        """Where vectors of one of the modalities lie in the common space."""
        return normalize(self.project[parameter_name(modality)](vectors), dim=1)

    def embed(self, encoded: Encoded) -> dict[NodeType, Float[Tensor, "B W"]]:
        """The place of each sample's modalities in the common space."""
        found = {}
        for key in self.modalities:
            place = self.place(key, encoded.pooled[key])
            found[key] = place.masked_fill(~encoded.present[key][:, None], 0.0)
        return found

    def forward(self, encoded: Encoded) -> dict[NodeType, Float[Tensor, "B W"]]:
        """The same as `embed`."""
        return self.embed(encoded)

    @torch.no_grad()
    def predict(self, encoded: Encoded) -> dict[NodeType, Float[Tensor, "B W"]]:
        """The same without gradients: their dot products are what `cross_modal_ranks` sorts by."""
        return self.embed(encoded)

    def loss(self, encoded: Encoded, target: Int[Tensor, " B"]) -> dict[str, Tensor]:
        """The named terms of the training loss, those of the model's parts included.

        Args:
            encoded: the batch.
            target: what each sample is of, such as the number of its picture.
        """
        places = self.embed(encoded)
        different = target[:, None] != target
        scale, terms = self.scale, {}
        for source, other in combinations(self.modalities, 2):
            present, cosines = _both(encoded, source, other), _cosines(places[source], places[other])
            terms[f"contrast_{source}_{other}"] = symmetric_info_nce(scale * cosines, present, different)
            if self.hinge:
                lost = hardest_hinge(cosines, present, different, self.margin)
                terms[f"hinge_{source}_{other}"] = self.hinge * lost
        for (source, other), head in zip(self.match, self.matches, strict=True):
            assert isinstance(head, MatchHead)
            present, cosines = _both(encoded, source, other), _cosines(places[source], places[other])
            pooled = encoded.pooled[source], encoded.pooled[other]
            terms[f"match_{source}_{other}"] = head.loss(*pooled, scale * cosines, present, different)
        return {**terms, **encoded.terms}

    def matcher(self, source: NodeType, target: NodeType) -> MatchHead:
        """The head that judges pairs of these two, in the order in which `match` names them.

        Raises:
            InputError: there is none.
        """
        for pair, head in zip(self.match, self.matches, strict=True):
            if pair == (source, target):
                assert isinstance(head, MatchHead)
                return head
        raise InputError(f"there is no MatchHead of {(source, target)}: this head has {self.match}")


def _both(encoded: Encoded, source: NodeType, target: NodeType) -> Bool[Tensor, " B"]:
    return encoded.present[source] & encoded.present[target]


def _cosines(source: Float[Tensor, "B W"], target: Float[Tensor, "B W"]) -> Float[Tensor, "B B"]:
    exact = at_least_float32(source.dtype)
    return source.to(exact) @ target.to(exact).T
