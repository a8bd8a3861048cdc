"""Which word of a caption is which word of another, as METEOR matches them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter

from mmgraph.metrics.captioning.corpus import Words
from mmgraph.metrics.captioning.stem import stem
from mmgraph.metrics.captioning.synonyms import Synonyms

__all__ = ["Match", "Sentence", "align_words", "chunks"]

EXACT, STEM, SYNONYM = 1.0, 0.6, 0.8
BEAM = 40

Match = tuple[int, int, float]
"""A word of the candidate, a word of the reference, and how much the match counts."""


@dataclass(frozen=True)
class Sentence:
    """A caption's words with what they are compared by."""

    words: Words
    stems: Words
    meanings: tuple[frozenset[str], ...]
    places: dict[str, list[int]] = field(repr=False)

    @classmethod
    def of(cls, words: Words, synonyms: Synonyms) -> "Sentence":
        """The words with their stems and meanings."""
        stems = tuple(map(stem, words))
        places: dict[str, list[int]] = {}
        for place, one in enumerate(stems):
            places.setdefault(one, []).append(place)
        return cls(words, stems, tuple(map(synonyms, words)), places)


def align_words(candidate: Sentence, reference: Sentence) -> list[Match]:
    """Match words one to one: so that the matches weigh most, then in the fewest chunks, then the nearest.

    Words match where they are equal (1), else where their stems are (0.6), else where they share a meaning
    (0.8). A search that keeps the 40 best beginnings, as METEOR's: exact but for sentences that repeat many
    words.
    """
    options = [_options(place, candidate, reference) for place in range(len(candidate.words))]
    wanted = Counter(place for found in options for place, _ in found)
    if all(len(found) < 2 for found in options) and (not wanted or max(wanted.values()) == 1):
        return [(number, *found[0]) for number, found in enumerate(options) if found]
    return _search(options, wanted)


def chunks(matches: Sequence[Match]) -> int:
    """How many runs there are of matches that follow each other in both sentences."""
    joined = sum(b[0] - a[0] == 1 == b[1] - a[1] for a, b in pairwise(matches))
    return len(matches) - joined


def _options(place: int, candidate: Sentence, reference: Sentence) -> list[tuple[int, float]]:
    word, meanings = candidate.words[place], candidate.meanings[place]
    same_stem = reference.places.get(candidate.stems[place], ())
    found = [(other, EXACT if reference.words[other] == word else STEM) for other in same_stem]
    if meanings:
        for other, theirs in enumerate(reference.meanings):
            if theirs and not meanings.isdisjoint(theirs) and other not in same_stem:
                found.append((other, SYNONYM))
    return found


Beginning = tuple[tuple[float, int, int], int, int, tuple[Match, ...]]
"""How good it is (weight, -chunks, -distance), which of the reference's words it uses, the last, matches."""


def _search(options: list[list[tuple[int, float]]], wanted: Counter[int]) -> list[Match]:
    """Word by word; of beginnings that leave the same words free and end at the same, the best is kept."""
    alike = Counter(tuple(place for place, _ in found) for found in options)
    later = _wanted_later(options)
    beginnings: list[Beginning] = [((0.0, 0, 0), 0, -2, ())]
    for number, found in enumerate(options):
        places = tuple(place for place, _ in found)
        enough = alike[places] <= len(places) and all(wanted[place] == alike[places] for place in places)
        best: dict[tuple[int, int], Beginning] = {}
        for beginning in beginnings:
            for longer in _longer(beginning, number, found, enough):
                key = longer[1] & later[number], longer[2]
                if key not in best or longer[0] > best[key][0]:
                    best[key] = longer
        beginnings = list(best.values())
        if len(beginnings) > BEAM:
            rest = options[number + 1 :]
            beginnings = sorted(beginnings, key=lambda one: _hope(one, rest), reverse=True)[:BEAM]
    return list(max(beginnings, key=itemgetter(0))[3])


def _hope(beginning: Beginning, rest: list[list[tuple[int, float]]]) -> tuple[float, int, int]:
    """How good a beginning may become: as if each word that is left could have the best of what is free."""
    (weight, parts, distance), used = beginning[:2]
    free = (max((more for other, more in found if not used >> other & 1), default=0.0) for found in rest)
    return weight + sum(free), parts, distance


def _wanted_later(options: list[list[tuple[int, float]]]) -> list[int]:
    """For each word of the candidate, the reference's words that those behind it may match, as bits."""
    later, seen = [], 0
    for found in reversed(options):
        later.append(seen)
        for place, _ in found:
            seen |= 1 << place
    return later[::-1]


def _longer(
    beginning: Beginning, number: int, found: list[tuple[int, float]], enough: bool
) -> list[Beginning]:
    """A beginning with a word more: matched in each way, or not, unless there is enough for all."""
    (weight, parts, distance), used, last, matches = beginning
    longer: list[Beginning] = []
    for other, more in found:
        if not used >> other & 1:
            quality = weight + more, parts - (other != last + 1), distance - abs(number - other)
            longer.append((quality, used | 1 << other, other, (*matches, (number, other, more))))
    if not (enough and longer):
        longer.append(((weight, parts, distance), used, -2, matches))
    return longer
