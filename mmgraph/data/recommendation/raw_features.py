"""Features of items made from their pictures, texts and sounds by our own builders, without a network."""

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from mmgraph.builders import RegionBuilder, SegmentBuilder
from mmgraph.data.recommendation.hashed_words import HashedWords
from mmgraph.data.recommendation.item_features import ItemFeatures
from mmgraph.errors import InputError, MMGraphWarning

__all__ = ["media_files", "picture_features", "sound_features", "text_features"]

File = str | os.PathLike[str]

PICTURE = RegionBuilder(boxes="grid:1", features="statistics+cells:4+pixels:8", edges="none")
SOUND = SegmentBuilder(seconds=600.0, edges=())


def picture_features(
    files: Mapping[int, File], num_items: int, builder: RegionBuilder = PICTURE, progress: bool = True
) -> ItemFeatures:
    """What items look like: the builder's features of each picture, pooled over its regions.

    By default a picture is one region: its colours and edges as a whole and in 4 x 4 cells, and its 8 x 8
    pixels; 455 numbers. Where the builder's features are a function, such as `VisionFeatures`, they are the
    network's. An item without a file, or whose file cannot be read, lacks the modality; what cannot be read
    is counted in one warning.

    Args:
        files: the picture of each item that has one, by the item's number.
        num_items: how many items there are.
        builder: makes the features of a picture.
        progress: show a bar, where there is a terminal.

    Raises:
        InputError: the number of an item that is not there.
    """
    return _pooled(files, num_items, builder, "picture", progress)


def sound_features(
    files: Mapping[int, File], num_items: int, builder: SegmentBuilder = SOUND, progress: bool = True
) -> ItemFeatures:
    """What items sound like: the builder's features of each sound, pooled over its segments.

    By default a sound is one segment of up to 10 minutes: mean and deviation of 64 log-mel bands, and its
    length in seconds; 129 numbers. What is missing or unreadable: as in `picture_features`.

    Args:
        files: the sound of each item that has one, by the item's number.
        num_items: how many items there are.
        builder: makes the features of a sound.
        progress: show a bar, where there is a terminal.

    Raises:
        InputError: the number of an item that is not there.
    """
    return _pooled(files, num_items, builder, "sound", progress)


def text_features(texts: Sequence[str | None], words: HashedWords | int = 1024) -> ItemFeatures:
    """What items read like: hashed words; see `HashedWords`.

    Args:
        texts: of each item; None or "" for an item without one.
        words: fitted words, for new items beside old ones; or a width, for words that are fitted here.
    """
    given = [text or "" for text in texts]
    if isinstance(words, int):
        words = HashedWords(words).fit([text for text in given if text])
    return ItemFeatures.of(words(given))


def media_files(folder: File, item_ids: Sequence[str], suffixes: Sequence[str]) -> dict[int, Path]:
    """The files of a folder that are named by items, such as `17.jpg`, by the item's number.

    Args:
        folder: where they are.
        item_ids: the items by number.
        suffixes: of the files, such as `(".jpg", ".png")`; the first one that is there counts.

    Raises:
        InputError: there is no such folder.
    """
    place = Path(folder)
    if not place.is_dir():
        raise InputError(f"there is no folder of files {os.fspath(folder)!r}")
    there = {entry.name for entry in place.iterdir()}
    named = ((number, f"{id}{suffix}") for number, id in enumerate(item_ids) for suffix in reversed(suffixes))
    return {number: place / name for number, name in named if name in there}


def _pooled(
    files: Mapping[int, File],
    num_items: int,
    builder: RegionBuilder | SegmentBuilder,
    what: str,
    progress: bool,
) -> ItemFeatures:
    outside = [item for item in files if not 0 <= item < num_items]
    if outside:
        raise InputError(f"{what}s has item {outside[0]}, but there are {num_items} items")
    dim = builder.schema.nodes[builder.node_type].dim
    x, present = torch.zeros(num_items, dim), torch.zeros(num_items, dtype=torch.bool)
    failed: list[str] = []
    bar = tqdm(sorted(files.items()), desc=f"{what}s", unit=what, disable=None if progress else True)
    for item, file in bar:
        try:
            rows = builder(file).x[builder.node_type]
        except InputError as error:
            failed.append(str(error))
            continue
        if len(rows):
            x[item], present[item] = rows.float().mean(0), True
    if failed:
        warnings.warn(
            f"{len(failed)} of {len(files)} {what}s cannot be read, so their items lack them; the first: "
            f"{failed[0]}",
            MMGraphWarning,
            stacklevel=3,
        )
    return ItemFeatures.of(x, present)
