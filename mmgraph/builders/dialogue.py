"""Conversations into graphs of their utterances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.builders.base import sample_ids
from mmgraph.builders.tokens.vocabulary import HashedVocabulary
from mmgraph.builders.tokens.words import split_words
from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, EdgeType, HeteroGraph, NodeSpec, NodeType, Sample, Schema
from mmgraph.ops import ragged

__all__ = ["DialogueBuilder", "Utterance"]


@dataclass(frozen=True, eq=False)
class Utterance:
    """What one speaker says in one go.

    Args:
        speaker: who speaks.
        text: what is said; "" for nothing in words.
        features: a row of numbers instead of, or beside, the text.
        seconds: start and end.

    Raises:
        InputError: a speaker or text that is no str, or an end before its start.
    """

    speaker: str
    text: str | None = None
    features: Any = None
    seconds: Any = None

    def __post_init__(self) -> None:
        if not isinstance(self.speaker, str) or not isinstance(self.text, str | None):
            raise InputError(f"Utterance({self.speaker!r}, {self.text!r}): speaker and text are strings")
        if self.seconds is not None:
            object.__setattr__(self, "seconds", _interval(self.seconds))


@dataclass(frozen=True)
class DialogueBuilder:
    """Conversations into graphs whose nodes are utterances, as for emotion recognition in conversation.

    An item is a list of `Utterance`, or of dicts with its fields, in the order spoken; None if missing. `x`
    is the bag of the utterance's words, hashed into `dim` counts of length one, or its given features.

    Edges: utterance -next-> the one after it; and from up to `past` utterances before it and `future` after
    it to each utterance, -continued_by-> where both have one speaker, -answered_by-> where they have not.
    With `future=0` no edge leads back in time. Windows and speaker relations are those of DialogueGCN
    (Ghosal, Majumder, Poria, Chhaya, Gelbukh: "DialogueGCN: A Graph Convolutional Neural Network for Emotion
    Recognition in Conversation", EMNLP-IJCNLP 2019, arXiv:1908.11540). Its relations also name the two
    speakers and the direction, and join an utterance to itself; ours do not.

    Args:
        dim: width of `x`.
        features: "words", or "given" where utterances bring their own.
        past: how many utterances before it an utterance hears.
        future: how many after it.
        timed: utterances have `seconds`, which become their `pos`.
        node_type: name of the nodes.
        input: the keyword under which `MultimodalBuilder` takes the conversations.
    """

    dim: int = 256
    features: str = "words"
    past: int = 10
    future: int = 10
    timed: bool = False
    node_type: NodeType = field(default="utterance", kw_only=True)
    input: str = field(default="dialogue", kw_only=True)

    def __post_init__(self) -> None:
        if self.features not in ("words", "given"):
            raise InputError(f"DialogueBuilder(features={self.features!r}): expected 'words' or 'given'")
        if min(self.past, self.future) < 0 or self.dim < 1:
            raise InputError(
                f"DialogueBuilder(dim={self.dim}, past={self.past}, future={self.future}): expected dim >= 1 "
                "and past, future >= 0"
            )

    @cached_property
    def schema(self) -> Schema:
        """The utterances and their three relations."""
        node = NodeSpec(dim=self.dim, pos="seconds" if self.timed else None)
        origins = ("DialogueBuilder",)
        turns = EdgeSpec(symmetric=self.past == self.future, origins=origins)
        kinds = {"next": EdgeSpec(origins=origins), "continued_by": turns, "answered_by": turns}
        return Schema({self.node_type: node}, {self._key(name): spec for name, spec in kinds.items()})

    def __call__(self, item: Sequence[Any] | None, id: str = "") -> HeteroGraph:
        """The graph of one conversation; `id` names the sample in messages."""
        return self.batch([item], [id])

    def batch(self, items: Sequence[Sequence[Any] | None], ids: Sequence[str] | None = None) -> HeteroGraph:
        """The graph of many conversations, one sample each, in order.

        Raises:
            InputError: an utterance that lacks what the builder needs, or has times that it would drop.
        """
        names = sample_ids(items, ids)
        places = [(name, k) for name, item in zip(names, items, strict=True) for k in range(len(item or ()))]
        turns = [self._turn(turn, place) for place, turn in zip(places, _flat(items), strict=True)]
        sizes = [len(item or ()) for item in items]
        key = self.node_type
        return HeteroGraph.create(
            self.schema,
            [Sample(name) for name in names],
            sizes={key: sizes},
            x={key: self._words(turns) if self.features == "words" else self._given(turns, places)},
            pos={key: torch.tensor([t.seconds for t in turns]).reshape(-1, 2)} if self.timed else {},
            edge_index=self._edges([turn.speaker for turn in turns], sizes),
            label={key: [t.speaker if t.text is None else f"{t.speaker}: {t.text}" for t in turns]},
        )

    def _key(self, relation: str) -> EdgeType:
        return self.node_type, relation, self.node_type

    def _turn(self, turn: Any, place: tuple[str, int]) -> Utterance:
        where = f"sample {place[0]!r}: utterance {place[1]}"
        if isinstance(turn, Mapping):
            try:
                turn = Utterance(**turn)
            except (TypeError, InputError) as error:
                raise InputError(f"{where} is a dict with keys {list(turn)}: {error}") from error
        if not isinstance(turn, Utterance):
            raise InputError(f"{where} is a {type(turn).__name__}, expected an Utterance or a dict")
        needed = "text" if self.features == "words" else "features"
        if getattr(turn, needed) is None:
            raise InputError(
                f"{where} has no {needed}, which DialogueBuilder(features={self.features!r}) needs"
            )
        if (turn.seconds is None) == self.timed:
            state = "no seconds" if self.timed else "seconds, which would be dropped"
            raise InputError(f"{where} has {state}, but timed={self.timed}")
        return turn

    def _words(self, turns: Sequence[Utterance]) -> Float[Tensor, "N D"]:
        words = [split_words(turn.text or "") for turn in turns]
        bucket = HashedVocabulary(self.dim).encode([word for own in words for word in own])
        cell = ragged.sample_of([len(own) for own in words]) * self.dim + bucket
        counts = torch.bincount(cell, minlength=len(turns) * self.dim).reshape(-1, self.dim)
        return torch.nn.functional.normalize(counts.to(torch.get_default_dtype()), dim=1)

    def _given(self, turns: Sequence[Utterance], places: Sequence[tuple[str, int]]) -> Float[Tensor, "N D"]:
        rows = [torch.zeros(0, self.dim)]
        for turn, (name, k) in zip(turns, places, strict=True):
            where = f"sample {name!r}: features of utterance {k}"
            try:
                row = torch.as_tensor(turn.features, dtype=torch.get_default_dtype())
            except (TypeError, ValueError, RuntimeError) as error:
                raise InputError(f"{where} are no numbers: {error}") from error
            if row.shape != (self.dim,):
                raise InputError(f"{where} have shape {list(row.shape)}, expected [{self.dim}]")
            rows.append(row[None])
        return torch.cat(rows)

    def _edges(self, speakers: Sequence[str], sizes: Sequence[int]) -> dict[EdgeType, Tensor]:
        number = {speaker: i for i, speaker in enumerate(dict.fromkeys(speakers))}
        speaker = torch.tensor([number[name] for name in speakers], dtype=torch.long)
        pairs = ragged.window_pairs(sizes, max(self.past, self.future))
        ahead = pairs[1] - pairs[0]
        pairs = pairs[:, (ahead <= self.past) & (ahead >= -self.future)]
        same = speaker[pairs[0]] == speaker[pairs[1]]
        later = (ragged.positions(sizes) > 0).nonzero().squeeze(1)
        return {
            self._key("next"): torch.stack([later - 1, later]),
            self._key("continued_by"): pairs[:, same],
            self._key("answered_by"): pairs[:, ~same],
        }


def _interval(seconds: Any) -> tuple[float, float]:
    try:
        start, end = (float(value) for value in seconds)
    except (TypeError, ValueError):
        start, end = 0.0, -1.0
    if not 0 <= start <= end < float("inf"):
        raise InputError(f"Utterance: seconds are {seconds!r}, expected (start, end), 0 <= start <= end")
    return start, end


def _flat(items: Sequence[Sequence[Any] | None]) -> list[Any]:
    return [turn for item in items for turn in item or ()]
