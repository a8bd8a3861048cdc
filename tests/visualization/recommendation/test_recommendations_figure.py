from dataclasses import replace
from itertools import pairwise

import pytest

pytest.importorskip("matplotlib")
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.text import Text
from PIL import Image

from mmgraph import InputError
from mmgraph.visualization import Neighbourhood, ShownItem, ShownReason, recommendations_figure, save_figure
from mmgraph.visualization.recommendation.recommendations_figure import small_picture
from mmgraph.visualization.theme import LIGHT
from tests.visualization.legible import check_legible, texts
from tests.visualization.recommendation.shown import HOSTILE, LONG, picture, user


def cards(figure):
    """The places of the cards by column, from the top: left, bottom, right, top."""
    boxes = [p.get_path().get_extents() for p in figure.findobj(FancyBboxPatch) if filled(p)]
    found = [(box.x0, box.y0, box.x1, box.y1) for box in boxes]
    left = min(card[0] for card in found)
    columns = ([c for c in found if bool(c[0] > left + 0.1) is right] for right in (False, True))
    return [sorted(column, key=lambda card: -card[1]) for column in columns]


def filled(patch):
    return to_hex(patch.get_facecolor()) == LIGHT.band.lower()


def lines(figure):
    """Start, end, colour and whether dashed, of each line between the columns, in the order of their ends."""
    found = [p for p in figure.findobj(PathPatch) if to_hex(p.get_edgecolor()) != LIGHT.paper.lower()]
    ends = [(*p.get_path().vertices[0], *p.get_path().vertices[-1]) for p in found]
    looks = [(to_hex(p.get_edgecolor()), p.get_linestyle() not in ("-", "solid")) for p in found]
    return sorted(((*end, *look) for end, look in zip(ends, looks, strict=True)), key=lambda one: -one[3])


def row(card, x, y):
    return card[1] - 1e-6 <= y <= card[3] + 1e-6 and min(abs(x - card[0]), abs(x - card[2])) < 1e-6


def test_a_line_goes_from_its_reason_to_its_item_in_the_colour_of_what_joins_them():
    figure = recommendations_figure(user())
    left, right = cards(figure)
    assert (len(left), len(right)) == (7, 7)
    order = [2, 0, 1]
    aims = [(0, 2), (1, 1), (2, 2), (3, 0), (5, 2), (6, 1)]
    colours = ["#0072b2", "#cc79a7", "#e69f00", LIGHT.muted.lower(), "#56b4e9", "#0072b2"]
    for (place, item), colour, (x0, y0, x1, y1, drawn, dashed) in zip(
        aims, colours, lines(figure), strict=True
    ):
        assert row(left[order.index(item)], x0, y0)
        assert row(right[place], x1, y1)
        assert x0 < x1
        assert drawn == colour
        assert dashed is (place == 3)


def test_lines_that_leave_one_item_do_not_cross_and_stand_apart():
    figure = recommendations_figure(user())
    own = [line for line in lines(figure) if row(cards(figure)[0][0], line[0], line[1])]
    starts = [line[1] for line in own]
    assert len(starts) == 3
    assert all(a - b > 0.05 for a, b in pairwise(starts))


def test_titles_shares_facts_and_numbers_are_written():
    found = texts(recommendations_figure(user()))
    expected = {
        *("Recommended to user 42", "chosen, 7 of 12", "recommended", "chosen 0", "1. first", "2. second"),
        *("image 34 %", "both look alike", "knowledge 12 %", "in common: directed by Jane"),
        *("interactions 80 %", "12 others chose both", "motion −3 %", "image over 999 %"),
        *("image: both look alike", "knowledge: shared facts", "users: others chose both"),
        *("motion: both are alike in motion", "no single step", "chosen in held-out data"),
    }
    assert expected <= set(found)
    assert "text: both read alike" not in found


