"""Columns of texts and numbers, gathered from the rows of a file a piece at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float64, Int
from numpy.typing import NDArray
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["NameColumn", "Names", "NumberColumn", "Row", "in_order", "pieces", "renumbered"]

PIECE = 2**16
"""Rows that are worked on at once."""

Row = tuple[int, Sequence[str]]
"""The number of a line and its cells."""


@dataclass(frozen=True, eq=False)
class Names:
    """A column of names, each kept once.

    Args:
        codes: number of the name in each row, int64.
        names: by number, each once, in order: whole numbers by value, then everything else by letters. So the
            numbers do not hang on the order of the rows.
    """

    codes: Int[Tensor, " R"]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[str]:
        """The name of each row."""
        return (self.names[code] for code in self.codes.tolist())


class NameColumn:
    """Gathers names."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._pieces: list[NDArray[np.int64]] = []

    def add(self, names: Iterable[str]) -> None:
        """Further rows."""
        number = self._number
        found = [number.setdefault(name, len(number)) for name in names]
        self._pieces.append(np.array(found, dtype=np.int64))

    def finish(self) -> Names:
        """The whole column."""
        names = in_order(self._number)
        place = np.empty(len(names), dtype=np.int64)
        place[[self._number[name] for name in names]] = np.arange(len(names))
        codes = np.concatenate([np.zeros(0, dtype=np.int64), *self._pieces])
        return Names(torch.from_numpy(place[codes] if len(codes) else codes), names)


class NumberColumn:
    """Gathers numbers; an empty cell is NaN."""

    def __init__(self) -> None:
        self._pieces: list[NDArray[np.float64]] = []

    def add(self, cells: Sequence[str]) -> None:
        """Further rows.

        Raises:
            ValueError: a cell that is no number.
        """
        self._pieces.append(np.array([cell or "nan" for cell in cells], dtype=np.float64))

    def finish(self) -> Float64[Tensor, " R"]:
        """The whole column."""
        return torch.from_numpy(np.concatenate([np.zeros(0), *self._pieces]))


def pieces(
    rows: Iterator[Row], width: int, place: str
) -> Iterator[tuple[Sequence[int], list[Sequence[str]]]]:
    """Rows, many at a time: the numbers of their lines, and their cells by column.

    Args:
        rows: what a file has.
        width: cells that each row has to have.
        place: the file, for messages.

    Raises:
        InputError: a row of another width.
    """
    while some := list(islice(rows, PIECE)):
        for number, cells in some:
            if len(cells) != width:
                raise InputError(
                    f"{place}, line {number}: got {len(cells)} columns, expected {width} as in the header"
                )
        lines, cells = zip(*some, strict=True)
        yield lines, list(zip(*cells, strict=True))


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once: whole numbers by value, then everything else by letters."""
    return tuple(sorted(set(names), key=_place))


def renumbered(column: Names, known: Sequence[str], what: str) -> Int[Tensor, " R"]:
    """The numbers that the names have in another list.

    Args:
        column: names of each row.
        known: the list.
        what: "user" or "item", for messages.

    Raises:
        InputError: a name that the list lacks.
    """
    number = {name: place for place, name in enumerate(known)}
    missing = [name for name in column.names if name not in number]
    if missing:
        raise InputError(
            f"the {what} {missing[0]!r} is not in the catalogue of {len(known)} ({len(missing)} such "
            f"{what}s): number all files together, or leave its rows out"
        )
    place = torch.tensor([number[name] for name in column.names], dtype=torch.long)
    return place[column.codes]


def _place(name: str) -> tuple[bool, int, str]:
    whole = name.isascii() and name.isdecimal() and len(name) < 19
    return not whole, int(name) if whole else 0, name
