"""Write a figure to a file."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmgraph.errors import InputError
from mmgraph.visualization.style import settings

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["save_figure"]

METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""What matplotlib would write of itself and of the time: left out, so that equal figures are equal files."""

DOTS = 200
"""Dots an inch of a PNG."""


def save_figure(figure: "matplotlib.figure.Figure", path: str | os.PathLike[str]) -> None:
    """Write a figure as `.png` (200 dots an inch), `.svg` or `.pdf` (text stays text).

    The folder is made. The file appears whole or not at all, and equal figures give equal bytes.

    Raises:
        InputError: another suffix, or a path that cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in METADATA:
        raise InputError(f"save_figure cannot write {str(path)!r}: give a path to a .png, .svg or .pdf file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise InputError(f"save_figure cannot write {str(path)!r}: {error}") from error
    try:
        with os.fdopen(handle, "wb") as file, settings():
            figure.savefig(file, format=suffix[1:], dpi=DOTS, metadata=METADATA[suffix])
        Path(draft).chmod(0o666 & ~_umask())
        os.replace(draft, path)
    except OSError as error:
        raise InputError(f"save_figure cannot write {str(path)!r}: {error}") from error
    finally:
        Path(draft).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
