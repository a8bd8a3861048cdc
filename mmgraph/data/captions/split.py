"""Training, validation and test parts, cut by picture: no picture has captions in two of them."""

import hashlib
from collections import Counter
from collections.abc import Sequence

from mmgraph.data.captions.captioned_image import CaptionedImage
from mmgraph.errors import InputError

__all__ = ["given_split", "split_by_image"]

Parts = dict[str, list[CaptionedImage]]

SPLITS = ("train", "validation", "test")


def split_by_image(
    images: Sequence[CaptionedImage], validation: float | int = 0.1, test: float | int = 0.1, seed: int = 0
) -> Parts:
    """Cut a data set into "train", "validation" and "test", whole pictures each.

    Each picture has a place in 0..1, a hash (SHA-256) of the seed and its id, that depends on nothing else.
    Where `validation` and `test` are shares below 1, a picture is of the test part if its place is below the
    one, and of the validation part if it is below their sum: pictures that come or go later move no other,
    but the parts have about that share of the pictures. Where they are whole numbers, such as 200, the so
    many pictures with the lowest places are the test part and the next ones the validation part: of just
    that size, but a picture that is added moves one other at each border.

    Args:
        images: each id once.
        validation: the share of pictures, below 1, or how many.
        test: likewise, of the same kind; 0 for none.
        seed: of the hash.

    Returns:
        the three parts, each in the order of `images`.

    Raises:
        InputError: an id twice, or parts that leave nothing to train on.
    """
    if twice := [name for name, count in Counter(item.id for item in images).items() if count > 1]:
        raise InputError(f"split_by_image got {twice[0]!r} twice: a picture could be in two parts")
    place = {item.id: _place(item.id, seed) for item in images}
    if min(validation, test) < 0:
        raise InputError(f"split_by_image got validation={validation}, test={test}: expected at least 0")
    if validation < 1 and test < 1:
        borders = test, test + validation
    elif float(validation).is_integer() and float(test).is_integer():
        ranked = [*sorted(place.values()), 1.0]
        if test + validation >= len(images):
            raise InputError(
                f"split_by_image got validation={validation} and test={test} of {len(images)} pictures: "
                "nothing is left to train on"
            )
        borders = ranked[int(test)], ranked[int(test + validation)]
    else:
        raise InputError(
            f"split_by_image got validation={validation}, test={test}: give two shares below 1, or two counts"
        )
    if borders[1] >= 1:
        raise InputError(
            f"split_by_image got validation={validation}, test={test}: nothing is left to train on"
        )
    parts: Parts = {name: [] for name in SPLITS}
    for item in images:
        at = place[item.id]
        parts["test" if at < borders[0] else "validation" if at < borders[1] else "train"].append(item)
    return parts


def given_split(images: Sequence[CaptionedImage]) -> Parts:
    """The parts that the data set itself gives, "train", "validation" and "test".

    Raises:
        InputError: a picture without a part, or with another.
    """
    parts: Parts = {name: [] for name in SPLITS}
    for item in images:
        if item.split not in parts:
            raise InputError(
                f"the picture {item.id!r} has split {item.split!r}, expected one of {', '.join(SPLITS)}: "
                "cut the data set with split_by_image"
            )
        parts[item.split].append(item)
    return parts


def _place(name: str, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}:{name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
