from itertools import pairwise

import pytest

pytest.importorskip("matplotlib")
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.text import Text

from mmgraph import InputError
from mmgraph.visualization import recall_by_popularity_figure, save_figure
from mmgraph.visualization.theme import LIGHT
from tests.visualization.legible import check_legible, texts
from tests.visualization.recommendation.shown import ARMS_BY_POPULARITY as ARMS
from tests.visualization.recommendation.shown import GROUPS, HOSTILE, LONG


def dots(figure, place):
    """Where an arm's values stand, from the left, without the legend's dot."""
    found = [line for line in figure.findobj(Line2D) if line.get_marker() == "o"]
    own = [line for line in found if to_hex(line.get_color()) == LIGHT.palette[place].lower()]
    own = [line for line in own if line.get_markeredgewidth() == 0]
    return sorted((line.get_xdata()[0], line.get_ydata()[0]) for line in own)


def spans(figure, place):
    """The intervals of an arm, from the left."""
    lines = [
        line for line in figure.findobj(Line2D) if to_hex(line.get_color()) == LIGHT.palette[place].lower()
    ]
    upright = [line for line in lines if len(line.get_xdata()) == 2 and len(set(line.get_xdata())) == 1]
    return [tuple(line.get_ydata()) for line in sorted(upright, key=lambda line: line.get_xdata()[0])]


def reader(figure):
    """From a height to the value that stands there."""
    ticks = [t for t in figure.findobj(Text) if t.get_text().isdigit()]
    low, high = min(ticks, key=lambda t: t.get_position()[1]), max(ticks, key=lambda t: t.get_position()[1])
    (a, b), (x, y) = (
        (float(low.get_text()), float(high.get_text())),
        (low.get_position()[1], high.get_position()[1]),
    )
    # Text stands a little under the line that it names: by as much at both ends.
    lines = sorted({line.get_ydata()[0] for line in figure.findobj(Line2D) if flat(line)})
    x, y = (min(lines, key=lambda at: abs(at - end)) for end in (x, y))
    return lambda at: (a + (at - x) / (y - x) * (b - a)) / 100


def flat(line):
    return (
        len(line.get_ydata()) == 2
        and len(set(line.get_ydata())) == 1
        and to_hex(line.get_color()) == LIGHT.faint.lower()
    )


def test_values_and_intervals_of_every_group_stand_side_by_side():
    figure = recall_by_popularity_figure(ARMS)
    read, first, second = reader(figure), dots(figure, 0), dots(figure, 1)
    assert [read(y) for _, y in first] == pytest.approx([ARMS["aligned"][group][0] for group in GROUPS])
    assert [read(y) for _, y in second] == pytest.approx([0.0] * 5)
    ends = [(read(low), read(high)) for low, high in spans(figure, 0)]
    assert ends == [pytest.approx(ARMS["aligned"][group][1:]) for group in GROUPS]
    assert spans(figure, 1) == []
    # "cold" has no value of the second arm; in the others it stands right of the first.
    steps = [b[0] - a[0] for a, b in zip(first[1:], second, strict=True)]
    assert steps == pytest.approx([steps[0]] * 5)
    assert 0 < steps[0] < first[1][0] - first[0][0]


def test_groups_and_arms_are_named():
    found = texts(recall_by_popularity_figure(ARMS, label="recall@50"))
    assert {"cold", "new", "1st fifth", "rarest", "5th fifth", "popular", "recall@50, %"} <= set(found)
    assert {"aligned", "popularity", "95 % interval over seeds"} <= set(found)
    without = texts(recall_by_popularity_figure({"popularity": ARMS["popularity"]}))
    assert "cold" not in without
    assert "95 % interval over seeds" not in without


def test_strange_names_stay_inside_and_equal_values_give_equal_files(tmp_path):
    arms = {LONG: ARMS["aligned"], HOSTILE: ARMS["popularity"], "one": {"cold": (1.0, 1.0, 1.0)}}
    for name in ("a", "b"):
        figure = recall_by_popularity_figure(arms, LONG, width=3.4)
        check_legible(figure)
        save_figure(figure, tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_ten_arms_fit_a_page():
    figure = recall_by_popularity_figure({f"arm {n}": ARMS["aligned"] for n in range(10)}, width=7.0)
    check_legible(figure)
    places = sorted(x for n in range(10) for x, _ in dots(figure, n))
    assert min(b - a for a, b in pairwise(places)) > 0.06


def test_mistakes_are_named():
    draw = recall_by_popularity_figure
    with pytest.raises(InputError, match="got no arms"):
        draw({})
    with pytest.raises(InputError, match="'a' has the group 'warm', expected some of"):
        draw({"a": {"warm": (0.1, 0.1, 0.1)}})
    with pytest.raises(InputError, match="'a' got nothing to draw"):
        draw({"a": {}})
    with pytest.raises(InputError, match="expected low <= value <= high"):
        draw({"a": {"cold": (0.1, 0.2, 0.3)}})
    with pytest.raises(InputError, match="13 arms, more than 12"):
        draw({str(n): ARMS["aligned"] for n in range(13)})
    with pytest.raises(InputError, match=r"10 arms with 6 groups do not fit into width=3.4 inches: give \d"):
        draw({str(n): ARMS["aligned"] for n in range(10)})
