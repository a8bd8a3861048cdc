"""What a caption says of its picture: objects, their attributes, and relations between them, by rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from mmgraph.metrics.captioning.scene_words import (
    ADJECTIVES,
    AUXILIARIES,
    BREAKS,
    COPULAS,
    IRREGULAR,
    JOINS,
    NOUNS_IN_ING,
    PHRASES,
    PREPOSITIONS,
    SKIPPED,
    VERBS,
)
from mmgraph.metrics.captioning.stem import stem

__all__ = ["SceneTuple", "scene_tuples"]

SceneTuple = tuple[str, ...]
"""(object,), (object, attribute) or (object, relation, object), each word by its stem."""


def scene_tuples(words: Sequence[str]) -> frozenset[SceneTuple]:
    """The tuples of a caption.

    Rules and short word lists, no trained parser: the last word of a run of content words is an object, those
    before it are its attributes; a preposition or a verb relates the object before it to the one behind it; a
    verb without an object is an attribute, and so is an adjective behind "is". It knows the plain language of
    captions, and goes wrong on the rest.

    Args:
        words: lower case, without punctuation.

    Shape:
        of no words: no tuples.
    """
    reader = Reader()
    marked = list(_marked(words))
    marked.append(("end", ""))
    for (kind, word), (after, _) in zip_longest(marked, marked[1:], fillvalue=("end", "")):
        reader.read(kind, word, after)
    return frozenset(reader.found)


def _marked(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each word with its kind; phrases as one word."""
    place, noun = 0, False
    while place < len(words):
        length = next(
            (n for n in (4, 3, 2) if tuple(words[place : place + n]) in PHRASES and len(words) >= place + n),
            1,
        )
        if length > 1:
            kind, word = "preposition", PHRASES[tuple(words[place : place + length])]
        else:
            word = words[place]
            kind = _kind(word, noun)
        if kind != "skipped":
            yield kind, word
        noun = kind == "content" and word not in ADJECTIVES
        place += length


def _kind(word: str, behind_noun: bool) -> str:
    """What a word does; a verb that could be a noun too is one behind a noun."""
    for kind, known in (
        ("skipped", SKIPPED),
        ("copula", COPULAS),
        ("skipped", AUXILIARIES),
        ("join", JOINS),
        ("break", BREAKS),
        ("preposition", PREPOSITIONS),
        ("content", ADJECTIVES),
    ):
        if word in known:
            return kind
    if word.endswith("ing") and len(word) > 5 and word not in NOUNS_IN_ING:
        return "verb"
    if behind_noun and (_lemma(word) in VERBS or (word.endswith("ed") and len(word) > 4)):
        return "verb"
    return "content"


def _lemma(word: str) -> str:
    return stem(IRREGULAR.get(word, word))


@dataclass
class Reader:
    """Where in a caption the reading is: who acts, what is said of it, and the object that is being named."""

    found: set[SceneTuple] = field(default_factory=set)
    subjects: list[str] = field(default_factory=list)
    nearest: str | None = None
    relation: str | None = None
    verb: str | None = None
    named: list[str] = field(default_factory=list)
    joined: bool = False
    copula: bool = False

    def read(self, kind: str, word: str, after: str) -> None:
        """Take in a word of that kind; `after` is the kind of the next one."""
        if kind == "content":
            self.named.append(word)
            return
        if (
            kind == "join"
            and self.named
            and all(one in ADJECTIVES for one in self.named)
            and after == "content"
        ):
            return
        self._name(kind)
        if kind == "preposition":
            self._act_alone()
            self.relation = _lemma(word)
        elif kind == "verb":
            self._act_alone()
            self.verb, self.relation = _lemma(word), None
        elif kind in ("break", "end"):
            self._act_alone()
            self.relation = None
        self.joined = kind == "join"
        self.copula = kind == "copula"

    def _name(self, kind: str) -> None:
        """Settle the content words so far: an object with its attributes, or attributes of the subject."""
        if not self.named:
            return
        words, self.named = self.named, []
        if self.copula and words[-1] in ADJECTIVES:
            self.found |= {(one, _lemma(word)) for one in self.subjects for word in words}
            return
        *attributes, head = (_lemma(word) for word in words)
        self.found.add((head,))
        self.found |= {(head, attribute) for attribute in attributes}
        new_clause = self.joined and kind in ("verb", "copula")
        if self.verb is not None and not new_clause:
            self.found |= {(one, self.verb, head) for one in self.subjects}
            if kind != "join":
                self.verb = None
        elif self.relation is not None and not new_clause:
            sources = self.subjects if self.nearest is None else [self.nearest]
            self.found |= {(one, self.relation, head) for one in sources}
            if kind != "join":
                self.relation = None
        else:
            also = self.joined and self.verb is None and self.relation is None
            self.subjects = [*self.subjects, head] if also else [head]
            self.verb = self.relation = None
        self.nearest = head if len(self.subjects) < 2 or head not in self.subjects else None

    def _act_alone(self) -> None:
        """A verb that met no object is an attribute of who acts, and what follows is said of them."""
        if self.verb is not None:
            self.found |= {(one, self.verb) for one in self.subjects}
            self.verb, self.nearest = None, None
