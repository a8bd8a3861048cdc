from dataclasses import replace
from pathlib import Path

import pytest

from mmgraph.tasks.recommendation import load_recommendations, neighbourhood, why
from tests.tasks.recommendation.small_run import train


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return load_recommendations(train(tmp_path_factory.mktemp("run")))


def test_it_holds_what_the_user_chose_what_is_recommended_and_why(found):
    items = found.recommend(3, 4)
    shown = neighbourhood(found, 3, items, {items[1].item, 9999})
    own = sorted(set(found.interactions.items[found.interactions.users == 3].tolist()))
    assert [item.title for item in shown.chosen] == [f"item {item}" for item in own]
    assert [item.title for item in shown.recommended] == [one.title for one in items]
    assert shown.user == "user 3"
    assert shown.held_out == {1}
    for one, reason in zip(items, shown.reasons, strict=True):
        assert reason.sentence == why(one.reason, found.catalogue)
        if one.reason.fall > 0:
            assert own[reason.because] == one.reason.because
            assert reason.relation == (one.reason.path and one.reason.path.relation)
        else:
            assert reason.because is None


def test_pictures_are_those_of_the_catalogue_and_numbers_are_called_users(found):
    items = found.recommend(3, 2)
    known = replace(
        found.catalogue,
        user_ids=tuple(map(str, range(100, 130))),
        titles=tuple(f"film {n}" for n in range(24)),
        media={"image": {items[0].item: Path("a.jpg")}, "text": {items[1].item: Path("a.txt")}},
    )
    shown = neighbourhood(replace(found, catalogue=known), 3, items)
    assert [item.picture for item in shown.recommended] == [Path("a.jpg"), None]
    assert shown.user == "user 103"
    assert shown.recommended[0].title == items[0].title.replace("item", "film")


def test_no_line_comes_from_an_item_without_which_the_score_is_no_lower(found):
    (one,) = found.recommend(3, 1)
    useless = replace(one, reason=replace(one.reason, fall=0.0))
    (reason,) = neighbourhood(found, 3, [useless]).reasons
    assert (reason.because, reason.relation, reason.share, reason.detail) == (None, None, None, "")
    assert reason.sentence.startswith("no single item that you chose counts for it")


def test_without_reasons_there_are_no_lines(found):
    shown = neighbourhood(found, 0, found.recommend(0, 3, why=False))
    assert [(reason.because, reason.sentence) for reason in shown.reasons] == [(None, "")] * 3


def test_a_new_user_without_items_is_shown(found):
    grown = found.with_users({"new": []})
    number = grown.catalogue.num_users - 1
    shown = neighbourhood(grown, number, grown.recommend("new", 2))
    assert shown.user == "new"
    assert list(shown.chosen) == []
    assert shown.reasons[0].sentence.startswith("you have chosen nothing yet")
