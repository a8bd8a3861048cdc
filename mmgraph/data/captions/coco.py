"""COCO's caption files: the official ones, Karpathy's, and results.

Chen et al., "Microsoft COCO Captions: Data Collection and Evaluation Server", 2015, arXiv 1504.00325;
Karpathy and Fei-Fei, "Deep Visual-Semantic Alignments for Generating Image Descriptions", CVPR 2015, arXiv
1412.2306.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from mmgraph.data.bounded_json import field, integer_or_text, read_json
from mmgraph.data.captions.captioned_image import CaptionedImage
from mmgraph.errors import InputError
from mmgraph.interop.checked import require_type, short

__all__ = ["read_coco", "read_coco_images", "read_coco_results"]

Id = int | str
Value = TypeVar("Value")

KARPATHY_SPLITS = {"train": "train", "restval": "train", "val": "validation", "test": "test"}
"""Karpathy's parts; restval, the rest of the validation pictures, is trained on by custom."""


def read_coco(path: str | os.PathLike[str], split: str | None = None) -> dict[Id, list[str]]:
    """The captions of each image, by its id.

    Two forms are known: the official `{"images": [...], "annotations": [{"image_id", "caption"}]}`, and
    Karpathy's `{"images": [{"cocoid" or "imgid", "split", "sentences": [{"raw"}]}]}`.

    Args:
        path: such a file.
        split: of Karpathy's form only the images of this part, "train" (with restval), "validation" or
            "test"; None for all. The official files are one part each.

    Raises:
        InputError: names the file and the place of what cannot be read.
    """
    return _named(path, lambda value: _references(value, split))


def read_coco_images(path: str | os.PathLike[str], images: str | os.PathLike[str]) -> list[CaptionedImage]:
    """The pictures of a caption file with their captions, and of Karpathy's form with their part.

    Args:
        path: a file of either form (`read_coco`).
        images: the folder that the file's names count from.

    Raises:
        InputError: names the file and the place of what cannot be read; a name that leads out of the folder,
            or a picture without a caption.
    """
    return _named(path, lambda value: _pictures(value, Path(images)))


def read_coco_results(path: str | os.PathLike[str]) -> dict[Id, str]:
    """The captions of a results file, `[{"image_id", "caption"}, ...]`, by image.

    Raises:
        InputError: names the file and the place of what cannot be read; an image that comes twice.
    """
    return _named(path, _results)


def _named(path: str | os.PathLike[str], read: Callable[[Any], Value]) -> Value:
    value = read_json(path)
    try:
        return read(value)
    except InputError as error:
        raise InputError(f"{os.fspath(path)}: {error}") from error


def _results(value: Any) -> dict[Id, str]:
    found: dict[Id, str] = {}
    for number, entry in enumerate(require_type(value, list, "the results")):
        place = f"[{number}]"
        key = integer_or_text(entry, "image_id", place)
        if key in found:
            raise InputError(f"{place}: image {short(key)} is there twice: give one caption for each")
        found[key] = field(entry, "caption", str, place)
    return found


def _references(value: Any, split: str | None) -> dict[Id, list[str]]:
    if split is not None and split not in KARPATHY_SPLITS.values():
        raise InputError(f"split is {split!r}, expected train, validation or test")
    found: dict[Id, list[str]] = {}
    if _is_official(value):
        if split is not None:
            raise InputError(f"this file has no parts, so split={split!r} selects nothing: leave it out")
        for key, caption in _annotations(value):
            found.setdefault(key, []).append(caption)
        return found
    for place, entry in _entries(value, "images"):
        if split is None or _split(entry, place) == split:
            key = _karpathy_id(entry, place)
            if key in found:
                raise InputError(f"{place}: image {short(key)} is there twice")
            found[key] = _sentences(entry, place)
    return found


def _pictures(value: Any, folder: Path) -> list[CaptionedImage]:
    if not _is_official(value):
        return [
            CaptionedImage(
                str(_karpathy_id(entry, place)),
                str(folder / _inside(_karpathy_file(entry, place), place)),
                tuple(_sentences(entry, place)),
                _split(entry, place),
            )
            for place, entry in _entries(value, "images")
        ]
    captions = _references(value, None)
    found = []
    for place, entry in _entries(value, "images"):
        key = integer_or_text(entry, "id", place)
        if key not in captions:
            raise InputError(f"{place}: image {short(key)} has no caption among the annotations")
        name = _inside(field(entry, "file_name", str, place), place)
        found.append(CaptionedImage(str(key), str(folder / name), tuple(captions[key])))
    return found


def _is_official(value: Any) -> bool:
    require_type(value, dict, "the file")
    if "annotations" not in value and "images" not in value:
        raise InputError("there are neither 'annotations' nor 'images': expected a file of captions")
    return "annotations" in value


def _entries(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    for number, entry in enumerate(field(value, name, list, "the file")):
        yield f"{name}[{number}]", entry


def _annotations(value: Any) -> Iterator[tuple[Id, str]]:
    for place, entry in _entries(value, "annotations"):
        yield integer_or_text(entry, "image_id", place), field(entry, "caption", str, place)


def _karpathy_id(entry: Any, place: str) -> Id:
    known = isinstance(entry, dict) and "cocoid" in entry
    return integer_or_text(entry, "cocoid" if known else "imgid", place)


def _karpathy_file(entry: Any, place: str) -> str:
    name: str = field(entry, "filename", str, place)
    return f"{field(entry, 'filepath', str, place)}/{name}" if "filepath" in entry else name


def _sentences(entry: Any, place: str) -> list[str]:
    sentences = field(entry, "sentences", list, place)
    if not sentences:
        raise InputError(f"{place} has no sentence")
    return [field(one, "raw", str, f"{place}.sentences[{n}]") for n, one in enumerate(sentences)]


def _split(entry: Any, place: str) -> str:
    split = field(entry, "split", str, place)
    if split not in KARPATHY_SPLITS:
        raise InputError(f"{place}.split is {short(split)}, expected one of {', '.join(KARPATHY_SPLITS)}")
    return KARPATHY_SPLITS[split]


def _inside(name: str, place: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not path.name:
        raise InputError(f"{place}: {short(name)} is no name of a file in the folder of pictures")
    return path
