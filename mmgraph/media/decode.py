"""Pictures from files, bytes and arrays as upright RGB, without trusting the file."""

import io
import os
import struct
import warnings
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import (  # the plugins are imported for Image.open to know them: those of FORMATS, and no others
    BmpImagePlugin,  # noqa: F401
    GifImagePlugin,  # noqa: F401
    Image,
    JpegImagePlugin,
    PngImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from mmgraph.errors import InputError

__all__ = ["FORMATS", "Decoded", "decode", "header_size"]

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
"""What is read. TIFF and the rarer formats are left out: too much that a hostile file can do."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what makes the picture upright."""

OVERSHOOT = 1e-3
"""How far floats may leave 0..1: the rounding of an interpolation."""


class Decoded(NamedTuple):
    """An upright RGB picture, `scale` times smaller than the original, whose size is `size`."""

    image: Image.Image
    size: tuple[int, int]
    scale: int


def decode(source: Any, max_pixels: int, long_side: int | None) -> Decoded:
    """Read and check a picture; see `mmgraph.media.picture.load_image`.

    Args:
        source: path, bytes of a file, PIL image, NumPy array or tensor.
        max_pixels: a larger picture is an error.
        long_side: divide the size by the whole number that leaves the longer side at least so long.
    """
    name = _name(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if isinstance(source, Image.Image):
                _check_size(source, max_pixels, name)
                return _upright(source, source.size, long_side)
            if isinstance(source, np.ndarray | torch.Tensor):
                image = _from_array(source, max_pixels, name)
                return _upright(image, image.size, long_side)
            with _open(source, max_pixels, name) as opened:
                size = opened.size
                if long_side and isinstance(opened, JpegImagePlugin.JpegImageFile):
                    _draft(opened, _factor(size, long_side))
                opened.load()
                return _upright(opened, size, long_side)
        except InputError:
            raise
        # A damaged file makes Pillow raise almost anything: OSError, SyntaxError, struct.error, KeyError, ...
        except Exception as error:
            raise _damaged(name, error, max_pixels) from error


def header_size(source: Any, max_pixels: int) -> tuple[int, int]:
    """Width and height of the upright picture; of a file, only the header is read."""
    if isinstance(source, Image.Image):
        return _turned(source.size, _orientation(source))
    if isinstance(source, np.ndarray | torch.Tensor):
        return decode(source, max_pixels, None).size
    name = _name(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with _open(source, max_pixels, name) as opened:
                return _turned(opened.size, _orientation(opened))
        except InputError:
            raise
        except Exception as error:
            raise _damaged(name, error, max_pixels) from error


def _name(source: Any) -> str:
    if isinstance(source, str | os.PathLike):
        return repr(os.fspath(source))
    if isinstance(source, bytes):
        return f"picture of {len(source)} bytes"
    if isinstance(source, np.ndarray | torch.Tensor):
        return f"{type(source).__name__} {list(source.shape)}"
    return type(source).__name__


# ---------------------------------------------------------------------- files


def _open(source: Any, max_pixels: int, name: str) -> Image.Image:
    if isinstance(source, str | os.PathLike):
        if not os.path.isfile(source):
            raise InputError(
                f"there is no picture file {name}: give the path of a JPEG, PNG, WEBP, BMP or GIF"
            )
        file: Any = source
    elif isinstance(source, bytes):
        file = io.BytesIO(source)
    else:
        raise InputError(
            f"a picture came as {name}: give a path, the bytes of a file, a PIL image, an array [H, W, 3], "
            "or a Picture"
        )
    image = Image.open(file, formats=FORMATS)
    try:
        _check_size(image, max_pixels, name)
    except InputError:
        image.close()
        raise
    return image


def _check_size(image: Image.Image, max_pixels: int, name: str) -> None:
    # Decoding a WEBP or a progressive CMYK JPEG takes about twice the memory of other files.
    costly = image.format == "WEBP" or (image.format == "JPEG" and image.mode == "CMYK")
    limit = max_pixels // 2 if costly else max_pixels
    width, height = image.size
    if width * height > limit:
        share = f" (half of it for {image.format} {image.mode})" if costly else ""
        raise InputError(
            f"{name} is {width}x{height}, {width * height} pixels, more than max_pixels={max_pixels}{share}: "
            "make it smaller, or raise max_pixels if you trust the file"
        )
    if not width * height:
        raise InputError(f"{name} is {width}x{height}: it has no pixels")


def _damaged(name: str, error: Exception, max_pixels: int) -> InputError:
    if isinstance(error, Image.DecompressionBombError):
        return InputError(f"{name} has far more pixels than max_pixels={max_pixels} ({error})")
    return InputError(
        f"{name} is no picture that can be read, or is damaged ({type(error).__name__}: {error}): "
        "give a JPEG, PNG, WEBP, BMP or GIF file"
    )


# ---------------------------------------------------------------------- pixels


def _draft(image: JpegImagePlugin.JpegImageFile, factor: int) -> None:
    """Let a JPEG be decoded up to `factor` times smaller, unless turning it puts cut-off pixels in front."""
    width, height = image.size
    if _orientation(image) == 1 or (width % 8 == 0 and height % 8 == 0):
        image.draft(None, (max(1, width // factor), max(1, height // factor)))


def _upright(image: Image.Image, size: tuple[int, int], long_side: int | None) -> Decoded:
    """RGB, turned upright, made smaller; `size` is that of the file, which a JPEG may already have left."""
    orientation = _orientation(image)
    image = _rgb(image)
    if orientation != 1:
        image = image.transpose(UPRIGHT[orientation])
        # It is a new picture, which would be turned once more when it is read again.
        image.info.pop("exif", None)
    scale = -(-max(size) // max(image.size))
    if long_side and (factor := _factor(image.size, long_side)) > 1:
        image, scale = image.reduce(factor), scale * factor
    return Decoded(image, _turned(size, orientation), scale)


def _factor(size: tuple[int, int], long_side: int) -> int:
    return max(1, max(size) // long_side)


def _turned(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    return (size[1], size[0]) if orientation >= 5 else size


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        levels: NDArray[Any] = np.asarray(image)
        return Image.fromarray((levels >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        raise InputError(f"a PIL image of mode {image.mode} has no known range: convert it to L or RGB first")
    if image.has_transparency_data:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image)
        return white
    return image if image.mode == "RGB" else image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation 1..8, read without Pillow's parser: that one follows every entry of the file."""
    data = image.info.get("exif", b"")
    data = data.removeprefix(b"Exif\0\0") if isinstance(data, bytes) else b""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, start)
        for entry in range(count):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", data, start + 2 + 12 * entry)
            if (tag, kind) == (0x0112, 3):
                return value if value in UPRIGHT else 1
    except struct.error:
        pass
    return 1


# ---------------------------------------------------------------------- arrays


def _from_array(source: np.ndarray | torch.Tensor, max_pixels: int, name: str) -> Image.Image:
    if isinstance(source, torch.Tensor):
        source = source.detach().cpu()
        source = (source.float() if source.dtype == torch.bfloat16 else source).numpy()
    values: NDArray[Any] = source[:, :, None] if source.ndim == 2 else source
    if values.ndim == 3 and values.shape[2] not in (1, 3, 4) and values.shape[0] in (1, 3):
        values = values.transpose(1, 2, 0)
    if values.ndim != 3 or values.shape[2] not in (1, 3, 4) or not values.size:
        raise InputError(f"{name}: expected [H, W, 3], [3, H, W] or [H, W] with at least one pixel")
    if values.shape[0] * values.shape[1] > max_pixels:
        raise InputError(
            f"{name}: has more pixels than max_pixels={max_pixels}: make it smaller, or raise max_pixels"
        )
    if values.dtype.kind == "f":
        if not (np.all(values >= -OVERSHOOT) and np.all(values <= 1 + OVERSHOOT)):
            raise InputError(
                f"{name}: floats run from {values.min():.4g} to {values.max():.4g}, expected 0..1: "
                "divide by 255, or pass uint8"
            )
        values = (values.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    if values.dtype != np.uint8:
        raise InputError(f"{name}: is {values.dtype}, expected uint8 0..255 or floats 0..1")
    return Image.fromarray(np.ascontiguousarray(values[:, :, 0] if values.shape[2] == 1 else values))
