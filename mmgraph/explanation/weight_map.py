"""The weights of one method between two node types, in every layer and head."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["WeightMap"]

FINE = 2**15
"""Up to so many numbers, a map has 16 bits for each; a larger one has 8."""

DTYPES = ("uint8", "int8", "uint16", "int16")


@dataclass(frozen=True, eq=False)
class WeightMap:
    r"""Weights `[L, H, S, T]` of L layers and H heads: how much source node s looks at target node t.

    They lie on a grid, :math:`w = c \cdot u` with whole numbers c and a step u for each layer and head, so
    that a figure, a page and Python print one and the same number of a weight, and a page stays small. The
    grid has 65,535 steps up to the largest weight (32,767 to either side of zero, if a weight is negative),
    or 255 (127) in a map of more than 32,768 weights.

    Args:
        codes: c, of one of the four dtypes uint8, int8, uint16, int16.
        step: u, float64, 0 where all weights of a layer and head are.
    """

    codes: NDArray[Any]
    step: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.codes.ndim != 4 or self.codes.dtype.name not in DTYPES:
            raise InputError(
                f"WeightMap got codes {self.codes.dtype} {list(self.codes.shape)}, expected [L, H, S, T] of "
                f"one of {', '.join(DTYPES)}: make it with WeightMap.of(weights)"
            )
        finite = np.isfinite(self.step).all() and (self.step >= 0).all()
        if self.step.shape != self.codes.shape[:2] or not finite:
            raise InputError(
                f"WeightMap got step {list(self.step.shape)}, expected finite numbers >= 0 of shape "
                f"{list(self.codes.shape[:2])}: one for each layer and head"
            )

    @classmethod
    def of(cls, weights: Float[Tensor, "*L S T"]) -> "WeightMap":
        """The map of weights `[S, T]`, `[H, S, T]` or `[L, H, S, T]`, on any device.

        Raises:
            InputError: another shape, or a weight that is not finite.
        """
        if not 2 <= weights.ndim <= 4:
            raise InputError(
                f"WeightMap.of got weights of shape {list(weights.shape)}, expected [S, T], [H, S, T] or "
                "[L, H, S, T]: take one sample out of a batch first"
            )
        values = weights.detach().to("cpu", torch.float64).numpy()
        values = values.reshape((1,) * (4 - values.ndim) + values.shape)
        if not np.isfinite(values).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
            raise InputError(f"WeightMap.of got {values[place]} at {list(place)}, expected finite weights")
        kind = ("int" if (values < 0).any() else "uint") + ("16" if values.size <= FINE else "8")
        largest = np.abs(values).max(axis=(2, 3), initial=0.0)
        step = largest / np.iinfo(kind).max
        # A subnormal step is too coarse: its codes would not fit.
        step[step < np.finfo(np.float64).tiny] = 0.0
        codes = np.rint(values / np.where(step > 0, step, np.inf)[:, :, None, None])
        return cls(codes.astype(kind), step)

    @property
    def layers(self) -> int:
        """L."""
        return self.codes.shape[0]

    @property
    def heads(self) -> int:
        """H."""
        return self.codes.shape[1]

    @property
    def shape(self) -> tuple[int, int]:
        """S and T."""
        return self.codes.shape[2], self.codes.shape[3]

    @property
    def signed(self) -> bool:
        """Whether weights may be negative."""
        return self.codes.dtype.kind == "i"

    @property
    def values(self) -> Float[Tensor, "L H S T"]:
        """The weights, float64."""
        return torch.from_numpy(self.codes * self.step[:, :, None, None])

    def mean(self, layer: int | None = None, head: int | None = None) -> Float[Tensor, "S T"]:
        """The weights of a layer and head, or their mean over all where none is named; float64.

        Raises:
            InputError: there is no such layer or head.
        """
        self._check(() if layer is None else (layer,), () if head is None else (head,), "mean")
        values = self.values
        values = values if layer is None else values[layer : layer + 1]
        values = values if head is None else values[:, head : head + 1]
        # Added one by one, in this order: a page in JavaScript adds alike, to the last bit.
        total = torch.zeros(self.shape, dtype=torch.float64)
        for one in values.flatten(0, 1):
            total = total + one
        return total / max(values.shape[0] * values.shape[1], 1)

    def chosen(self, layers: Sequence[int], heads: Sequence[int]) -> "WeightMap":
        """The map of some layers and heads alone.

        Raises:
            InputError: there is no such layer or head.
        """
        self._check(layers, heads, "chosen")
        return WeightMap(self.codes[list(layers)][:, list(heads)], self.step[list(layers)][:, list(heads)])

    def strongest(self, top_k: int) -> "WeightMap":
        """The map with the `top_k` largest weights (in size) of each row, and zeros for the others.

        Raises:
            InputError: `top_k` is below 1.
        """
        if top_k < 1:
            raise InputError(f"WeightMap.strongest(top_k={top_k}): expected at least 1")
        if top_k >= self.shape[1]:
            return self
        size = np.abs(self.codes.astype(np.int32))
        # A stable order of falling size: of equal weights the first stay.
        order = np.argsort(-size, axis=3, kind="stable")[..., :top_k]
        codes = np.zeros_like(self.codes)
        np.put_along_axis(codes, order, np.take_along_axis(self.codes, order, 3), 3)
        return WeightMap(codes, self.step)

    def _check(self, layers: Sequence[int], heads: Sequence[int], name: str) -> None:
        for what, chosen, count in (("layer", layers, self.layers), ("head", heads, self.heads)):
            if wrong := [number for number in chosen if not 0 <= number < count]:
                raise InputError(
                    f"WeightMap.{name} got {what} {wrong[0]}, but the map has {count}: count from 0"
                )
