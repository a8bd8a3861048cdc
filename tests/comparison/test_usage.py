import pytest

from mmgraph.comparison import Usage


def test_memory_and_time_of_the_body_alone_are_counted():
    before = bytearray(b"1") * (150 << 20)
    del before
    with Usage() as usage:
        held = bytearray(b"1") * (60 << 20)
        total = sum(range(2_000_000))
    assert held
    assert total
    assert 55 < usage.peak_mib < 110
    assert 0.005 < usage.cpu_seconds < 5


def test_an_error_in_the_body_is_not_swallowed():
    with pytest.raises(KeyError), Usage():
        raise KeyError("x")
