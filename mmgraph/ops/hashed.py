"""Numbers that look drawn and hang on nothing but what they are asked for: no generator, no order."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["hashed", "hashed_uniform"]

GOLDEN = 0x9E3779B97F4A7C15 - 2**64
FIRST = 0xBF58476D1CE4E5B9 - 2**64
SECOND = 0x94D049BB133111EB - 2**64


def hashed(key: int | Int[Tensor, "..."], value: int | Int[Tensor, "..."]) -> Int[Tensor, "..."]:
    """A number of 64 bits for each key and value; chained, `hashed(hashed(seed, a), b)`, for several values.

    The mixer of SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA
    2014): with values 0, 1, 2 and one key, the numbers that this generator gives from the seed `key`.

    Args:
        key: int64, such as a seed or another hash.
        value: int64; shapes broadcast.
    """
    mixed = torch.as_tensor(key) + (torch.as_tensor(value) + 1) * GOLDEN
    mixed = (mixed ^ _shifted(mixed, 30)) * FIRST
    mixed = (mixed ^ _shifted(mixed, 27)) * SECOND
    return mixed ^ _shifted(mixed, 31)


def hashed_uniform(key: int | Int[Tensor, "..."], value: int | Int[Tensor, "..."]) -> Float[Tensor, "..."]:
    """The same as a number from 0 to below 1, float64."""
    return _shifted(hashed(key, value), 11).double() * 2.0**-53


def _shifted(number: Tensor, bits: int) -> Tensor:
    """To the right, with zeros coming in: torch's own shift repeats the sign."""
    return (number >> bits) & (2 ** (64 - bits) - 1)
