"""A picture with sentences about it, as every reader of captions gives it."""

from dataclasses import dataclass

__all__ = ["CaptionedImage"]


@dataclass(frozen=True)
class CaptionedImage:
    """A picture with its captions.

    Args:
        id: unique in its data set, such as the file's name.
        image: path of the file.
        captions: sentences about it, at least one.
        split: the part of the data set that it belongs to, where the data set says so.
        audio: path of a sound that belongs to it.
    """

    id: str
    image: str
    captions: tuple[str, ...]
    split: str | None = None
    audio: str | None = None
