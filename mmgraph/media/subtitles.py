"""Subtitle files: when each line is spoken, and what it says."""

import os
import re
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["read_subtitles"]

MAX_BYTES = 2**24

CLOCK = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})"
TIMES = re.compile(rf"^[ \t]*{CLOCK}[ \t]+-->[ \t]+{CLOCK}(?:[ \t].*)?$")
TAG = re.compile(r"<[^<>]*>")


def read_subtitles(path: str | os.PathLike[str]) -> tuple[Float[Tensor, "N 2"], tuple[str, ...]]:
    """Read a SubRip (.srt) or WebVTT (.vtt) file.

    Args:
        path: the file, UTF-8.

    Returns:
        Start and end of each line in seconds, float64, and its text without tags, in the order of the file;
        as `Sound(intervals=..., labels=...)` takes them.

    Raises:
        InputError: no such file, too large, not UTF-8, or a line whose end is before its start.
    """
    name = os.fspath(path)
    lines = _text(name).splitlines()
    marks = [(number, match) for number, line in enumerate(lines) if (match := TIMES.match(line))]
    if not marks and any(line.strip() for line in lines):
        raise InputError(f"{name}: no line is of the form 00:00:01,000 --> 00:00:02,500: give .srt or .vtt")
    intervals, labels = [], []
    for number, match in marks:
        start, end = _seconds(match.groups()[:4]), _seconds(match.groups()[4:])
        if not start < end:
            raise InputError(f"{name}, line {number + 1}: {lines[number].strip()!r} ends before it starts")
        intervals.append([start, end])
        labels.append(_label(lines, number + 1))
    return torch.tensor(intervals, dtype=torch.float64).reshape(-1, 2), tuple(labels)


def _text(name: str) -> str:
    file = Path(name)
    if not file.is_file():
        raise InputError(f"there is no subtitle file {name!r}: give the path of a .srt or .vtt file")
    if file.stat().st_size > MAX_BYTES:
        raise InputError(
            f"{name}: over {MAX_BYTES >> 20} MB, which no subtitles are: give a .srt or .vtt file"
        )
    try:
        return file.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"{name}: cannot be read as UTF-8 text ({error})") from error


def _seconds(clock: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = clock
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + float(f"0.{fraction}")


def _label(lines: list[str], start: int) -> str:
    """The lines up to the next empty one, joined by spaces."""
    end = next((i for i in range(start, len(lines)) if not lines[i].strip()), len(lines))
    return " ".join(TAG.sub("", line).strip() for line in lines[start:end]).strip()
