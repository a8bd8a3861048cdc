"""Interactions from csv, tsv and parquet files with named columns."""

import csv
import os
from collections.abc import Iterator, Sequence
from typing import Any

from mmgraph.data.recommendation.bounded_text import MAX_BYTES, text_lines
from mmgraph.data.recommendation.columns import NameColumn, NumberColumn, Row, pieces
from mmgraph.data.recommendation.named_interactions import NamedInteractions
from mmgraph.errors import InputError
from mmgraph.extras import require

__all__ = ["read_table"]

SEPARATORS = {".csv": ",", ".tsv": "\t"}

MAX_ROWS = 2**28
"""Of a parquet file, whose packing lets a small file claim any number of rows."""


def read_table(
    path: str | os.PathLike[str],
    user: str = "user",
    item: str = "item",
    rating: str | None = None,
    time: str | None = None,
    part: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> NamedInteractions:
    """Read interactions from a table; columns that are not named are left out.

    Args:
        path: a `.csv` or `.tsv` file (also with `.gz`) whose first line names the columns, with quotes as csv
            has them; or a `.parquet` file, which needs the extra `parquet`.
        user: the column of the users' names.
        item: likewise.
        rating: a column of numbers.
        time: a column of seconds; in parquet timestamps too.
        part: a column of 0 for training, 1 for validation, 2 for test.
        max_bytes: of the text, unpacked; more is an error.

    Raises:
        InputError: names the file and the line of what cannot be read.
        MissingExtraError: a parquet file without pyarrow.
    """
    place = os.fspath(path)
    wanted = [name for name in (user, item, rating, time, part) if name is not None]
    if place.endswith(".parquet"):
        header, found = _parquet(place, wanted)
    else:
        header, found = _text(place, wanted, max_bytes)
    names = {name: NameColumn() for name in (user, item)}
    numbers = {name: NumberColumn() for name in (rating, time, part) if name is not None}
    at = {name: header.index(name) for name in wanted}
    for where, columns in pieces(found, len(header), place):
        for name, gathered in names.items():
            if "" in columns[at[name]]:
                line = where[columns[at[name]].index("")]
                raise InputError(f"{place}, line {line}: {name} is empty: every row needs a user and an item")
            gathered.add(columns[at[name]])
        for name, column in numbers.items():
            try:
                column.add(columns[at[name]])
            except ValueError as error:
                raise InputError(
                    f"{place}, lines {where[0]} to {where[-1]}: {name} has a cell that is no number ({error})"
                ) from error
    ready = {name: column.finish() for name, column in numbers.items()}
    return NamedInteractions.of_columns(
        names[user].finish(),
        names[item].finish(),
        None if rating is None else ready[rating],
        None if time is None else ready[time],
        None if part is None else ready[part],
        place,
    )


def _text(place: str, wanted: Sequence[str], max_bytes: int) -> tuple[list[str], Iterator[Row]]:
    suffix = os.path.splitext(place.removesuffix(".gz"))[1]
    if suffix not in SEPARATORS:
        raise InputError(f"{place}: expected a .csv, .tsv or .parquet file, or one of the first two with .gz")
    reader = csv.reader(
        (line + "\n" for line in text_lines(place, max_bytes)), delimiter=SEPARATORS[suffix], strict=True
    )
    header = next(_csv_rows(reader, place), (1, [""]))[1]
    _check_header(header, wanted, place)
    return list(header), _csv_rows(reader, place)


def _csv_rows(reader: Any, place: str) -> Iterator[Row]:
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{place}, line {reader.line_num}: {error}") from error


def _parquet(place: str, wanted: Sequence[str]) -> tuple[list[str], Iterator[Row]]:
    parquet = require("pyarrow.parquet")
    try:
        file = parquet.ParquetFile(place)
    except (OSError, ValueError) as error:
        raise InputError(f"{place}: is no parquet file that can be read: {error}") from error
    _check_header(file.schema_arrow.names, wanted, place)
    if file.metadata.num_rows > MAX_ROWS:
        raise InputError(f"{place}: has {file.metadata.num_rows} rows, more than {MAX_ROWS}: cut it up")
    return list(wanted), _parquet_rows(file, wanted, place)


def _parquet_rows(file: Any, wanted: Sequence[str], place: str) -> Iterator[Row]:
    arrow = require("pyarrow")
    done = 0
    try:
        for batch in file.iter_batches(columns=list(wanted)):
            columns = [_cells(batch.column(name), arrow) for name in wanted]
            yield from enumerate(zip(*columns, strict=True), start=done + 1)
            done += batch.num_rows
    except (OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"{place}: cannot be read after row {done}: {error}") from error


def _cells(column: Any, arrow: Any) -> list[str]:
    """Values as text; "" for null, and seconds for timestamps."""
    if arrow.types.is_timestamp(column.type):
        micro = column.cast(arrow.timestamp("us", column.type.tz)).cast(arrow.int64()).to_pylist()
        return ["" if value is None else repr(value / 1e6) for value in micro]
    return ["" if value is None else str(value) for value in column.to_pylist()]


def _check_header(header: Sequence[str], wanted: Sequence[str], place: str) -> None:
    for name in wanted:
        if header.count(name) != 1:
            raise InputError(
                f"{place} has {header.count(name)} columns {name!r}, expected one; its columns are "
                f"{', '.join(header)}: pass the column's name"
            )
