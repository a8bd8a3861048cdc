"""Videos as pictures with a time each: lists, folders of pictures, animated GIF and WEBP files."""

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.media.picture import load_reduced

__all__ = ["Frames", "Video", "load_frames"]

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")

LONG_SIDE = 256
"""Frames of an animation are kept no larger than needed: their longer side below twice that."""

MAX_FRAME_PIXELS = 2**23
"""Most pixels of one frame of an animation: 4K video fits."""

MAX_PIXELS = 2**28
"""Most pixels of an animation, all frames together."""

NO_DURATION = 0.1
"""Seconds that a frame of an animation stays which says 0, as browsers show it."""


@dataclass(frozen=True, eq=False)
class Video:
    """Pictures in the order of time.

    Args:
        source: a list of what `load_image` takes; a folder, whose pictures are taken in the order of their
            names, numbers in them by value; or the path of an animated GIF or WEBP file, which knows its
            times.
        rate: frames per second; or
        times: when each frame begins, `[N]` seconds from the start, ascending.
    """

    source: Any
    rate: int | float | None = None
    times: Any = None


@dataclass(frozen=True, eq=False)
class Frames:
    """What `load_frames` makes of a video.

    Args:
        images: what `load_image` takes, one for each frame.
        seconds: start and end of each frame, `[N, 2]` float64.
        path: the folder or file, where it was one.
        size: width and height, where the images were made smaller.
    """

    images: Sequence[Any]
    seconds: Float[Tensor, "N 2"]
    path: str | None = None
    size: tuple[int, int] | None = None


def load_frames(item: Any, max_frames: int = 1000) -> Frames:
    """The frames of a video and their times.

    Args:
        item: a `Video`, or the path of an animated file.
        max_frames: a longer video is an error.

    Raises:
        InputError: something else, too long, a damaged file, or times that do not fit the frames.
    """
    video = item if isinstance(item, Video) else Video(item)
    source = video.source
    path = os.fspath(source) if isinstance(source, str | os.PathLike) else None
    if path is not None and Path(path).is_file():
        if video.rate is not None or video.times is not None:
            raise InputError(f"{path}: an animated file knows its times: leave rate= and times= out")
        pictures, lengths, size = _animation(path, max_frames)
        borders = torch.tensor([0.0, *lengths], dtype=torch.float64).cumsum(0)
        return Frames(pictures, torch.stack([borders[:-1], borders[1:]], dim=1), path, size)
    images: Any = source if path is None else _folder(path)
    if not isinstance(images, Sequence) or isinstance(images, bytes):
        raise InputError(
            f"a video came as {type(item).__name__}: give Video([pictures], rate=25), "
            "Video(folder, rate=25), or the path of an animated GIF or WEBP"
        )
    if len(images) > max_frames:
        raise InputError(_too_long(path or "video", max_frames))
    return Frames(images, _seconds(video, len(images)), path)


def _too_long(name: str, max_frames: int) -> str:
    return f"{name}: has more frames than max_frames={max_frames}: take fewer of them, or raise max_frames"


def _check_pixels(name: str, size: tuple[int, int], pixels: int) -> None:
    """Raise before a frame is decoded that is too large, or with which there are too many pixels."""
    if size[0] * size[1] > MAX_FRAME_PIXELS or pixels > MAX_PIXELS:
        raise InputError(
            f"{name}: has frames of {size[0]}x{size[1]} pixels; an animation may have {MAX_FRAME_PIXELS} "
            f"pixels a frame and {MAX_PIXELS} in all: make it smaller, or take its frames out into a folder"
        )


def _folder(path: str) -> list[str]:
    """The pictures of a folder, frame2 before frame10."""
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(f"there is no folder or animated file {path!r}")
    names = [file.name for file in folder.iterdir() if file.suffix.lower() in SUFFIXES]
    if not names:
        raise InputError(f"the folder {path!r} has no pictures ({', '.join(SUFFIXES)})")
    pieces = {name: [int(p) if p.isdecimal() else p for p in re.split(r"([0-9]+)", name)] for name in names}
    return [str(folder / name) for name in sorted(names, key=lambda name: (pieces[name], name))]


def _seconds(video: Video, count: int) -> Tensor:
    """Start and end of each frame; the last one stays as long as the others on average."""
    if (video.rate is None) == (video.times is None):
        raise InputError("a video needs either rate= (frames per second) or times= (seconds)")
    if video.rate is not None:
        if not 0 < video.rate < float("inf"):
            raise InputError(f"the rate of a video is {video.rate}, expected frames per second > 0")
        starts = torch.arange(count + 1, dtype=torch.float64) / video.rate
        return torch.stack([starts[:-1], starts[1:]], dim=1)
    times = torch.from_numpy(np.array(video.times, dtype=np.float64).reshape(-1))
    if len(times) != count:
        raise InputError(f"a video has {count} frames and {len(times)} times: give one for each frame")
    steps = times.diff()
    if not bool(((times >= 0) & times.isfinite()).all()) or not bool((steps > 0).all()):
        raise InputError("the times of a video's frames are not ascending seconds >= 0")
    last = times[-1:] + (steps.mean() if len(steps) else 0)
    return torch.stack([times, torch.cat([times[1:], last])], dim=1)


def _animation(path: str, max_frames: int) -> tuple[list[Image.Image], list[float], tuple[int, int]]:
    """The frames of an animated file, made smaller, how long each one stays, and the size before."""
    images: list[Image.Image] = []
    lengths: list[float] = []
    size, pixels = (0, 0), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path, formats=("GIF", "WEBP")) as opened:
                size = opened.size
                while True:
                    if len(images) == max_frames:
                        raise InputError(_too_long(path, max_frames))
                    pixels += opened.width * opened.height
                    _check_pixels(path, opened.size, pixels)
                    opened.load()
                    images.append(load_reduced(opened.copy(), LONG_SIDE).image)
                    lengths.append(opened.info.get("duration", 0) / 1000 or NO_DURATION)
                    try:
                        opened.seek(len(images))
                    except EOFError:
                        return images, lengths, size
        except InputError:
            raise
        # A damaged file makes Pillow raise almost anything.
        except Exception as error:
            raise InputError(
                f"{path}: is no animated GIF or WEBP, or is damaged ({type(error).__name__}: {error})"
            ) from error
