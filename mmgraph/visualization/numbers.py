"""Weights as texts, alike in figures and on pages."""

import math

__all__ = ["weight_text"]


def weight_text(value: float) -> str:
    """A weight with two decimals, a small one with three or four; half a step is rounded up.

    `weightText` of the page (web/src/shared/text.js) gives the same characters.
    """
    size = abs(value)
    decimals = 2 if size >= 0.1 or size == 0 else 3 if size >= 0.01 else 4
    scaled = math.floor(size * 10**decimals + 0.5)
    digits = str(scaled).zfill(decimals + 1)
    text = f"{digits[:-decimals]}.{digits[-decimals:]}"
    return f"−{text}" if value < 0 and scaled > 0 else text
