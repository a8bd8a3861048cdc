from itertools import combinations

import pytest

pytest.importorskip("matplotlib")
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from mmgraph import InputError
from mmgraph.visualization import save_figure, subset_figure
from mmgraph.visualization.style import TICK
from mmgraph.visualization.theme import LIGHT
from tests.ops.tracing import no_shape_checks

SCORES = {
    ("region",): (0.3, 0.25, 0.35),
    ("token",): (0.5, 0.45, 0.55),
    ("region", "token"): (0.9, 0.85, 0.95),
}


def texts(figure):
    return {text.get_text(): text for text in figure.findobj(Text) if text.get_text()}


def dots(figure, colour):
    """Dots of a colour, but for the legend's: their places from the left."""
    found = [line for line in figure.findobj(Line2D) if line.get_marker() == "o"]
    found = [line for line in found if to_hex(line.get_color()) == colour.lower()]
    return sorted(
        (line.get_xdata()[0], line.get_ydata()[0]) for line in found if line.get_markeredgewidth() == 0
    )


def read(figure, y):
    names = [(name, text) for name, text in texts(figure).items() if name.isdigit()]
    found = [(float(name), text.get_position()[1]) for name, text in names]
    (low, start), (high, end) = min(found), max(found)
    ends = [y_of + 0.33 * TICK / 72 for y_of in (start, end)]
    return (low + (y - ends[0]) / (ends[1] - ends[0]) * (high - low)) / 100


def test_scores_stand_above_the_dots_of_their_modalities():
    figure = subset_figure(SCORES)
    found = dots(figure, LIGHT.palette[0])
    assert [read(figure, y) for _, y in found] == pytest.approx([0.3, 0.5, 0.9], abs=1e-3)
    rows = {name: texts(figure)[name].get_position()[1] for name in ("region", "token")}
    filled, empty = dots(figure, LIGHT.ink), dots(figure, LIGHT.faint)
    assert rows["region"] > rows["token"]
    for (x, _), subset in zip(found, SCORES, strict=True):
        above = sorted((y for at, y in filled if at == x), reverse=True)
        assert len(above) == len(subset)
        assert len([y for at, y in empty if at == x]) == 2 - len(subset)
    by_height = sorted({y for _, y in filled}, reverse=True)
    assert [y for x, y in filled if x == found[0][0]] == [by_height[0]]
    assert [y for x, y in filled if x == found[1][0]] == [by_height[1]]


def test_bars_are_the_intervals():
    figure = subset_figure(SCORES)
    found = [p for p in figure.findobj(Rectangle) if to_hex(p.get_facecolor()) == LIGHT.pale.lower()]
    found = sorted((p for p in found if p.get_width() == pytest.approx(0.11)), key=lambda p: p.get_x())
    for bar, (_, low, high) in zip(found, SCORES.values(), strict=True):
        ends = [read(figure, bar.get_y() + share * bar.get_height()) for share in (0, 1)]
        assert ends == pytest.approx([low, high], abs=1e-3)


def test_modalities_of_one_subset_are_joined_by_a_line():
    lines = [
        line
        for line in subset_figure(SCORES).findobj(Line2D)
        if to_hex(line.get_color()) == LIGHT.ink.lower() and line.get_marker() != "o"
    ]
    lengths = sorted(abs(line.get_ydata()[0] - line.get_ydata()[-1]) for line in lines)
    assert lengths == pytest.approx([0.0, 0.0, 0.19])


def test_figures_are_written_where_there_is_room_and_a_reference_is_named():
    figure = subset_figure(SCORES, ("chance", 0.1), "Which modalities?")
    assert {"30.0", "50.0", "90.0", "chance 10.0", "Which modalities?", "accuracy, %"} <= texts(figure).keys()
    level = [line for line in figure.findobj(Line2D) if line.get_linestyle() == "--"]
    assert read(figure, level[0].get_ydata()[0]) == pytest.approx(0.1, abs=1e-3)
    assert level[0].get_ydata()[0] > max(y for _, y in dots(figure, LIGHT.ink)) + 0.1
    many = {
        some: (0.5, 0.4, 0.6) for count in range(1, 5) for some in combinations(("a", "b", "c", "d"), count)
    }
    assert "50.0" not in texts(subset_figure(many))
    assert "50.0" in texts(subset_figure(many, width=7.0))


def test_everything_stays_inside_whatever_the_names_are(tmp_path):
    scores = {("$\\frac{",): (0.0, 0.0, 0.0), ("x" * 200, "\x00"): (1.0, 1.0, 1.0)}
    for width in (3.0, 7.0):
        figure = subset_figure(scores, ("$\\bad{", 0.5), "title " * 30, label="score " * 9, width=width)
        for name, text in texts(figure).items():
            extent = text.get_window_extent()
            assert figure.bbox.x0 - 1 <= extent.x0, name
            assert extent.x1 <= figure.bbox.x1 + 1, name
            assert extent.y0 >= figure.bbox.y0, name
            assert extent.y1 <= figure.bbox.y1, name
            assert text.get_size() >= TICK
        save_figure(figure, tmp_path / "a.png")


def test_mistakes_are_named():
    with pytest.raises(InputError, match="subset_figure got nothing to draw"):
        subset_figure({})
    for wrong in ((), "region"):
        with no_shape_checks(), pytest.raises(InputError, match="give tuples of names, none empty"):
            subset_figure({wrong: (0.5, 0.4, 0.6)})
    many = {(f"m{i}", f"m{j}"): (0.5, 0.4, 0.6) for i, j in combinations(range(8), 2)}
    with pytest.raises(InputError, match=r"28 subsets do not fit into width=3\.4 inches: give 4\.6 or more"):
        subset_figure(many)
    assert subset_figure(many, width=4.6)
