import math

import pytest
from scipy import stats

from mmgraph.errors import InputError
from mmgraph.metrics.interval import mean_interval


def test_the_interval_is_student_s():
    values = [0.61, 0.64, 0.6, 0.66, 0.58]
    found = mean_interval(values)
    low, high = stats.t.interval(0.95, 4, loc=sum(values) / 5, scale=stats.sem(values))
    assert (found.mean, found.low, found.high) == pytest.approx((sum(values) / 5, low, high))
    assert found.text(100.0) == f"61.8 [{100 * low:.1f}, {100 * high:.1f}]"


def test_one_value_has_no_interval_and_none_is_an_error():
    assert math.isnan(mean_interval([0.5]).low)
    assert mean_interval([0.5]).text(sign=True) == "+0.5"
    with pytest.raises(InputError, match="no values"):
        mean_interval([])
