"""Pictures, and what detectors or people say is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from mmgraph.errors import InputError
from mmgraph.media.decode import Decoded, decode, header_size

__all__ = ["Picture", "load_image", "load_reduced", "picture_size"]

BOX_FORMATS = ("xyxy", "xywh", "normalised")
"""Pixels x1, y1, x2, y2; pixels x, y, width, height; or x1, y1, x2, y2 in 0..1."""

MAX_PIXELS = 25_000_000
"""The largest picture that is read: 25 megapixels are 100 MB while Pillow holds them."""

Names = Mapping[int, str] | Sequence[str]


def load_image(source: Any, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Read a picture as RGB, upright.

    The EXIF orientation is applied, transparency is laid on white, palettes, grey, CMYK and 16 bits become
    8-bit RGB, and of an animation the first frame counts. The size is checked before anything is decoded.

    Args:
        source: the path or the bytes of a JPEG, PNG, WEBP, BMP or GIF file; a PIL image; an array or tensor
            `[H, W, 3]` (or `[3, H, W]`, `[H, W]`, `[H, W, 4]`), uint8 or floats in 0..1; or a `Picture`.
        max_pixels: width times height; a larger picture is an error. A WEBP may have half as many, because
            decoding it takes twice the memory.

    Raises:
        InputError: no such file, no picture, damaged, or too large. The message names the file.
    """
    return decode(_pixels(source), max_pixels, None).image


