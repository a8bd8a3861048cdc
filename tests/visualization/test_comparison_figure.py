import pytest

pytest.importorskip("matplotlib")
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from mmgraph import InputError
from mmgraph.visualization import comparison_figure, save_figure
from mmgraph.visualization.style import TICK
from mmgraph.visualization.theme import LIGHT

ROWS = {"no graph": (0.84, 0.82, 0.86), "full model": (0.93, 0.92, 0.94), "late fusion": (0.88, 0.86, 0.9)}


def texts(figure):
    return {text.get_text(): text for text in figure.findobj(Text) if text.get_text()}


def dots(figure, colour):
    """The dots of a colour, but for the legend's, from the top."""
    found = [line for line in figure.findobj(Line2D) if line.get_marker() == "o"]
    found = [
        line for line in found if to_hex(line.get_color()) == colour.lower() and not line_of_legend(line)
    ]
    return sorted(((line.get_xdata()[0], line.get_ydata()[0]) for line in found), key=lambda at: -at[1])


def line_of_legend(line):
    return line.get_markeredgewidth() > 0


def bars(figure, *colours):
    found = [p for p in figure.findobj(Rectangle) if to_hex(p.get_facecolor()) in map(str.lower, colours)]
    return sorted((p for p in found if p.get_height() > 0.1), key=lambda p: -p.get_y())


def ticks(figure):
    """Where two ticks stand, to read values off the figure."""
    found = [(float(name), text.get_position()[0]) for name, text in texts(figure).items() if name.isdigit()]
    return min(found), max(found)


def read(figure, x):
    (low, start), (high, end) = ticks(figure)
    return (low + (x - start) / (end - start) * (high - low)) / 100


def test_dots_and_bars_show_the_values_and_the_best_is_on_top():
    figure = comparison_figure(ROWS)
    order = ["full model", "late fusion", "no graph"]
    heights = [texts(figure)[name].get_position()[1] for name in order]
    assert heights == sorted(heights, reverse=True)
    for name, (x, _), bar in zip(
        order, dots(figure, LIGHT.palette[0]), bars(figure, LIGHT.pale), strict=True
    ):
        mean, low, high = ROWS[name]
        assert read(figure, x) == pytest.approx(mean, abs=1e-4)
        assert read(figure, bar.get_x()) == pytest.approx(low, abs=1e-4)
        assert read(figure, bar.get_x() + bar.get_width()) == pytest.approx(high, abs=1e-4)
    assert {"93.0", "[92.0, 94.0]", "accuracy, %", "mean", "95 % interval"} <= texts(figure).keys()
    assert "single runs" not in texts(figure)


def test_single_runs_are_faint_dots_under_their_arm():
    figure = comparison_figure(ROWS, {"no graph": [0.83, 0.85], "full model": [0.95]})
    places = dots(figure, LIGHT.grey)
    assert [read(figure, x) for x, _ in sorted(places)] == pytest.approx([0.83, 0.85, 0.95], abs=1e-4)
    means = dict(zip(["full model", "late fusion", "no graph"], dots(figure, LIGHT.palette[0]), strict=True))
    assert places[0][1] < means["full model"][1]
    assert means["late fusion"][1] > places[1][1] == places[2][1] < means["no graph"][1]
    assert "single runs" in texts(figure)


def test_a_reference_is_a_dashed_line_and_is_named_with_its_value():
    figure = comparison_figure(ROWS, reference=("chance", 0.8))
    upright = [
        line
        for line in figure.findobj(Line2D)
        if line.get_linestyle() == "--" and line.get_xdata()[0] == line.get_xdata()[-1]
    ]
    assert len(upright) == 1
    assert read(figure, upright[0].get_xdata()[0]) == pytest.approx(0.8, abs=1e-4)
    assert upright[0].get_xdata()[0] > texts(figure)["no graph"].get_position()[0] + 0.1
    assert "chance 80.0" in texts(figure)


def test_a_highlighted_arm_has_the_colour_and_the_others_are_grey():
    figure = comparison_figure(ROWS, highlight=["late fusion"])
    assert [read(figure, x) for x, _ in dots(figure, LIGHT.palette[0])] == pytest.approx([0.88], abs=1e-4)
    assert len(dots(figure, LIGHT.muted)) == 2


def test_numbers_that_are_no_shares_have_three_decimals():
    figure = comparison_figure({"a": (1.25, 1.0, 1.5), "b": (-0.5, -0.75, 0.0)}, percent=False, label="loss")
    assert {"1.250", "[1.000, 1.500]", "-0.500", "loss"} <= texts(figure).keys()


def test_everything_stays_inside_whatever_the_names_are(tmp_path):
    rows = {"x" * 300: (0.5, 0.4, 0.6), "$\\frac{": (0.0, 0.0, 0.0), "\x00 \U0001f436": (1.0, 1.0, 1.0)}
    for width in (3.0, 7.0):
        figure = comparison_figure(
            rows,
            {"$\\frac{": [0.1] * 3},
            ("$\\bad{", 0.5),
            "title " * 30,
            highlight=["$\\frac{"],
            width=width,
        )
        box = figure.bbox
        for name, text in texts(figure).items():
            extent = text.get_window_extent()
            assert extent.x0 >= box.x0 - 1, name
            assert extent.x1 <= box.x1 + 1, name
            assert box.y0 <= extent.y0 <= extent.y1 <= box.y1, name
            assert text.get_size() >= TICK
        save_figure(figure, tmp_path / "a.png")


def test_where_names_leave_too_little_room_the_figures_are_left_out():
    rows = {f"the long name of an arm without a {name}": values for name, values in ROWS.items()}
    assert "[92.0, 94.0]" not in texts(comparison_figure(rows))
    assert "[92.0, 94.0]" in texts(comparison_figure(rows, width=7.0))


def test_the_same_values_give_the_same_file_and_one_arm_is_a_figure(tmp_path):
    for name in ("a", "b"):
        save_figure(comparison_figure({"one": (0.5, 0.5, 0.5)}), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_mistakes_are_named():
    with pytest.raises(InputError, match="comparison_figure got nothing to draw"):
        comparison_figure({})
    with pytest.raises(InputError, match="runs has 'other', rows only"):
        comparison_figure(ROWS, {"other": [0.5]})
    with pytest.raises(InputError, match="highlight has 'ours', rows only"):
        comparison_figure(ROWS, highlight=["ours"])
    with pytest.raises(InputError, match="is not finite"):
        comparison_figure(ROWS, reference=("chance", float("nan")))
    with pytest.raises(InputError, match="width=1"):
        comparison_figure(ROWS, width=1.0)
