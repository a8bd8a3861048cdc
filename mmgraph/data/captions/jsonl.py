"""Our own file of captions, one picture in a line.

{"image": "dog.jpg", "captions": ["a dog runs", "a brown dog"], "audio": "dog.wav", "split": "train"}

`audio` and `split` may be left out. Paths count from the folder of the file.
"""

import os
from pathlib import Path
from typing import Any

from mmgraph.data.captions.captioned_image import CaptionedImage
from mmgraph.errors import InputError
from mmgraph.interop.checked import parse, record, require_type, short

__all__ = ["read_jsonl"]


def read_jsonl(path: str | os.PathLike[str]) -> list[CaptionedImage]:
    """Read a file of captions, one JSON object in each line.

    Raises:
        InputError: names the file and the line of what cannot be read; a picture that comes twice.
    """
    place = os.fspath(path)
    try:
        lines = Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(f"{place}: cannot read: {error.strerror or error}") from error
    found: dict[str, CaptionedImage] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            item = _item(parse(line), Path(path).parent)
            if item.id in found:
                raise InputError(f"the picture {short(item.id)} is there twice: put its captions together")
        except InputError as error:
            raise InputError(f"{place}, line {number}: {error}") from error
        found[item.id] = item
    if not found:
        raise InputError(f"{place} has no line with a picture")
    return list(found.values())


def _item(value: Any, folder: Path) -> CaptionedImage:
    entry = record(value, "the line", ("image", "captions"), ("audio", "split"))
    captions = require_type(entry["captions"], list, "captions")
    for number, caption in enumerate(captions):
        if not require_type(caption, str, f"captions[{number}]").strip():
            raise InputError(f"captions[{number}] is empty")
    if not captions:
        raise InputError("captions is empty: give at least one")
    image = _text(entry["image"], "image")
    audio, split = (
        None if entry.get(name) is None else _text(entry[name], name) for name in ("audio", "split")
    )
    return CaptionedImage(
        id=image,
        image=str(folder / image),
        captions=tuple(caption.strip() for caption in captions),
        split=split,
        audio=None if audio is None else str(folder / audio),
    )


def _text(value: Any, name: str) -> str:
    text: str = require_type(value, str, name)
    if not text:
        raise InputError(f"{name} is empty")
    return text
