"""The lines of a text file that is not trusted, packed with gzip or not."""

import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from mmgraph.errors import InputError

__all__ = ["MAX_BYTES", "find_packed", "text_lines"]

MAX_BYTES = 2**32
"""How much is read of a file, unpacked, unless told otherwise: 4 GiB, some 100 million interactions."""

MAX_LINE = 2**24
"""The longest line, in bytes: a file of one endless line is refused before it fills the memory."""


def text_lines(path: str | os.PathLike[str], max_bytes: int = MAX_BYTES) -> Iterator[str]:
    """Each line of a file in UTF-8, without its end; a name that ends in `.gz` is unpacked as it is read.

    Args:
        path: the file.
        max_bytes: of the text, unpacked; more is an error.

    Raises:
        InputError: the file cannot be read, is damaged, is no UTF-8, or is too large; it has the file's name.
    """
    place, done = os.fspath(path), 0
    try:
        with gzip.open(place, "rb") if place.endswith(".gz") else Path(place).open("rb") as file:
            number = 0
            while line := file.readline(min(MAX_LINE, max_bytes - done) + 1):
                number, done = number + 1, done + len(line)
                if done > max_bytes or len(line) > MAX_LINE:
                    limit = f"{max_bytes} bytes" if done > max_bytes else f"{MAX_LINE} bytes in line {number}"
                    raise InputError(f"{place}: more than {limit}: give max_bytes if the file is trusted")
                yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{place}, line {number}: is no UTF-8 ({error}): convert the file") from error
    except (OSError, EOFError, zlib.error) as error:
        what = getattr(error, "strerror", None) or error
        raise InputError(f"{place}: cannot be read: {what}") from error


def find_packed(path: str | os.PathLike[str]) -> Path | None:
    """The file, or else the same name with `.gz` behind; None if neither is there."""
    plain = Path(path)
    return next((file for file in (plain, plain.with_name(f"{plain.name}.gz")) if file.is_file()), None)
