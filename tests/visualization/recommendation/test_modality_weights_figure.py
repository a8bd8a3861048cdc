import pytest

pytest.importorskip("matplotlib")
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from mmgraph import InputError
from mmgraph.visualization import modality_weights_figure, save_figure
from mmgraph.visualization.theme import LIGHT
from tests.visualization.legible import check_legible, texts
from tests.visualization.recommendation.shown import HOSTILE, LONG, WEIGHTS


def bars(figure, colour):
    """The bars of a colour, but for the legend's, from the top."""
    found = [p for p in figure.findobj(Rectangle) if to_hex(p.get_facecolor()) == colour.lower()]
    return sorted(found, key=lambda p: -p.get_y())


def dots(figure):
    found = [
        line for line in figure.findobj(Line2D) if line.get_marker() == "o" and len(line.get_xdata()) == 1
    ]
    return [line for line in found if line.get_markersize() < 4]


def test_a_bar_is_as_long_as_the_mean_and_has_the_colour_of_its_modality():
    figure = modality_weights_figure(WEIGHTS)
    image, text, audio = (bars(figure, colour) for colour in LIGHT.palette[:3])
    assert [len(image), len(text), len(audio)] == [2, 2, 1]
    unit = image[1].get_width() / 0.75
    assert [bar.get_width() / unit for bar in image + text + audio] == pytest.approx(
        [0.3, 0.75, 0.4, 0.25, 0.3]
    )
    assert len({round(bar.get_x(), 6) for bar in image + text + audio}) == 1
    assert {"aligned", "lattice", "0.30", "0.40", "0.75", "0.25"} <= set(texts(figure))


def test_seeds_are_dots_with_a_line_from_the_lowest_to_the_highest():
    figure = modality_weights_figure(WEIGHTS)
    (bar, _), start = bars(figure, LIGHT.palette[0]), bars(figure, LIGHT.palette[0])[0].get_x()
    unit = bar.get_width() / 0.3
    middle = bar.get_y() + bar.get_height() / 2
    own = [dot for dot in dots(figure) if abs(dot.get_ydata()[0] - middle) < 1e-6]
    assert [(dot.get_xdata()[0] - start) / unit for dot in own] == pytest.approx([0.2, 0.4])
    lines = [x for x in figure.findobj(Line2D) if to_hex(x.get_color()) == LIGHT.muted.lower()]
    spans = [
        x.get_xdata() for x in lines if abs(x.get_ydata()[0] - middle) < 1e-6 and x.get_linestyle() == "-"
    ]
    assert [(x - start) / unit for span in spans for x in span] == pytest.approx([0.2, 0.4])
    assert "lowest to highest seed" in texts(figure)


def test_dashes_stand_where_all_would_count_the_same():
    figure = modality_weights_figure(WEIGHTS)
    bar = bars(figure, LIGHT.palette[0])[0]
    unit = bar.get_width() / 0.3
    upright = [
        x for x in figure.findobj(Line2D) if x.get_linestyle() == "--" and len(set(x.get_xdata())) == 1
    ]
    assert [(x.get_xdata()[0] - bar.get_x()) / unit for x in upright] == pytest.approx([1 / 3, 1 / 2])


def test_a_single_model_with_one_seed_is_bars_alone():
    figure = modality_weights_figure({"aligned": WEIGHTS["aligned"][:1]})
    assert "aligned" not in texts(figure)
    assert not dots(figure)
    assert "single seeds" not in texts(figure)


def test_equal_weights_give_equal_files_and_names_stay_inside(tmp_path):
    weights = {LONG: [{LONG: 0.0, HOSTILE: 0.0}], HOSTILE: [{"x" * 200: 1.0}]}
    for name in ("a", "b"):
        figure = modality_weights_figure(weights, LONG, width=3.0)
        check_legible(figure)
        save_figure(figure, tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_mistakes_are_named():
    with pytest.raises(InputError, match="modality_weights_figure got no weights: give"):
        modality_weights_figure({})
    with pytest.raises(InputError, match="got no weights of 'a'"):
        modality_weights_figure({"a": []})
    with pytest.raises(InputError, match=r"'a' has the modalities \['image'\] and, in run 1, \['text'\]"):
        modality_weights_figure({"a": [{"image": 1.0}, {"text": 1.0}]})
    with pytest.raises(InputError, match=r"'a' weighs 'image' -1\.0, expected a finite weight of at least 0"):
        modality_weights_figure({"a": [{"image": -1.0}]})
    with pytest.raises(InputError, match="width=1"):
        modality_weights_figure(WEIGHTS, width=1.0)
