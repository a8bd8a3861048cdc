"""Coverage, popularity, novelty and the Gini index, against values of RecBole and cases counted by hand."""

import math

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.metrics.recommended_items import average_popularity, gini_index, item_coverage, novelty

TOP = torch.tensor([[0, 1, 2, 3, 4], [0, 1, 2, 5, 6], [0, 2, 1, 3, 4], [9, 0, 1, 2, 3], [0, 3, 2, 8, 1]])
POPULARITY = torch.tensor([9, 7, 6, 4, 2, 1, 1, 0, 3, 2])


@pytest.mark.parametrize(
    ("k", "coverage", "popularity", "gini"),
    [(1, 0.2, 7.6, 0.86), (3, 0.5, 6.86666667, 0.64666667), (5, 0.9, 5.48, 0.412)],
)
def test_the_values_are_recbole_s(k, coverage, popularity, gini):
    """What ItemCoverage, AveragePopularity and GiniIndex of recbole 1.2.1 give for these lists."""
    assert item_coverage(TOP[:, :k], 10) == pytest.approx(coverage)
    assert average_popularity(TOP[:, :k], POPULARITY) == pytest.approx(popularity)
    assert gini_index(TOP[:, :k], 10) == pytest.approx(gini)


def test_novelty_counted_by_hand():
    top = torch.tensor([[0, 1], [2, -1]])
    found = novelty(top, torch.tensor([8, 2, 0]), 16)
    assert found == pytest.approx(((1 + 3) / 2 + math.log2(16)) / 2)


def test_the_gini_index_is_the_mean_difference_over_twice_the_mean():
    top = torch.randint(0, 30, (40, 5))
    count = torch.bincount(top.flatten(), minlength=30).double()
    difference = (count[:, None] - count).abs().mean()
    assert gini_index(top, 30) == pytest.approx(float(difference / (2 * count.mean())))


def test_all_items_alike_have_a_gini_index_of_zero_and_one_item_alone_nearly_one():
    assert gini_index(torch.arange(12).view(4, 3), 12) == pytest.approx(0)
    assert gini_index(torch.zeros(5, 1, dtype=torch.long), 100) == pytest.approx(0.99)


def test_places_without_an_item_and_empty_lists_do_not_count():
    top = torch.tensor([[3, -1, -1], [0, 3, -1], [-1, -1, -1]])
    assert item_coverage(top, 10) == 0.2
    assert average_popularity(top, POPULARITY) == (4 + (9 + 4) / 2) / 2
    assert gini_index(top, 10) == gini_index(torch.tensor([[3], [0], [3]]), 10)


@pytest.mark.parametrize(
    "metric",
    [
        lambda top: item_coverage(top, 10),
        lambda top: average_popularity(top, POPULARITY),
        lambda top: novelty(top, POPULARITY, 20),
        lambda top: gini_index(top, 10),
    ],
)
def test_lists_without_any_item_raise(metric):
    with pytest.raises(InputError, match="got 2 lists without any item"):
        metric(torch.full((2, 3), -1))