def load_reduced(source: Any, long_side: int, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Read a picture like `load_image`, but only as large as is needed.

    Width and height are divided by the whole number that leaves the longer side between `long_side` and twice
    that; a JPEG is already decoded smaller, which is several times faster.

    Args:
        source: as for `load_image`.
        long_side: in pixels; a picture whose longer side is below twice that stays as it is.
        max_pixels: as for `load_image`.

    Returns:
        The image, the size (width, height) of the original, upright, and the number that it was divided by.
    """
    return decode(_pixels(source), max_pixels, long_side)


def picture_size(source: Any, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Width and height of the upright picture, without decoding it."""
    return header_size(_pixels(source), max_pixels)


def _pixels(source: Any) -> Any:
    if not isinstance(source, Picture):
        return source
    if source.image is None:
        raise InputError("the Picture has no image, only features: give it one (Picture(image=...))")
    return source.image


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture together with the regions that are known in it.

    Args:
        image: what `load_image` takes, or None where there are only features.
        boxes: `[N, 4]`, in the upright picture at its original size.
        box_format: "xyxy" or "xywh" in pixels, or "normalised" x1, y1, x2, y2 in 0..1.
        labels: one string for each box, such as a detector's classes.
        scores: `[N]`, how sure the detector was.
        features: `[N, D]`, one row for each box, or for each cell of a grid if there are no boxes.
        size: width and height, where there is no image.
        clip: cut boxes off at the border of the picture; detectors let them hang over by a pixel. Without it
            such a box is an error.

    Raises:
        InputError: shapes that do not fit together; neither image nor features.
    """

    image: Any = None
    boxes: Any = None
    box_format: str = "xyxy"
    labels: Any = None
    scores: Any = None
    features: Any = None
    size: tuple[int, int] | None = None
    clip: bool = False

    def __post_init__(self) -> None:
        if self.image is None and self.features is None:
            raise InputError("Picture: give an image or features")
        if self.box_format not in BOX_FORMATS:
            raise InputError(f"Picture(box_format={self.box_format!r}): expected one of {BOX_FORMATS}")
        if self.size is not None and (len(self.size) != 2 or min(self.size) < 1):
            raise InputError(f"Picture(size={self.size}): expected (width, height) in pixels, at least 1")
        if self.labels is not None and (
            isinstance(self.labels, str) or not all(isinstance(label, str) for label in self.labels)
        ):
            raise InputError(f"Picture(labels={self.labels!r}): expected one string for each box, in a list")
        boxes, scores, features = self.box_array, self.score_array, self.feature_array
        counts = {"boxes": boxes, "labels": self.labels, "scores": scores, "features": features}
        given = {name: len(value) for name, value in counts.items() if value is not None}
        if len(set(given.values())) > 1:
            listed = ", ".join(f"{count} {name}" for name, count in given.items())
            raise InputError(f"Picture: {listed}: give one of each for every box")
        if scores is not None and not np.isfinite(scores).all():
            first = int(np.argmin(np.isfinite(scores)))
            raise InputError(f"Picture: scores[{first}] is {scores[first]}, expected finite numbers")

    @cached_property
    def box_array(self) -> NDArray[np.float64] | None:
        """The boxes as they came, `[N, 4]`."""
        return None if self.boxes is None else _array(self.boxes, "N 4", "boxes", np.float64)

    @cached_property
    def score_array(self) -> NDArray[np.float32] | None:
        """The scores, `[N]`."""
        return None if self.scores is None else _array(self.scores, "N", "scores", np.float32)

    @cached_property
    def feature_array(self) -> NDArray[np.float32] | None:
        """The features, `[N, D]`."""
        return None if self.features is None else _array(self.features, "N D", "features", np.float32)

    @classmethod
    def from_detection(
        cls, image: Any, output: Any, names: Names | None = None, threshold: float = 0.0
    ) -> "Picture":
        """A picture with the boxes that an object detector of transformers found in it, clipped to it.

        Args:
            image: what `load_image` takes.
            output: one item of what an image processor's `post_process_object_detection` returns, a dict of
                tensors "scores", "labels" and "boxes" (give it `target_sizes`: boxes are in pixels); or what
                the pipeline "object-detection" returns for one picture, a list of dicts with "score", "label"
                and "box".
            names: the class names, `model.config.id2label`; labels are numbers without it.
            threshold: boxes with a lower score are left out.

        Raises:
            InputError: the output has another form, or a label that `names` lacks.
        """
        scores, labels, boxes = _detections(output)
        keep = np.flatnonzero(scores >= threshold)
        return cls(
            image=image,
            boxes=boxes[keep],
            labels=[_label(labels[i], names) for i in keep.tolist()],
            scores=scores[keep],
            clip=True,
        )


def _array(value: Any, shape: str, name: str, dtype: Any) -> NDArray[Any]:
    """Numbers as an array of a shape such as "N 4"."""
    if isinstance(value, torch.Tensor):
        value = value.detach().to("cpu", torch.float64 if dtype is np.float64 else torch.float32).numpy()
    try:
        array = np.asarray(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise InputError(f"Picture: {name} are not numbers in rows of one length ({error})") from error
    axes = shape.split()
    if array.shape == (0,) and axes[1:] == ["4"]:
        return array.reshape(0, 4)
    if array.ndim != len(axes) or any(
        a not in ("N", "D", str(n)) for a, n in zip(axes, array.shape, strict=True)
    ):
        raise InputError(f"Picture: {name} have shape {list(array.shape)}, expected [{', '.join(axes)}]")
    return array


# ---------------------------------------------------------------------- detections


def _detections(output: Any) -> tuple[NDArray[np.float32], Sequence[Any], NDArray[np.float64]]:
    """Scores, labels as they came, and pixel boxes of either form."""
    if isinstance(output, Mapping) and output.keys() >= {"scores", "labels", "boxes"}:
        scores = _array(output["scores"], "N", "scores", np.float32)
        boxes = _array(output["boxes"], "N 4", "boxes", np.float64)
        labels = output["labels"]
        labels = labels.tolist() if isinstance(labels, torch.Tensor | np.ndarray) else list(labels)
        if not len(scores) == len(labels) == len(boxes):
            raise InputError(
                f"detection has {len(scores)} scores, {len(labels)} labels and {len(boxes)} boxes"
            )
        return scores, labels, boxes
    if isinstance(output, Sequence) and all(_is_pipeline_item(item) for item in output):
        corners = ("xmin", "ymin", "xmax", "ymax")
        found = [[item["box"][corner] for corner in corners] for item in output]
        return (
            _array([item["score"] for item in output], "N", "scores", np.float32),
            [item["label"] for item in output],
            _array(found, "N 4", "boxes", np.float64),
        )
    hint = "; that is a list of several pictures' detections: pass one of them" if _is_list(output) else ""
    raise InputError(
        f"detection came as {type(output).__name__}, expected a dict with scores, labels and boxes "
        f"(post_process_object_detection) or a list of dicts with score, label and box (pipeline){hint}"
    )


def _is_pipeline_item(item: Any) -> bool:
    return (
        isinstance(item, Mapping)
        and item.keys() >= {"score", "label", "box"}
        and isinstance(item["box"], Mapping)
        and item["box"].keys() >= {"xmin", "ymin", "xmax", "ymax"}
    )


def _is_list(output: Any) -> bool:
    return isinstance(output, Sequence) and not isinstance(output, str)


def _label(label: Any, names: Names | None) -> str:
    if isinstance(label, str) or names is None:
        return str(label)
    try:
        return str(names[int(label)])
    except (KeyError, IndexError) as error:
        raise InputError(
            f"detection has label {int(label)}, which names lacks (it has {len(names)}): "
            "pass model.config.id2label"
        ) from error
