from dataclasses import replace

import pytest

from mmgraph import InputError
from mmgraph.visualization import Neighbourhood, ShownItem, ShownReason
from mmgraph.visualization.recommendation.neighbourhood import left_side
from tests.visualization.recommendation.shown import user


def test_reasons_stand_first_in_the_order_of_what_they_explain_and_others_fill_the_rest():
    # 2 explains the places 0, 2, 5 (mean 2.33), 0 explains 3, 1 explains 1 and 6 (mean 3.5).
    assert left_side(user()) == [2, 0, 1, 3, 4, 5, 6]
    assert left_side(user(1)) == [2, 0, 1]


def test_few_and_no_chosen_items_are_all_there_is():
    shown = replace(user(2), chosen=user().chosen[:3])
    assert left_side(shown) == [2, 1, 0]
    nobody = Neighbourhood("new", [], user().recommended[:1], [ShownReason()])
    assert left_side(nobody) == []


def test_mistakes_are_named():
    item = [ShownItem("a")]
    with pytest.raises(InputError, match="'u' has no recommended item"):
        Neighbourhood("u", item, [], [])
    with pytest.raises(InputError, match=r"1 recommended items, but 0 reasons: give one for each"):
        Neighbourhood("u", item, item, [])
    with pytest.raises(InputError, match=r"reasons\[0\].because is 1, but 1 items were chosen"):
        Neighbourhood("u", item, item, [ShownReason(because=1)])
    with pytest.raises(InputError, match=r"reasons\[0\].share is nan, expected a finite number"):
        Neighbourhood("u", item, item, [ShownReason(share=("image", float("nan")))])
