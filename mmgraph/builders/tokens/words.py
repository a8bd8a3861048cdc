"""Text into words by one regular expression that knows scripts, combining marks and emoji."""

import functools
import re
import unicodedata
from collections.abc import Iterator

__all__ = ["find_words", "split_words", "word_pattern"]

SINGLE = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
SINGLE += "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
"""Han characters and kana: written without spaces, so each is a word."""

LETTER_EMOJI = "\u2139"
"""The information sign: the one emoji that Unicode counts as a letter."""

SKIN_TONES = "\U0001f3fb-\U0001f3ff"
FLAG_LETTERS = "\U0001f1e6-\U0001f1ff"
JOINER = "\u200d"
ZERO_WIDTH_SPACE = "\u200b"

ASCII_WORD = re.compile(r"\d+(?:[.,]\d+)+|\w+(?:'\w+)*|\S")
"""What `word_pattern` comes to where all characters are ASCII, in half the time."""


def split_words(text: str) -> list[str]:
    """The words of a text, in order; see `word_pattern`."""
    return [match.group() for match in find_words(text)]


def find_words(text: str) -> Iterator[re.Match[str]]:
    """The matches of `word_pattern` in a text, in order."""
    return (ASCII_WORD if text.isascii() else word_pattern()).finditer(text)


@functools.cache
def word_pattern() -> re.Pattern[str]:
    """A pattern that matches the words of any text; every character but white space is in exactly one match.

    A word is a run of letters and digits with the apostrophes inside it (don't, l’été), a number with its
    separators (3.14, 1,000), one Han or kana character, one emoji with all that belongs to it (skin tone,
    joined emoji, flag, keycap), or one other mark. Combining marks and invisible format characters belong to
    what they follow. Scripts that write no spaces, such as Thai, are not cut further.
    """
    marks = _combining()
    letter, mark = rf"[^\W{SINGLE}{LETTER_EMOJI}]", f"[{marks}]"
    extender = f"[{marks}{SKIN_TONES}]"
    word = f"{letter}+(?:{mark}+{letter}*)*"
    alternatives = [
        r"\d+(?:[.,]\d+)+",
        rf"[0-9#*]\ufe0f?\u20e3{extender}*",
        f"{word}(?:['’׳״]{word})*",
        f"[{SINGLE}]{mark}*",
        f"[{FLAG_LETTERS}]{{2}}{extender}*",
        rf"\S{extender}*(?:(?<={JOINER})[^\w\s{FLAG_LETTERS}]{extender}*)*",
    ]
    return re.compile("|".join(alternatives))


def _combining() -> str:
    """Ranges of the characters that belong to the one before them, for a character class."""
    # Marks and format characters lie in planes 0, 1 and 14 only.
    codes = [*range(0x20000), *range(0xE0000, 0xE1000)]
    found = [code for code in codes if unicodedata.category(chr(code)) in ("Mn", "Mc", "Me", "Cf")]
    found.remove(ord(ZERO_WIDTH_SPACE))
    starts = [code for before, code in zip([-2, *found], found, strict=False) if code != before + 1]
    ends = [code for code, after in zip(found, [*found[1:], -2], strict=True) if after != code + 1]
    return "".join(f"{chr(a)}-{chr(b)}" for a, b in zip(starts, ends, strict=True))
