"""The precision in which sums are taken."""

import torch

__all__ = ["at_least_float32"]


def at_least_float32(dtype: torch.dtype) -> torch.dtype:
    """float32 for shorter floats, in which a sum of ones ends at 256 (bfloat16) or 2048; else the same."""
    return torch.promote_types(dtype, torch.float32)
