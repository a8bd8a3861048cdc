"""CoNLL-U, the treebanks' format, into words with their places in the text and their heads.

The format: https://universaldependencies.org/format.html. Several sentences make one text. Multiword tokens
(`1-2 du`, then `1 de`, `2 le`) give their words; empty nodes (`8.1`) have no surface and are left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mmgraph.errors import InputError

__all__ = ["ConlluText", "ConlluWord", "read_conllu"]

TEXT = re.compile(r"#\s*text\s*=\s*(.*)")
WORD, RANGE, EMPTY = (
    re.compile(pattern, re.ASCII) for pattern in (r"\d{1,9}", r"(\d{1,9})-(\d{1,9})", r"(\d{1,9})\.\d{1,9}")
)

Line = tuple[int, str]


@dataclass(frozen=True)
class ConlluWord:
    """A syntactic word.

    Args:
        form: the word as it is written, or as its multiword token stands for it.
        start: its first character in the text; where a multiword token cannot be cut into the forms of its
            words, the token's.
        end: the character after its last.
        head: number of its head in the text, from 0; -1 for the root of a sentence; None if it has no parse.
        relation: the relation to its head, or "_".
    """

    form: str
    start: int
    end: int
    head: int | None
    relation: str


@dataclass(frozen=True)
class ConlluText:
    """Sentences in a row: one text and all its words."""

    text: str
    words: tuple[ConlluWord, ...]


@dataclass
class _Token:
    """A surface token: a word of its own, or a multiword token that stands for `first`..`last`."""

    form: str
    line: int
    first: int
    last: int
    space_after: bool


@dataclass
class _Sentence:
    line: int
    text: str | None
    fields: list[list[str]]
    lines: list[int]
    tokens: list[_Token]


def read_conllu(content: str) -> ConlluText:
    """The text and the words of a CoNLL-U string.

    The text of a sentence is its comment `# text = ...`; without one it is put together from the forms and
    `SpaceAfter=No`. Sentences are joined by a space, unless the last token says `SpaceAfter=No`.

    Raises:
        InputError: the line, and what is wrong with it.
    """
    text, gap = "", ""
    words: list[ConlluWord] = []
    for block in _blocks(content):
        sentence = _sentence(block)
        own_text = _spell(sentence.tokens) if sentence.text is None else sentence.text
        spans = _place(sentence, own_text)
        text += gap
        words += _words(sentence, spans, len(text), len(words))
        text += own_text
        gap = " " if sentence.tokens[-1].space_after else ""
    return ConlluText(text, tuple(words))


def _blocks(content: str) -> Iterator[list[Line]]:
    """The numbered lines of each sentence."""
    block: list[Line] = []
    # Not splitlines: a form may hold one of the rarer line separators.
    for number, line in enumerate(content.split("\n"), 1):
        line = line.removesuffix("\r")
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _sentence(block: Sequence[Line]) -> _Sentence:
    sentence = _Sentence(block[0][0], None, [], [], [])
    for number, line in block:
        if line.startswith("#"):
            if match := TEXT.fullmatch(line):
                sentence.text = match[1]
            continue
        fields = line.split("\t")
        if len(fields) != 10 or not fields[1]:
            raise _error(
                number, f"{line[:60]!r} has {len(fields)} columns, expected 10 with a FORM, cut by tabs"
            )
        _add(sentence, number, fields)
    if not sentence.fields:
        raise _error(sentence.line, "a sentence of comments only, without a word")
    if sentence.tokens[-1].last >= len(sentence.fields):
        token = sentence.tokens[-1]
        raise _error(token.line, f"multiword token up to {token.last + 1} of {len(sentence.fields)} words")
    return sentence


def _add(sentence: _Sentence, number: int, fields: list[str]) -> None:
    """One line that is no comment: a multiword token, an empty node or a word."""
    count, covered = len(sentence.fields), sentence.tokens[-1].last if sentence.tokens else -1
    space_after = "SpaceAfter=No" not in fields[9].split("|")
    if match := RANGE.fullmatch(fields[0]):
        first, last = int(match[1]) - 1, int(match[2]) - 1
        if first != count or last <= first or covered >= first:
            raise _error(number, f"multiword token {fields[0]} where word {count + 1} comes next")
        sentence.tokens.append(_Token(fields[1], number, first, last, space_after))
    elif match := EMPTY.fullmatch(fields[0]):
        if int(match[1]) != count:
            raise _error(number, f"empty node {fields[0]} after word {count}")
    elif WORD.fullmatch(fields[0]):
        if int(fields[0]) != count + 1:
            raise _error(number, f"ID {fields[0]} where {count + 1} comes next")
        if covered < count:
            sentence.tokens.append(_Token(fields[1], number, count, count, space_after))
        sentence.fields.append(fields)
        sentence.lines.append(number)
    else:
        raise _error(number, f"ID {fields[0]!r} is not of the form 1, 1-2 or 1.1")


def _spell(tokens: Sequence[_Token]) -> str:
    pieces = [token.form + " " * token.space_after for token in tokens]
    return "".join(pieces).removesuffix(" ")


def _place(sentence: _Sentence, text: str) -> list[tuple[int, int]]:
    """Start and end of each word in the text of its sentence."""
    spans: list[tuple[int, int]] = []
    position = 0
    for token in sentence.tokens:
        while text[position : position + 1].isspace():
            position += 1
        if not text.startswith(token.form, position):
            found = text[position : position + len(token.form)]
            raise _error(token.line, f"FORM {token.form!r}, but the comment '# text' has {found!r} there")
        end = position + len(token.form)
        forms = [fields[1] for fields in sentence.fields[token.first : token.last + 1]]
        if "".join(forms) == token.form:
            for form in forms:
                spans.append((position, position + len(form)))
                position += len(form)
        else:
            spans += [(position, end)] * len(forms)
        position = end
    if text[position:].strip():
        raise _error(sentence.line, f"the comment '# text' goes on with {text[position:][:40]!r}")
    return spans


def _words(
    sentence: _Sentence, spans: Sequence[tuple[int, int]], characters: int, words: int
) -> Iterator[ConlluWord]:
    """The words of a sentence, counted on from the characters and words before it."""
    count = len(sentence.fields)
    for own, (fields, line, (start, end)) in enumerate(
        zip(sentence.fields, sentence.lines, spans, strict=True)
    ):
        head: int | None = None
        if fields[6] != "_":
            if not WORD.fullmatch(fields[6]) or int(fields[6]) > count or int(fields[6]) == own + 1:
                raise _error(
                    line, f"HEAD {fields[6]!r} of word {own + 1}, expected 0 to {count}, another word's ID"
                )
            head = words + int(fields[6]) - 1 if int(fields[6]) else -1
        yield ConlluWord(fields[1], characters + start, characters + end, head, fields[7])


def _error(line: int, what: str) -> InputError:
    return InputError(f"CoNLL-U line {line}: {what}")
