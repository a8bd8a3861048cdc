"""Flickr8k and Flickr30k: a file of captions beside a folder of pictures.

Hodosh, Young and Hockenmaier, "Framing image description as a ranking task", JAIR 47, 2013; Young et al.,
"From image descriptions to visual denotations", TACL 2, 2014.
"""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mmgraph.data.captions.captioned_image import CaptionedImage
from mmgraph.errors import InputError

__all__ = ["read_flickr"]

HEADER = ["image", "caption"]


def read_flickr(
    captions: str | os.PathLike[str], images: str | os.PathLike[str], skip_missing: bool = False
) -> list[CaptionedImage]:
    """Read the captions of Flickr8k or Flickr30k.

    Two forms are known: `image,caption` csv, whose first line says so, with quotes where a caption has a
    comma; and that of the official token file, `image.jpg#0<tab>caption` in each line.

    Args:
        captions: the file, such as `captions.txt` or `Flickr8k.token.txt`.
        images: the folder of the pictures.
        skip_missing: leave out pictures that are not in the folder; without it they are an error. (The
            official token file of Flickr8k names one that is not in the archive.)

    Returns:
        the pictures in the order in which they first appear, each with its captions.

    Raises:
        InputError: names the file and the line of what cannot be read.
    """
    place, folder = os.fspath(captions), Path(images)
    if not folder.is_dir():
        raise InputError(f"there is no folder of pictures {os.fspath(images)!r}")
    found: dict[str, list[str]] = {}
    first_line: dict[str, int] = {}
    for line, name, caption in _rows(_text(captions), place):
        if not caption.strip():
            raise InputError(f"{place}, line {line}: the caption of {name!r} is empty")
        if not name or PurePosixPath(name).name != name or name in (".", ".."):
            raise InputError(f"{place}, line {line}: {name!r} is no name of a file in a folder of pictures")
        found.setdefault(name, []).append(caption.strip())
        first_line.setdefault(name, line)
    there = set(os.listdir(folder))
    missing = [name for name in found if name not in there]
    if missing and not skip_missing:
        raise InputError(
            f"{place}, line {first_line[missing[0]]}: {os.fspath(images)!r} has no {missing[0]!r} "
            f"({len(missing)} of {len(found)} pictures are missing): give their folder, or skip_missing=True"
        )
    kept = [name for name in found if name in there]
    if not kept:
        raise InputError(f"{place} names no picture that is in {os.fspath(images)!r}")
    return [CaptionedImage(name, str(folder / name), tuple(found[name])) for name in kept]


def _text(path: str | os.PathLike[str]) -> str:
    try:
        # Not read_text: it would hide a carriage return inside quotes.
        return Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{os.fspath(path)!r} cannot be read as UTF-8: {error}") from error


def _rows(text: str, place: str) -> Iterator[tuple[int, str, str]]:
    """The number of the line, the picture and the caption of each entry."""
    first = text.partition("\n")[0].strip()
    if [cell.strip().lower() for cell in first.split(",")] == HEADER:
        return _csv_rows(text, place)
    if "\t" in first and "#" in first.partition("\t")[0]:
        return _token_rows(text, place)
    raise InputError(
        f"{place}, line 1: got {first[:60]!r}, expected 'image,caption' or 'image.jpg#0<tab>a caption'"
    )


def _csv_rows(text: str, place: str) -> Iterator[tuple[int, str, str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        next(reader)
        for row in reader:
            if not row:
                continue
            if len(row) != 2:
                raise InputError(
                    f"{place}, line {reader.line_num}: got {len(row)} columns, expected image and caption: "
                    "a caption with a comma needs quotes"
                )
            yield reader.line_num, row[0].strip(), row[1]
    except csv.Error as error:
        raise InputError(f"{place}, line {reader.line_num}: {error}") from error


def _token_rows(text: str, place: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        key, tab, caption = line.partition("\t")
        name, mark, index = key.rpartition("#")
        if not (tab and mark and index.strip().isdecimal()):
            raise InputError(
                f"{place}, line {number}: got {line[:60]!r}, expected image.jpg#0, a tab and the caption"
            )
        yield number, name.strip(), caption
