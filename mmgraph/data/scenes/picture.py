"""How a scene looks: flat shapes on a plain background."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from mmgraph.data.scenes.world import COLOURS, RADIUS, SIDE, SceneObject

__all__ = ["add_noise", "paint"]

_STEPS = np.arange(-RADIUS, RADIUS + 1)
_MASKS = {
    "square": np.ones((len(_STEPS), len(_STEPS)), dtype=bool),
    "circle": _STEPS[:, None] ** 2 + _STEPS**2 < (RADIUS + 0.5) ** 2,
}


def paint(
    objects: Sequence[SceneObject], background: tuple[int, int, int] = (255, 255, 255)
) -> UInt8[np.ndarray, "H W 3"]:
    """The picture of the objects, RGB."""
    picture = np.full((SIDE, SIDE, 3), background, dtype=np.uint8)
    for item in objects:
        x1, y1, x2, y2 = item.box
        picture[y1:y2, x1:x2][_MASKS[item.shape]] = COLOURS[item.colour]
    return picture


def add_noise(
    picture: UInt8[np.ndarray, "H W 3"], deviation: float, rng: np.random.Generator
) -> UInt8[np.ndarray, "H W 3"]:
    """The picture with normal noise on every value, of this standard deviation on the scale 0..255."""
    noise = rng.standard_normal(picture.shape, dtype=np.float32) * deviation
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)
