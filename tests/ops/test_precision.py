import pytest
import torch

from mmgraph.ops.precision import at_least_float32


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_short_floats_become_float32_and_others_stay(dtype, expected):
    assert at_least_float32(dtype) == expected
