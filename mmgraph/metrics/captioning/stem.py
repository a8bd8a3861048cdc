"""English words without their endings."""

import re
from functools import lru_cache

__all__ = ["stem"]

MEMORY = 1 << 17


@lru_cache(MEMORY)
def stem(word: str) -> str:
    """A lower-case English word without its endings: "running" and "runs" are "run", "ponies" is "poni".

    Porter, "Snowball: A language for stemming algorithms", 2001: its English stemmer, also called Porter2,
    which mends "An algorithm for suffix stripping", Program 14(3), 1980. What it makes need not be a word;
    only equality counts.
    """
    if len(word) <= 2:
        return word
    if word in IRREGULAR:
        return IRREGULAR[word]
    word = CONSONANT_Y.sub(r"\1Y", word.removeprefix("'"))
    first, second = _regions(word)
    word = _without_plural(POSSESSIVE.sub("", word))
    if word not in FINISHED:
        word = _without_past(word, first)
        word = FINAL_Y.sub("i", word)
        for endings in (DERIVED, FURTHER_DERIVED):
            word = _replaced(word, endings, first, second)
        word = _without_ending(word, second)
        word = _without_final(word, first, second)
    return word.replace("Y", "y")


IRREGULAR = {
    "skis": "ski",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "idly": "idl",
    "gently": "gentl",
    "ugly": "ugli",
    "early": "earli",
    "only": "onli",
    "singly": "singl",
    **{word: word for word in ("sky", "news", "howe", "atlas", "cosmos", "bias", "andes")},
}
FINISHED = frozenset(("inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed"))
"""Words that stay as they are once their plural is gone."""

CONSONANT_Y = re.compile(r"(^|[aeiouy])y")
POSSESSIVE = re.compile(r"'(?:s'?)?$")
FINAL_Y = re.compile(r"(?<=[^aeiouy])(?<!^.)[yY]$")
VOWEL = re.compile(r"[aeiouy]")
REGION = re.compile(r"[aeiouy][^aeiouy]")
SHORT_SYLLABLE = re.compile(r"(?:(?:^|.*[^aeiouy])[aeiouy][^aeiouywxY]|^[aeiouy][^aeiouy])$")

DERIVED = {
    "ational": "ate",
    "tional": "tion",
    "ization": "ize",
    "ation": "ate",
    "ator": "ate",
    "izer": "ize",
    "enci": "ence",
    "anci": "ance",
    "abli": "able",
    "entli": "ent",
    "alism": "al",
    "aliti": "al",
    "alli": "al",
    "fulness": "ful",
    "ousness": "ous",
    "ousli": "ous",
    "iveness": "ive",
    "iviti": "ive",
    "biliti": "ble",
    "bli": "ble",
    "ogi": "og",
    "fulli": "ful",
    "lessli": "less",
    "li": "",
}
FURTHER_DERIVED = {
    "ational": "ate",
    "tional": "tion",
    "alize": "al",
    "icate": "ic",
    "iciti": "ic",
    "ical": "ic",
    "ful": "",
    "ness": "",
    "ative": "",
}
ENDINGS = (
    "ement",
    *("ance", "ence", "able", "ible", "ment"),
    *("ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion"),
    *("al", "er", "ic"),
)
"""The longest first."""


def _regions(word: str) -> tuple[int, int]:
    """Where the two regions begin in which endings are taken off: behind a vowel and a consonant, twice."""
    first = next((len(start) for start in ("gener", "commun", "arsen") if word.startswith(start)), None)
    if first is None:
        found = REGION.search(word)
        first = found.end() if found else len(word)
    found = REGION.search(word, first)
    return first, found.end() if found else len(word)


def _without_plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")) and VOWEL.search(word[:-2]):
        return word[:-1]
    return word


def _without_past(word: str, first: int) -> str:
    for ending in ("eedly", "eed"):
        if word.endswith(ending):
            return word[: -len(ending)] + "ee" if len(word) - len(ending) >= first else word
    for ending in ("ingly", "edly", "ing", "ed"):
        if word.endswith(ending):
            rest = word[: -len(ending)]
            return _mended(rest, first) if VOWEL.search(rest) else word
    return word


def _mended(rest: str, first: int) -> str:
    """What is left of "hopping" and "hoping" is "hop" and "hope"."""
    if rest.endswith(("at", "bl", "iz")):
        return rest + "e"
    if rest[-2:] in ("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt"):
        return rest[:-1]
    return rest + "e" if len(rest) <= first and SHORT_SYLLABLE.match(rest) else rest


def _replaced(word: str, endings: dict[str, str], first: int, second: int) -> str:
    """Exchange the longest ending that a word has, where it lies in its region, behind the right letter."""
    for length in range(7, 1, -1):
        ending = word[-length:]
        if ending in endings and len(ending) == length:
            start = len(word) - length
            allowed = start >= (second if ending == "ative" else first)
            if ending == "ogi":
                allowed &= word[start - 1 : start] == "l"
            if ending == "li":
                allowed &= word[start - 1 : start] in tuple("cdeghkmnrt")
            return word[:start] + endings[ending] if allowed else word
    return word


def _without_ending(word: str, second: int) -> str:
    for ending in ENDINGS:
        if word.endswith(ending):
            start = len(word) - len(ending)
            allowed = start >= second and (ending != "ion" or word[start - 1 : start] in ("s", "t"))
            return word[:start] if allowed else word
    return word


def _without_final(word: str, first: int, second: int) -> str:
    start = len(word) - 1
    if word.endswith("e") and (
        start >= second or (start >= first and not SHORT_SYLLABLE.match(word[:start]))
    ):
        return word[:start]
    if word.endswith("ll") and start >= second:
        return word[:start]
    return word
