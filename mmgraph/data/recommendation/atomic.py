"""RecBole's atomic files, and MMRec's: tables with tabs whose header gives each column a type.

Zhao et al., "RecBole: Towards a Unified, Comprehensive and Efficient Framework for Recommendation
Algorithms", CIKM 2021, arXiv 2011.01731; Zhou, "MMRec: Simplifying Multimodal Recommendation", 2023, arXiv
2302.03497.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.data.recommendation.bounded_text import MAX_BYTES, text_lines
from mmgraph.data.recommendation.columns import NameColumn, Names, NumberColumn, Row, pieces
from mmgraph.data.recommendation.knowledge import Knowledge
from mmgraph.data.recommendation.named_interactions import NamedInteractions
from mmgraph.errors import InputError

__all__ = ["AtomicFile", "read_atomic", "read_inter", "read_kg", "read_link"]

TYPES = ("token", "token_seq", "float", "float_seq")

USER, ITEM = ("user_id", "userID"), ("item_id", "itemID")
RATING, TIME, PART = ("rating",), ("timestamp",), ("x_label",)
"""The names that RecBole and MMRec give the columns."""

NUMBERS = {*RATING, *TIME, *PART}
"""Columns that hold numbers in a file whose header gives no types, as MMRec's."""


@dataclass(frozen=True, eq=False)
class AtomicFile:
    """The columns of one file.

    Args:
        path: where it came from, for messages.
        types: of each column, "token", "token_seq", "float" or "float_seq".
        tokens: the columns of names.
        token_sequences: the words of each row.
        floats: numbers, NaN where a cell is empty.
        float_sequences: the numbers of each row.
    """

    path: str
    types: Mapping[str, str]
    tokens: Mapping[str, Names]
    token_sequences: Mapping[str, tuple[tuple[str, ...], ...]]
    floats: Mapping[str, Float[Tensor, " R"]]
    float_sequences: Mapping[str, tuple[Tensor, ...]]

    def names(self, column: str) -> Names:
        """A column of tokens.

        Raises:
            InputError: there is none of this name.
        """
        if column not in self.tokens:
            raise InputError(
                f"{self.path} has no column {column}:token; it has "
                + ", ".join(f"{name}:{kind}" for name, kind in self.types.items())
            )
        return self.tokens[column]

    def texts(self, column: str) -> list[str]:
        """A column of tokens, or of words with spaces between, as the text of each row.

        Raises:
            InputError: there is none of this name.
        """
        if column in self.token_sequences:
            return [" ".join(words) for words in self.token_sequences[column]]
        return list(self.names(column))


def read_atomic(path: str | os.PathLike[str], separator: str = " ", max_bytes: int = MAX_BYTES) -> AtomicFile:
    r"""Read an atomic file: `.inter`, `.item`, `.user`, `.kg`, `.link`, or any of them with `.gz`.

    The first line names the columns, as `user_id:token<tab>rating:float`. A column without a type, as MMRec
    writes them, is of tokens, or of numbers if it is called rating, timestamp or x_label.

    Args:
        path: the file.
        separator: between the parts of a sequence.
        max_bytes: of the text, unpacked; more is an error.

    Raises:
        InputError: names the file and the line of what cannot be read.
    """
    place = os.fspath(path)
    lines = text_lines(path, max_bytes)
    types = _types(next(lines, ""), place)
    rows: Iterator[Row] = (
        (number, line.split("\t")) for number, line in enumerate(lines, start=2) if line.strip()
    )
    names = {column: NameColumn() for column, kind in types.items() if kind == "token"}
    numbers = {column: NumberColumn() for column, kind in types.items() if kind == "float"}
    words: dict[str, list[tuple[str, ...]]] = {c: [] for c, kind in types.items() if kind == "token_seq"}
    vectors: dict[str, list[Tensor]] = {c: [] for c, kind in types.items() if kind == "float_seq"}
    for where, columns in pieces(rows, len(types), place):
        for column, cells in zip(types, columns, strict=True):
            try:
                if column in names:
                    names[column].add(cells)
                elif column in numbers:
                    numbers[column].add(cells)
                elif column in words:
                    words[column] += [tuple(part for part in cell.split(separator) if part) for cell in cells]
                else:
                    vectors[column] += [_vector(cell, separator) for cell in cells]
            except ValueError as error:
                raise _no_number(column, cells, where, separator, place) from error
    return AtomicFile(
        place,
        types,
        {column: found.finish() for column, found in names.items()},
        {column: tuple(rows) for column, rows in words.items()},
        {column: found.finish() for column, found in numbers.items()},
        {column: tuple(rows) for column, rows in vectors.items()},
    )


