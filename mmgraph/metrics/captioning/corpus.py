"""Captions and their references, in words: what every caption metric reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tqdm import tqdm

from mmgraph.errors import InputError
from mmgraph.metrics.captioning.tokenize import tokenize

__all__ = ["Captioned", "Corpus", "Id", "Words", "in_words"]

Id = int | str
"""What names an image."""

Words = tuple[str, ...]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Captioned:
    """One image: a caption to be judged, and the captions that people gave.

    Args:
        candidate: its words; it may have none.
        references: the words of each reference, at least one.
    """

    candidate: Words
    references: tuple[Words, ...]


Corpus = Mapping[Id, Captioned]


def in_words(
    candidates: Mapping[Id, str] | Sequence[str],
    references: Mapping[Id, Sequence[str]] | Sequence[Sequence[str]],
    tokenizer: Callable[[str], Sequence[str]] = tokenize,
    progress: bool = False,
) -> dict[Id, Captioned]:
    """Captions and references as words.

    Args:
        candidates: one caption for each image, by the image's id or in a list. One without words is legal.
        references: at least one for each image, by the same ids or in the same order.
        tokenizer: what makes words of a caption; `str.split` for captions that are words already.
        progress: whether there is a bar, which shows on a terminal only.

    Returns:
        the captions of each image, by id; of lists, by number from 0.

    Raises:
        InputError: an image without references or without a candidate; the message has its id.
    """
    named, known = _by_id("candidates", candidates), _by_id("references", references)
    if missing := [key for key in named if key not in known]:
        raise InputError(f"image {missing[0]!r} has no reference{_more(missing)}: give at least one for each")
    if missing := [key for key in known if key not in named]:
        raise InputError(
            f"image {missing[0]!r} has references but no candidate{_more(missing)}: give a caption for each, "
            "or leave out its references"
        )
    bar = tqdm(named, desc="words", unit="images", disable=None if progress else True, leave=False)
    return {key: _captioned(key, named[key], known[key], tokenizer) for key in bar}


def _captioned(
    key: Id, candidate: str, references: Sequence[str], tokenizer: Callable[[str], Sequence[str]]
) -> Captioned:
    if isinstance(references, str):
        raise InputError(f"the references of image {key!r} are one string, expected a list of strings")
    if not references:
        raise InputError(f"image {key!r} has no reference: give at least one for each")
    return Captioned(tuple(tokenizer(candidate)), tuple(tuple(tokenizer(text)) for text in references))


def _by_id(name: str, captions: Mapping[Id, Value] | Sequence[Value]) -> Mapping[Id, Value]:
    if isinstance(captions, str):
        raise InputError(f"{name} are one string, expected a dict by image or a list")
    return captions if isinstance(captions, Mapping) else dict(enumerate(captions))


def _more(keys: Sequence[Id]) -> str:
    return f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