def test_long_titles_are_cut_and_hostile_ones_are_plain_text():
    written = texts(recommendations_figure(user()))
    assert any(row.startswith("3. A title that goes on") for row in written)
    assert LONG not in " ".join(written)
    assert any(row.startswith("4. <script>alert(1)</script>") for row in written)
    assert not any("\x1b" in row or "\u202e" in row for row in written)


def images(figure):
    return [axes for axes in figure.axes if axes.get_images()]


def test_pictures_keep_their_shape_and_items_without_one_have_their_first_letter():
    figure = recommendations_figure(user(2))
    # Chosen: 2 and 0 have one, 1 has none; recommended: the first has one, the second has none.
    assert len(images(figure)) == 3
    size = figure.get_size_inches()
    for axes in images(figure):
        across, down = axes.get_position().size * size
        shape = axes.get_images()[0].get_array().shape
        assert across / down == pytest.approx(shape[1] / shape[0], rel=0.01)
    letters = [t.get_text() for t in figure.findobj(Text) if t.get_size() == 11.5 and len(t.get_text()) == 1]
    assert sorted(letters) == ["c", "s"]


def test_without_any_picture_titles_have_the_whole_card():
    bare = replace(
        user(2), chosen=[ShownItem("12"), ShownItem("13")] * 2, recommended=[ShownItem("7"), ShownItem("8")]
    )
    figure = recommendations_figure(bare)
    assert not images(figure)
    left, _ = cards(figure)
    (twelve,) = {t.get_position()[0] for t in figure.findobj(Text) if t.get_text() == "12"}
    assert twelve == pytest.approx(left[0][0] + 0.07, abs=1e-6)


def test_a_picture_whose_file_is_gone_is_none_and_a_damaged_one_is_an_error(tmp_path):
    assert small_picture(ShownItem("a", tmp_path / "none.jpg")) is None
    assert small_picture(ShownItem("a")) is None
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"bad\.jpg"):
        small_picture(ShownItem("a", tmp_path / "bad.jpg"))
    picture(size=(1000, 500)).save(tmp_path / "good.png")
    assert small_picture(ShownItem("a", str(tmp_path / "good.png")), 100).size == (100, 50)


def test_items_that_were_chosen_after_all_are_outlined():
    def outlined(figure):
        found = [p for p in figure.findobj(FancyBboxPatch) if to_hex(p.get_edgecolor()) == LIGHT.true.lower()]
        return [p.get_path().get_extents().y0 for p in found if not p.get_fill() or not filled(p)]

    (_, right), figure = cards(recommendations_figure(user())), recommendations_figure(user())
    assert outlined(figure) == pytest.approx([right[1][1]])
    plain = recommendations_figure(user(held_out=frozenset()))
    assert outlined(plain) == []
    assert "chosen in held-out data" not in texts(plain)


@pytest.mark.parametrize("count", [1, 3, 7])
@pytest.mark.parametrize("width", [3.0, 3.4, 7.0])
def test_any_number_of_items_is_legible_at_any_width(count, width):
    shown = user(count)
    shown = replace(shown, recommended=[ShownItem(HOSTILE + LONG, picture()), *shown.recommended[1:]])
    check_legible(recommendations_figure(shown, width=width))


def test_ten_items_are_legible_and_cards_do_not_overlap():
    shown = user()
    ten = Neighbourhood(
        "u",
        shown.chosen,
        [*shown.recommended, *shown.recommended[:3]],
        [*shown.reasons] + [ShownReason()] * 3,
    )
    figure = recommendations_figure(ten)
    check_legible(figure)
    for column in cards(figure):
        assert len(column) == 10
        assert all(a[1] > b[3] for a, b in pairwise(column))


def test_a_user_who_chose_nothing_has_no_lines():
    figure = recommendations_figure(Neighbourhood("new", [], user(1).recommended, [ShownReason("none yet")]))
    assert lines(figure) == []
    assert "chosen: none" in texts(figure)
    check_legible(figure)


def test_equal_users_give_equal_files(tmp_path):
    for name in ("a", "b"):
        save_figure(recommendations_figure(user()), tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert Image.open(tmp_path / "a.png").width == 1400