def read_inter(
    path: str | os.PathLike[str],
    user: str | None = None,
    item: str | None = None,
    rating: str | None = None,
    time: str | None = None,
    part: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> NamedInteractions:
    """Read interactions from an `.inter` file.

    Args:
        path: the file.
        user: its column; by default "user_id" or MMRec's "userID".
        item: likewise, "item_id" or "itemID".
        rating: likewise, "rating", where it is there.
        time: likewise, "timestamp", where it is there.
        part: likewise, "x_label", where it is there: 0 for training, 1 for validation, 2 for test.
        max_bytes: of the text, unpacked; more is an error.

    Raises:
        InputError: names the file and what it lacks.
    """
    file = read_atomic(path, max_bytes=max_bytes)
    return NamedInteractions.of_columns(
        _names(file, user, USER),
        _names(file, item, ITEM),
        _numbers(file, rating, RATING),
        _numbers(file, time, TIME),
        _numbers(file, part, PART),
        file.path,
    )


def read_link(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> dict[str, str]:
    """The entity of each item of a `.link` file, by the item's id.

    Raises:
        InputError: the file cannot be read, or gives an item two entities.
    """
    file = read_atomic(path, max_bytes=max_bytes)
    found: dict[str, str] = {}
    for item, entity in zip(_names(file, None, ITEM), file.names("entity_id"), strict=True):
        if found.setdefault(item, entity) != entity:
            raise InputError(f"{file.path}: item {item!r} has two entities, {found[item]!r} and {entity!r}")
    return found


def read_kg(
    kg: str | os.PathLike[str],
    link: str | os.PathLike[str],
    item_ids: Sequence[str],
    max_bytes: int = MAX_BYTES,
) -> Knowledge:
    """Read a `.kg` file of triples, with the `.link` file that says which entity an item is.

    Args:
        kg: columns head_id, relation_id and tail_id; a triple that comes twice is kept once.
        link: columns item_id and entity_id.
        item_ids: the items by number; others that the link file has are left out.
        max_bytes: of each text, unpacked; more is an error.

    Raises:
        InputError: a file cannot be read, or lacks a column.
    """
    file = read_atomic(kg, max_bytes=max_bytes)
    columns = [file.names(name) for name in ("head_id", "relation_id", "tail_id")]
    return Knowledge.of(list(zip(*columns, strict=True)), read_link(link, max_bytes), item_ids)


def _types(header: str, place: str) -> dict[str, str]:
    types: dict[str, str] = {}
    for cell in header.split("\t"):
        name, colon, kind = cell.strip().rpartition(":")
        if not colon:
            name, kind = kind, "float" if kind in NUMBERS else "token"
        if kind not in TYPES or not name or name in types:
            raise InputError(
                f"{place}, line 1: got the column {cell[:60]!r}, expected name:type, each name once, tabs "
                f"between, of the types {', '.join(TYPES)}"
            )
        types[name] = kind
    return types


def _vector(cell: str, separator: str) -> Tensor:
    return torch.tensor([float(part) for part in cell.split(separator) if part])


def _no_number(
    column: str, cells: Sequence[str], where: Sequence[int], separator: str, place: str
) -> InputError:
    """The error that says which cell it was."""
    for line, cell in zip(where, cells, strict=True):
        try:
            [float(part) for part in cell.split(separator) if part]
        except ValueError:
            return InputError(f"{place}, line {line}: {column} is {cell[:60]!r}, expected a number")
    return InputError(
        f"{place}, lines {where[0]} to {where[-1]}: {column} has a cell that is no single number"
    )


def _names(file: AtomicFile, wanted: str | None, usual: Sequence[str]) -> Names:
    return file.names(wanted or next((name for name in usual if name in file.tokens), usual[0]))


def _numbers(file: AtomicFile, wanted: str | None, usual: Sequence[str]) -> Tensor | None:
    if wanted is not None and wanted not in file.floats:
        raise InputError(
            f"{file.path} has no column {wanted}:float; it has "
            + ", ".join(f"{name}:{kind}" for name, kind in file.types.items())
        )
    name = wanted or next((name for name in usual if name in file.floats), None)
    return None if name is None else file.floats[name]
