from dataclasses import replace

import pytest
import torch

pytest.importorskip("matplotlib")
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from mmgraph import InputError
from mmgraph.visualization import graph_figure, save_figure
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.graph_figure import MOST_ACROSS, MOST_WITHIN, _pairs, arc, bow

NEAR, NEXT = ("region", "near", "region"), ("token", "next", "token")
MENTIONS = ("token", "mentions", "region")


def strokes(figure):
    patches = [patch for patch in figure.findobj(PathPatch) if type(patch) is PathPatch]
    return [patch for patch in patches if to_hex(patch.get_edgecolor()) != "#ffffff"]


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def with_near(graph, index):
    return replace(graph, edge_index={**graph.edge_index, NEAR: index})


def test_relations_are_drawn_each_pair_once_and_named_with_their_counts(case, tmp_path):
    figure = graph_figure(case.graph, case.image, case.audio, title="A graph")
    # near 2 pairs in both directions, next 4, mentions 2, coincides 2; complete and reversed ones not.
    assert len(strokes(figure)) == 2 + 4 + 2 + 2
    assert {
        "region: 4",
        "token: 5",
        "user: 0",
        "region near region: 4",
        "token next token: 4",
        "token mentions region: 2",
        "segment coincides token: 2",
        "region informs region: complete, all 16 pairs",
    } <= set(texts(figure))
    assert not any("rev_" in text for text in texts(figure))
    assert len({to_hex(stroke.get_edgecolor()) for stroke in strokes(figure)}) == 4
    save_figure(figure, tmp_path / "a.pdf")


@pytest.mark.parametrize(
    ("modalities", "lines"),
    [
        (("region",), 2),
        (("token",), 4),
        (("segment",), 0),
        (("token", "segment"), 6),
        (("region", "token"), 8),
    ],
)
def test_a_missing_modality_has_no_panel_and_no_edges(case, modalities, lines):
    figure = graph_figure(case.only(*modalities))
    assert len(strokes(figure)) == lines


def test_the_dot_of_a_region_is_at_its_centre(case):
    figure = graph_figure(case.graph, case.image)
    axes = next(axes for axes in figure.axes if axes.images)
    width, height = figure.get_size_inches()
    box = axes.get_position()
    x = (box.x0 + box.width * 0.3) * width
    y = (box.y1 - box.height * 0.3 - 1) * height
    dots = [
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in figure.findobj(Line2D)
        if line.get_marker() == "o"
    ]
    assert any(abs(a - x) < 1e-6 and abs(b - y) < 1e-6 for a, b in dots)


def test_of_very_many_edges_some_are_drawn_and_the_legend_says_so(case):
    count = 30
    graph = replace(
        case.only("token"),
        sizes={"region": (0,), "token": (count,), "segment": (0,), "user": (0,)},
        samples=(replace(case.graph.samples[0], text="ab " * count, image_size=None, seconds=None),),
        pos={**case.only("token").pos, "token": torch.tensor([[3 * n, 3 * n + 2] for n in range(count)])},
        label={},
    )
    graph = replace(
        graph,
        x={**graph.x, "token": torch.zeros(count, 2)},
        batch={**graph.batch, "token": torch.zeros(count, dtype=torch.long)},
    )
    pairs = torch.combinations(torch.arange(count)).T
    graph = replace(graph, edge_index={**graph.edge_index, ("token", "next", "token"): pairs})
    figure = graph_figure(graph)
    assert len(strokes(figure)) == MOST_WITHIN
    assert f"token next token: {pairs.shape[1]} ({MOST_WITHIN} drawn)" in texts(figure)


def test_of_too_many_scored_edges_the_best_are_drawn(case):
    graph, index = case.graph, torch.tensor([[0, 4] * MOST_ACROSS, [0, 3] * MOST_ACROSS])
    pairs = torch.stack([index[0], index[1]])
    score = torch.arange(2.0 * MOST_ACROSS)
    found = _pairs(_with_scores(graph, MENTIONS, pairs, score), MENTIONS, pairs, 1)
    assert found == [(4, 3)]


def test_of_too_many_edges_without_scores_those_drawn_are_spread_over_all(case):
    pairs = torch.combinations(torch.arange(5)).T
    assert _pairs(case.graph, NEXT, pairs, 5) == [(0, 1), (0, 3), (1, 2), (1, 4), (2, 4)]


def _with_scores(graph, edge_type, index, score):
    return replace(
        graph,
        edge_index={**graph.edge_index, edge_type: index},
        edge_score={**graph.edge_score, edge_type: score},
    )


def test_a_loop_is_not_drawn(case):
    assert len(strokes(graph_figure(with_near(case.only("region"), torch.tensor([[0, 1], [0, 1]]))))) == 0


def test_an_arc_rises_over_both_its_ends():
    controls = arc(Rect(0.0, -1.0, 1.0, 0.0), Rect(4.0, -1.0, 5.0, 0.0))
    assert controls[0][1] == controls[-1][1] == 0
    assert min(y for _, y in controls[1:3]) > 0
    assert 0.5 <= controls[0][0] < controls[-1][0] <= 4.5


def test_a_bow_begins_and_ends_at_its_points():
    controls = bow((0.0, 0.0), (3.0, 0.0))
    assert (controls[0], controls[-1]) == ((0.0, 0.0), (3.0, 0.0))
    # The middle of the cubic lies an eighth of the length aside.
    middle = sum(w * y for w, (_, y) in zip((1, 3, 3, 1), controls, strict=True)) / 8
    assert middle == pytest.approx(3 / 8)


def test_bad_input_is_refused(case, two_samples):
    with pytest.raises(InputError, match="graph_figure draws one sample, the graph has 2"):
        graph_figure(two_samples)
    with pytest.raises(InputError, match="has no picture, no text and no sound"):
        graph_figure(case.only())
    with pytest.raises(InputError, match="width=0"):
        graph_figure(case.graph, width=0.0)
