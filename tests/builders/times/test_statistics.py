import torch

from mmgraph.builders.times.statistics import STATISTICS, window_statistics

TIMES = torch.tensor([0.0, 0.5, 1.0, 2.0, 4.0]).double()
NAN = float("nan")


def statistics(values, first, last):
    rows = torch.tensor(values).double().reshape(len(values), -1)
    x = window_statistics(rows, TIMES[: len(rows)], torch.tensor(first), torch.tensor(last))
    return x.reshape(len(first), len(STATISTICS), -1)


def test_a_case_by_hand():
    x = statistics([[1.0, 4.0], [NAN, 4.0], [3.0, 4.0], [5.0, 4.0], [NAN, 9.0]], [0], [4])
    assert STATISTICS == ("mean", "std", "min", "max", "slope", "present")
    assert torch.allclose(x[0, :, 0], torch.tensor([3.0, (8 / 3) ** 0.5, 1.0, 5.0, 2.0, 0.75]))
    assert torch.allclose(x[0, :, 1], torch.tensor([4.0, 0.0, 4.0, 4.0, 0.0, 1.0]))


def test_windows_may_overlap_be_empty_or_hold_one_value():
    x = statistics([1.0, 2.0, NAN, 4.0, NAN], [0, 1, 2, 2, 4, 3], [2, 4, 3, 2, 5, 4])
    assert torch.allclose(x[0, :, 0], torch.tensor([1.5, 0.5, 1.0, 2.0, 2.0, 1.0]))
    assert torch.allclose(x[1, :, 0], torch.tensor([3.0, 1.0, 2.0, 4.0, 4 / 3, 2 / 3]))
    assert not x[2:5].any()
    assert x[5, :, 0].tolist() == [4, 0, 4, 4, 0, 1]


def test_scale_and_shift_carry_over():
    torch.manual_seed(1)
    values = torch.randn(5, 2).double()
    x = statistics(values.tolist(), [0, 1], [5, 4])
    moved = statistics((-2 * values + 7).tolist(), [0, 1], [5, 4])
    assert torch.allclose(moved[:, 0], -2 * x[:, 0] + 7, atol=1e-5)
    assert torch.allclose(moved[:, 1], 2 * x[:, 1], atol=1e-5)
    assert torch.allclose(moved[:, 2], -2 * x[:, 3] + 7, atol=1e-5)
    assert torch.allclose(moved[:, 4], -2 * x[:, 4], atol=1e-5)


def test_no_windows_have_no_statistics():
    nothing = torch.zeros(0, dtype=torch.long)
    assert window_statistics(torch.zeros(0, 3).double(), torch.zeros(0).double(), nothing, nothing).shape == (
        0,
        18,
    )
