import math

import pytest

pytest.importorskip("matplotlib")

from mmgraph import InputError
from mmgraph.visualization.estimates import Scale, check_estimates, number, scale_of


def test_a_scale_is_linear_from_start_to_end():
    scale = Scale(0.2, 0.6, 1.0, 3.0, True, 0.1)
    assert [scale.at(value) for value in (0.2, 0.4, 0.6)] == pytest.approx([1.0, 2.0, 3.0])
    assert [name for _, name in scale.ticks()] == ["20", "30", "40", "50", "60"]


@pytest.mark.parametrize("percent", [True, False])
@pytest.mark.parametrize(
    "values", [(0.842, 0.931), (0.0, 1.0), (0.5, 0.5), (0.0, 0.0), (-3.2, 250.0), (1e-7, 3e-7)]
)
def test_all_values_are_inside_and_ticks_are_round_few_and_as_written(values, percent):
    scale = scale_of(values, 0.0, 1.0, percent, 5)
    assert all(0 < scale.at(value) < 1 for value in values)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 5
    for value, name in ticks:
        assert float(name) == pytest.approx(value * (100 if percent else 1), abs=1e-12)
        assert -1e-9 <= scale.at(value) <= 1 + 1e-9
    first = f"{scale.step:e}"[0]
    assert first in "125"


def test_shares_are_written_as_percentages():
    assert (number(0.8766, True), number(0.8766, False)) == ("87.7", "0.877")


@pytest.mark.parametrize(
    ("estimates", "others", "message"),
    [
        ({}, [], "nothing to draw"),
        ({"a": (0.5, math.nan, 0.6)}, [], r"'a' is \(0.5, nan, 0.6\), expected finite"),
        ({"a": (0.5, 0.4)}, [], "expected finite"),
        ({"a": (0.5, 0.6, 0.7)}, [], "expected low <= value <= high"),
        ({"a": (0.5, 0.4, 0.7)}, [math.inf], "a single run or the reference"),
    ],
)
def test_what_cannot_be_drawn_is_named(estimates, others, message):
    with pytest.raises(InputError, match=message):
        check_estimates("a_figure", estimates, others)
