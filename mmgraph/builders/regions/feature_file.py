"""Region features that others computed, read from files."""

import difflib
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from mmgraph.errors import InputError
from mmgraph.media.picture import Picture

__all__ = ["FeatureFile"]

MAX_BYTES = 2**30
"""The largest .npz that is unpacked: features of one picture are a few megabytes."""


@dataclass(frozen=True)
class FeatureFile:
    """Features and boxes of regions by the picture's id: `FeatureFile(path)["img_17"]` is a `Picture`.

    Three layouts are read:

    - a `.safetensors` file with "<id>.features" `[N, D]`, "<id>.boxes" `[N, 4]`, "<id>.size" (width, height);
    - a `.npz` file of one picture, whose id is the file's name, with `features` (or `x`), `boxes` (or
      `bbox`), `image_w` and `image_h`, as the common bottom-up attention extractors write them; an `x` of
      `[D, N]` is turned round;
    - a folder of such `.npz` files.

    Boxes are x1, y1, x2, y2 in pixels where the size is known, else in 0..1. Pass the pictures to
    `RegionBuilder(features="given:D")`. Nothing is unpickled.

    Args:
        path: the file or folder. Rows are read when they are asked for.

    Raises:
        InputError: no such file, or none of these layouts.
    """

    path: str | os.PathLike[str]

    def __post_init__(self) -> None:
        path = Path(self.path)
        if not path.exists():
            raise InputError(f"there is no feature file {str(path)!r}")
        if not path.is_dir() and path.suffix not in (".npz", ".safetensors"):
            raise InputError(
                f"{str(path)!r}: expected a .safetensors file, a .npz file, or a folder of .npz files"
            )

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids of all pictures, in alphabetical order."""
        path = Path(self.path)
        if path.is_dir():
            return tuple(sorted(entry.stem for entry in path.iterdir() if entry.suffix == ".npz"))
        if path.suffix == ".npz":
            return (path.stem,)
        suffix = ".features"
        return tuple(sorted(key.removesuffix(suffix) for key in self._keys if key.endswith(suffix)))

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        """The ids, in order."""
        return iter(self.ids)

    def __contains__(self, id: object) -> bool:
        """Whether there is a picture of this id."""
        return id in self._known

    def __getitem__(self, id: str) -> Picture:
        """The features, boxes and size of one picture.

        Raises:
            InputError: there is none of this id, or its rows are damaged or do not fit together.
        """
        if id not in self._known:
            near = difflib.get_close_matches(id, self.ids, n=3)
            hint = f"; close are {', '.join(map(repr, near))}" if near else ""
            raise InputError(f"{self._name} has no picture {id!r} among its {len(self.ids)}{hint}")
        values = self._tensors(id) if Path(self.path).suffix == ".safetensors" else self._arrays(id)
        try:
            return _picture(values)
        except InputError as error:
            raise InputError(f"{self._name}, picture {id!r}: {error}") from error

    def __getstate__(self) -> dict[str, Any]:
        """Only the path goes to another process; each opens the file itself."""
        return {"path": self.path}

    @property
    def _name(self) -> str:
        return repr(os.fspath(self.path))

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.ids)

    @cached_property
    def _file(self) -> Any:
        try:
            return safe_open(os.fspath(self.path), framework="pt")
        # safetensors has an error of its own, and OSError or MemoryError for damaged lengths.
        except Exception as error:
            raise InputError(f"{self._name} is no safetensors file, or is damaged: {error}") from error

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(self._file.keys())

    def _tensors(self, id: str) -> dict[str, Any]:
        names = [name for name in ("features", "boxes", "size") if f"{id}.{name}" in self._keys]
        try:
            return {name: self._file.get_tensor(f"{id}.{name}") for name in names}
        # As above.
        except Exception as error:
            raise InputError(f"{self._name}, picture {id!r}: cannot be read ({error})") from error

    def _arrays(self, id: str) -> dict[str, Any]:
        path = Path(self.path)
        file = path / f"{id}.npz" if path.is_dir() else path
        try:
            return _load_npz(file)
        except InputError:
            raise
        # A damaged archive makes zipfile, zlib and NumPy raise errors of many kinds.
        except Exception as error:
            raise InputError(
                f"{str(file)!r} is no .npz file of arrays, or is damaged ({type(error).__name__}: {error})"
            ) from error


NPZ_NAMES: Mapping[str, tuple[str, ...]] = {
    "features": ("features", "x"),
    "boxes": ("boxes", "bbox"),
    "width": ("image_w",),
    "height": ("image_h",),
}


def _load_npz(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MAX_BYTES:
        raise InputError(
            f"{str(path)!r} unpacks to {size} bytes, more than {MAX_BYTES}: it is no picture's features"
        )
    with np.load(path, allow_pickle=False) as arrays:
        keys = {what: next((n for n in names if n in arrays), None) for what, names in NPZ_NAMES.items()}
        values: dict[str, Any] = {what: arrays[key] for what, key in keys.items() if key is not None}
    if keys["features"] == "x" and "boxes" in values:
        values["features"] = _rows_first(values["features"], len(values["boxes"]))
    if "width" in values and "height" in values:
        values["size"] = np.array([values["width"], values["height"]])
    return {what: values[what] for what in ("features", "boxes", "size") if what in values}


def _rows_first(features: NDArray[Any], count: int) -> NDArray[Any]:
    """`[count, D]`, where some write `[D, count]`."""
    turned = features.ndim == 2 and features.shape[0] != count and features.shape[1] == count
    return features.T if turned else features


def _picture(values: Mapping[str, Any]) -> Picture:
    if "features" not in values:
        raise InputError("has no features")
    size = _size(values["size"]) if "size" in values else None
    return Picture(
        features=values["features"],
        boxes=values.get("boxes"),
        box_format="normalised" if size is None else "xyxy",
        size=size,
    )


def _size(value: Any) -> tuple[int, int]:
    numbers = np.asarray(value, dtype=np.float64).reshape(-1)
    if len(numbers) != 2 or not np.isfinite(numbers).all():
        raise InputError(f"has size {numbers.tolist()}, expected (width, height) in pixels")
    return round(numbers[0]), round(numbers[1])
