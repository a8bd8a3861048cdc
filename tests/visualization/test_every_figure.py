"""What holds for every figure, in either theme, at the width of a page and of a column."""

import re
import threading
import zlib

import pytest
import torch

pytest.importorskip("matplotlib")
from matplotlib.colors import to_hex
from matplotlib.text import Text

from mmgraph import InputError
from mmgraph.explanation import Attribution, Explanation, Fidelity, WeightMap
from mmgraph.visualization import (
    alignment_comparison_figure,
    alignment_figure,
    comparison_figure,
    explanation_figure,
    graph_figure,
    head_grid_figure,
    matrix_figure,
    modality_weights_figure,
    recall_by_popularity_figure,
    recommendations_figure,
    save_figure,
    subset_figure,
)
from mmgraph.visualization.style import COLUMN_WIDTH, FIGURE_WIDTH
from mmgraph.visualization.theme import DARK, LIGHT, current
from tests.visualization.legible import check_legible, texts
from tests.visualization.recommendation.shown import ARMS_BY_POPULARITY, WEIGHTS, user

PAIR = ("token", "region")
SCORES = {("image",): (0.3, 0.2, 0.4), ("text",): (0.5, 0.4, 0.6), ("image", "text"): (0.9, 0.85, 0.95)}
ARMS = {"no graph": (0.84, 0.82, 0.86), "full model": (0.93, 0.92, 0.94)}
TITLE = "A title of so many words that it needs two lines at least"


def weights(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0)) ** 3


def explained(case):
    measured = Fidelity(0.05, 0.31, 0.62, 0.25), Fidelity(0.2, 0.12, 0.4, 0.41)
    maps = {PAIR: WeightMap.of(weights(3, 4, 5, 4)), ("segment", "token"): WeightMap.of(weights(4, 5))}
    nodes = {key: weights(n) - 0.3 for key, n in (("region", 4), ("token", 5), ("segment", 4))}
    methods = (
        Attribution("attention", maps, {}, *measured, note="a note that says what has to be known of this"),
        Attribution("gradients", {}, nodes, *measured),
    )
    return Explanation.of(case.graph, methods, case.image, case.audio, title=TITLE)


FIGURES = {
    "alignment": lambda case, **look: alignment_figure(
        case.graph, {PAIR: weights(5, 4)}, case.image, case.audio, TITLE, **look
    ),
    "graph": lambda case, **look: graph_figure(case.graph, case.image, case.audio, TITLE, **look),
    "matrix": lambda case, **look: matrix_figure(
        case.graph, weights(5, 4), *PAIR, case.image, TITLE, weights(5, 4).round(), **look
    ),
    "signed matrix": lambda case, **look: matrix_figure(
        case.graph, 9 - 20 * weights(4, 5), "segment", "token", title=TITLE, **look
    ),
    "alignment comparison": lambda case, **look: alignment_comparison_figure(
        case.graph, {"first": weights(5, 4), "second": 1 - weights(5, 4)}, *PAIR, case.image, TITLE, **look
    ),
    "links": lambda case, **look: explanation_figure(explained(case), layer=1, **look),
    "shading": lambda case, **look: explanation_figure(explained(case), "gradients", **look),
    "head grid": lambda case, **look: head_grid_figure(explained(case), title=TITLE, **look),
    "twelve by twelve": lambda _, **look: head_grid_figure(WeightMap.of(weights(12, 12, 5, 9)), **look),
    "comparison": lambda _, **look: comparison_figure(ARMS, {"no graph": [0.83]}, ("chance", 0.8), **look),
    "subsets": lambda _, **look: subset_figure(SCORES, ("chance", 0.1), **look),
    "modality weights": lambda _, **look: modality_weights_figure(WEIGHTS, TITLE, **look),
    "recommendations": lambda _, **look: recommendations_figure(user(), TITLE, **look),
    "recall by popularity": lambda _, **look: recall_by_popularity_figure(ARMS_BY_POPULARITY, TITLE, **look),
}


@pytest.fixture(params=list(FIGURES))
def draw(request, case):
    return lambda **look: FIGURES[request.param](case, **look)


@pytest.mark.parametrize("width", [COLUMN_WIDTH, FIGURE_WIDTH])
def test_nothing_written_is_small_or_outside_or_over_another(draw, width):
    figure = draw(width=width)
    check_legible(figure)
    assert figure.get_size_inches()[0] <= width + 1e-9


def test_a_dark_figure_has_the_words_of_the_light_one_in_other_colours(draw):
    light, dark = draw(), draw(theme="dark")
    assert texts(light) == texts(dark)
    assert to_hex(light.get_facecolor()) == LIGHT.paper.lower()
    assert to_hex(dark.get_facecolor()) == DARK.paper.lower()
    assert light.get_size_inches().tolist() == dark.get_size_inches().tolist()
    for figure, other in ((light, DARK), (dark, LIGHT)):
        inks = {to_hex(text.get_color()) for text in figure.findobj(Text) if text.get_text()}
        assert not inks & {other.muted.lower()}
    assert DARK.ink.lower() in {to_hex(text.get_color()) for text in dark.findobj(Text)} or (
        DARK.muted.lower() in {to_hex(text.get_color()) for text in dark.findobj(Text)}
    )


def test_a_dark_figure_is_saved_dark(draw, tmp_path):
    from PIL import Image

    save_figure(draw(theme="dark"), tmp_path / "a.png")
    corner = Image.open(tmp_path / "a.png").convert("RGB").getpixel((1, 1))
    assert "#{:02X}{:02X}{:02X}".format(*corner) == DARK.paper


def test_text_stays_text_and_fonts_are_embedded(draw, tmp_path):
    figure = draw(width=COLUMN_WIDTH)
    save_figure(figure, tmp_path / "a.svg")
    save_figure(figure, tmp_path / "a.pdf")
    written = re.findall(r"<text[^>]*>([^<]*)</text>", (tmp_path / "a.svg").read_text())
    assert len(written) == len(texts(figure))
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert b"/Subtype /CIDFontType2" in pdf
    assert not re.search(rb"/Subtype /Type3", pdf)
    # Each font of the document points to a stream that holds a TrueType font.
    (number,) = set(re.findall(rb"/FontFile2 (\d+) 0 R", pdf)[:1])
    stream = re.search(rb"\n%b 0 obj.*?stream\r?\n(.*?)endstream" % number, pdf, re.DOTALL)[1]
    assert zlib.decompress(stream)[:4] in (b"\x00\x01\x00\x00", b"true")


def test_a_theme_that_does_not_exist_is_an_input_error(draw):
    with pytest.raises(InputError, match="theme='sepia': expected one of 'light', 'dark'"):
        draw(theme="sepia")


def test_a_theme_ends_with_its_figure_and_stays_in_its_thread(case):
    found = {}

    def draw(name):
        for _ in range(2):
            figure = alignment_figure(case.graph, {PAIR: weights(5, 4)}, theme=name)
            found.setdefault(name, set()).add(to_hex(figure.get_facecolor()))

    threads = [threading.Thread(target=draw, args=(name,)) for name in ("light", "dark")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"light": {LIGHT.paper.lower()}, "dark": {DARK.paper.lower()}}
    with pytest.raises(InputError):
        alignment_figure(case.graph, {PAIR: torch.ones(2, 2)}, theme="dark")
    assert current() is LIGHT
