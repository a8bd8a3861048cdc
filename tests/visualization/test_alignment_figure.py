import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

pytest.importorskip("matplotlib")
import matplotlib
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from mmgraph import InputError, collate
from mmgraph.alignment import Alignment
from mmgraph.graph import HeteroGraph, NodeSpec, Sample, Schema
from mmgraph.visualization import alignment_figure, save_figure
from mmgraph.visualization.alignment_figure import link_routes
from mmgraph.visualization.geometry import Rect
from mmgraph.visualization.layout import Rooms, arrange
from mmgraph.visualization.links import Link
from mmgraph.visualization.panels import TAG_HEIGHT, name_place
from mmgraph.visualization.theme import LIGHT
from mmgraph.visualization.view import view_of

WORD_REGION, SEGMENT_WORD, SEGMENT_REGION = ("token", "region"), ("segment", "token"), ("segment", "region")
SIZES = {"region": 4, "token": 5, "segment": 4}
SUBSETS = [
    ("region", "token", "segment"),
    ("region", "token"),
    ("region", "segment"),
    ("token", "segment"),
    ("region",),
    ("token",),
    ("segment",),
]


def weights(pair):
    """Every source node matched with one target node: node i with node 2 i + 1, modulo their number."""
    plan = torch.full((SIZES[pair[0]], SIZES[pair[1]]), 0.01)
    for source in range(len(plan)):
        plan[source, (2 * source + 1) % plan.shape[1]] = 1.0 - 0.1 * source
    return plan


ALL = {pair: weights(pair) for pair in (WORD_REGION, SEGMENT_WORD, SEGMENT_REGION)}


def among(modalities):
    return {pair: plan for pair, plan in ALL.items() if set(pair) <= set(modalities)}


def draw(case, modalities=SUBSETS[0], alignments=None, **options):
    return alignment_figure(
        case.only(*modalities),
        among(modalities) if alignments is None else alignments,
        case.image if "region" in modalities else None,
        case.audio if "segment" in modalities else None,
        **options,
    )


def strokes(figure):
    """The lines between nodes, without their white rims."""
    patches = [patch for patch in figure.findobj(PathPatch) if type(patch) is PathPatch]
    return [patch for patch in patches if to_hex(patch.get_edgecolor()) != "#ffffff"]


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def photo(figure):
    """The photograph's place in inches from the figure's upper left corner: left, bottom, right, top."""
    axes = next(axes for axes in figure.axes if axes.images and axes.images[0].get_array().ndim == 3)
    width, height = figure.get_size_inches()
    box = axes.get_position()
    return box.x0 * width, (box.y0 - 1) * height, box.x1 * width, (box.y1 - 1) * height


@pytest.mark.parametrize("modalities", SUBSETS, ids="-".join)
def test_a_figure_has_a_panel_for_each_modality_and_a_line_for_each_source(case, modalities, tmp_path):
    figure = draw(case, modalities, title="What goes with what")
    assert len(strokes(figure)) == sum(SIZES[pair[0]] for pair in among(modalities))
    images = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert sum(image.ndim == 3 for image in images) == ("region" in modalities)
    assert sum(image.ndim == 2 for image in images) == ("segment" in modalities)
    assert ("sleeps" in texts(figure)) == bool({"token", "segment"} & set(modalities))
    assert "What goes with what" in texts(figure)
    save_figure(figure, tmp_path / "a.png")


@pytest.mark.parametrize("modalities", SUBSETS, ids="-".join)
@pytest.mark.parametrize("width", [3.4, 7.0, 13.0])
def test_no_text_is_small_or_leaves_the_figure(case, modalities, width):
    figure = draw(
        case, modalities, title="A title of so many words that it needs two lines at least", width=width
    )
    figure.canvas.draw()
    inside = figure.bbox.padded(1)
    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible():
            assert text.get_fontsize() >= 7
            box = text.get_window_extent()
            assert inside.x0 <= box.x0 <= box.x1 <= inside.x1, text
            assert inside.y0 <= box.y0 <= box.y1 <= inside.y1, text


def test_a_line_begins_on_its_word_and_ends_on_the_lower_side_of_its_region(case):
    plan = torch.zeros(5, 4)
    plan[2, 2] = 1
    figure = draw(case, alignments={WORD_REGION: plan})
    (stroke,) = strokes(figure)
    (start, *_, end) = stroke.get_path().vertices.tolist()
    left, bottom, right, top = photo(figure)
    x1, _, x2, y2 = 0.2, 0.6, 0.4, 0.9
    assert end[1] == pytest.approx(top - y2 * (top - bottom))
    assert left + x1 * (right - left) < end[0] < left + x2 * (right - left)
    word = next(text for text in figure.findobj(Text) if text.get_text() == "cat" and text.get_fontsize() > 9)
    renderer = figure.canvas.get_renderer()
    box = word.get_window_extent(renderer).transformed(word.axes.transData.inverted())
    assert start[0] == pytest.approx((box.x0 + box.x1) / 2, abs=0.03)
    assert box.y1 - 0.02 < start[1] < box.y1 + 0.2
    assert end[1] > start[1]


def layout_of(case, modalities=SUBSETS[0]):
    graph = case.only(*modalities)
    view = view_of(graph, case.image, case.audio if "segment" in modalities else None, (), "test")
    return view, arrange(view, 7.0, None, Rooms())


def test_lines_to_one_region_end_side_by_side_in_the_order_of_their_words(case):
    view, layout = layout_of(case)
    links = [Link(("token", n), ("region", 3), 1.0, 1.0) for n in (4, 0, 2)]
    routes = link_routes(links, layout, view.rank)
    ends = {link.source[1]: points[-1] for link, points in routes}
    box = layout.places["region", 3]
    assert ends[0][0] < ends[2][0] < ends[4][0]
    assert {y for _, y in ends.values()} == {box.bottom}
    assert ends[2][0] == pytest.approx(layout.places["token", 2].centre[0])


def test_a_line_from_the_sound_to_the_picture_passes_between_the_words(case):
    view, layout = layout_of(case)
    links = [Link(("segment", n), ("region", m), 1.0, 1.0) for n in range(4) for m in range(4)]
    words = [layout.places["token", n] for n in range(5)]
    for _, points in link_routes(links, layout, view.rank):
        assert len(points) == 4
        x = points[1][0]
        assert not any(word.left < x < word.right for word in words)


def test_the_direction_of_the_alignment_does_not_change_the_lines(case):
    view, layout = layout_of(case)
    links = [Link(("token", n), ("region", n), 1.0, 1.0) for n in range(4)]
    turned = [Link(link.target, link.source, 1.0, 1.0) for link in links]
    there = [points for _, points in link_routes(links, layout, view.rank)]
    assert there == [points for _, points in link_routes(turned, layout, view.rank)]


def test_a_stronger_link_is_wider_and_darker(case):
    plan = torch.zeros(5, 4)
    plan[0, 0], plan[1, 1] = 1.0, 0.5
    weak, strong = sorted(strokes(draw(case, alignments={WORD_REGION: plan})), key=lambda s: s.get_alpha())
    assert strong.get_linewidth() > weak.get_linewidth()
    assert strong.get_alpha() > weak.get_alpha()


def test_top_threshold_floor_and_most_bound_the_lines(case):
    plan = torch.tensor([[1.0, 0.8, 0.3, 0.1]] + [[0.2, 0.15, 0.1, 0.0]] * 4)

    def count(**options):
        return len(strokes(draw(case, alignments={WORD_REGION: plan}, **options)))

    assert count() == 1
    assert count(floor=0.0) == 5
    assert count(floor=0.0, top=2) == 10
    assert count(floor=0.0, top=2, threshold=0.78) == 6
    assert count(floor=0.0, top=4, threshold=0.0) == 16
    assert count(floor=0.0, top=4, threshold=0.0, most=7) == 7


def test_lines_that_are_not_in_the_truth_are_dashed_and_counted(case):
    best = torch.nn.functional.one_hot(ALL[WORD_REGION].argmax(1), 4).bool()
    truth = torch.cat([best[:1], ~best[1:4], torch.zeros(1, 4, dtype=torch.bool)])
    figure = draw(case, alignments={WORD_REGION: ALL[WORD_REGION]}, truth={WORD_REGION: truth})
    dashed = [stroke for stroke in strokes(figure) if stroke.get_linestyle() != "-"]
    assert len(dashed) == 3
    assert "wrong, 3 of 4" in texts(figure)


def test_matched_regions_are_named_with_their_scores_and_the_others_are_not(case):
    graph = replace(case.graph, extra={"region": {"score": torch.tensor([0.9, 0.8, 0.7, 0.6])}})
    plan = torch.zeros(5, 4)
    plan[2, 0] = 1
    figure = alignment_figure(graph, {WORD_REGION: plan}, case.image, case.audio)
    assert "cat 0.90" in texts(figure)
    assert not any("0.80" in text for text in texts(figure))


def test_a_name_avoids_what_is_there_and_stays_in_the_picture():
    within, box = Rect(0.0, -4.0, 6.0, 0.0), Rect(1.0, -3.0, 3.0, -1.0)
    assert name_place(box, 0.5, within, []) == Rect(1.0, -1.0, 1.5, -1 + TAG_HEIGHT)
    assert name_place(box, 0.5, within, [Rect(0.9, -1.0, 1.2, -0.9)]).left == pytest.approx(2.5)
    at_top = name_place(Rect(1.0, -3.0, 3.0, 0.0), 0.5, within, [])
    assert at_top.top == pytest.approx(0)
    assert within.holds(name_place(Rect(5.9, -4.0, 6.0, -3.9), 2.0, within, []))


def test_labels_of_segments_that_are_only_times_are_left_to_the_axis(case):
    graph = replace(case.graph, label={"segment": ("0.00-0.50 s", "0:30", "dog", "\U0001f436")})
    shown = texts(alignment_figure(graph, ALL, case.image, case.audio))
    assert {"dog", "□"} <= set(shown)
    assert not {"0.00-0.50 s", "0:30"} & set(shown)


def test_segments_that_overlap_stand_in_rows(case):
    times = torch.tensor([[0.0, 1.0], [0.5, 1.5], [1.0, 2.0], [1.5, 2.0]])
    view = view_of(
        replace(case.graph, pos={**case.graph.pos, "segment": times}), None, case.audio, (), "test"
    )
    bars = [arrange(view, 7.0, None, Rooms()).places["segment", n] for n in range(4)]
    assert bars[0].top == bars[2].top > bars[1].top == bars[3].top
    assert bars[0].right == pytest.approx(bars[2].left)
    assert not any(bars[i].shared(bars[j]) > 1e-6 for i in range(4) for j in range(i))


def test_the_types_that_are_aligned_are_shown_rather_than_the_first_of_their_kind(case):
    nodes = {"patch": NodeSpec(2, pos="box"), **case.graph.schema.nodes}
    graph = HeteroGraph.create(
        Schema(nodes, {}),
        case.graph.samples,
        x={**case.graph.x, "patch": torch.zeros(1, 2)},
        pos={**case.graph.pos, "patch": torch.tensor([[0.0, 0.0, 1.0, 1.0]])},
    )
    assert view_of(graph, None, None, (), "test").types["box"] == "patch"
    assert view_of(graph, None, None, ("token", "region"), "test").types["box"] == "region"


def test_the_waveform_has_the_colour_of_the_segment(case):
    plan = torch.zeros(4, 5)
    plan[1, 2] = 1
    figure = draw(case, ("token", "segment"), alignments={SEGMENT_WORD: plan})
    areas = {to_hex(area.get_facecolor()[0]): area for area in figure.findobj(PolyCollection)}
    assert set(areas) == {LIGHT.grey.lower(), LIGHT.palette[0].lower()}
    # Node 1 lasts from a quarter to half of the sound.
    whole, part = (
        areas[colour.lower()].get_paths()[0].vertices[:, 0] for colour in (LIGHT.grey, LIGHT.palette[0])
    )
    left, length = whole.min(), whole.max() - whole.min()
    assert (part.min() - left) / length == pytest.approx(0.25, abs=0.01)
    assert (part.max() - left) / length == pytest.approx(0.5, abs=0.01)


def test_a_text_that_goes_on_is_cut_and_the_legend_says_so(case):
    text = "word " * 2000
    spans = torch.tensor([[5 * n, 5 * n + 4] for n in range(2000)])
    graph = HeteroGraph.create(
        Schema({"token": NodeSpec(2, pos="characters")}, {}),
        [Sample("long", text=text)],
        x={"token": torch.zeros(2000, 2)},
        pos={"token": spans},
    )
    shown = texts(alignment_figure(graph, {}))
    cut = 2000 - shown.count("word")
    assert f"token: {cut} left out, the text is too long" in shown


def test_an_alignment_of_a_batch_of_one_is_taken_as_it_is(case):
    alignment = Alignment(ALL[WORD_REGION][None], torch.tensor(0.0))
    assert len(strokes(draw(case, alignments={WORD_REGION: alignment}))) == 5


def test_links_of_a_modality_that_is_missing_are_left_out(case):
    empty = {WORD_REGION: ALL[WORD_REGION], SEGMENT_WORD: torch.zeros(0, 5)}
    assert len(strokes(draw(case, ("region", "token"), alignments=empty))) == 5


def test_without_a_picture_the_boxes_stand_on_an_empty_canvas_of_its_shape(case):
    figure = alignment_figure(case.graph, ALL)
    assert not any(axes.images for axes in figure.axes)
    _, layout = layout_of(case)
    assert layout.picture.width / layout.picture.height == pytest.approx(1.5)


def test_the_files_that_the_sample_names_are_used_where_they_are(case, tmp_path):
    case.image.save(tmp_path / "a.png")
    soundfile.write(tmp_path / "a.wav", *case.audio)
    sample = case.graph.samples[0]
    files = {"image": str(tmp_path / "a.png"), "audio": str(tmp_path / "a.wav")}
    with_files = replace(case.graph, samples=(replace(sample, files=files),))
    assert sum(bool(axes.images) for axes in alignment_figure(with_files, ALL).axes) == 2
    gone = replace(case.graph, samples=(replace(sample, files={"image": str(tmp_path / "b.png")}),))
    assert sum(bool(axes.images) for axes in alignment_figure(gone, ALL).axes) == 0


def test_words_without_a_text_are_their_labels_in_a_row(case):
    sample = replace(case.graph.samples[0], text=None)
    graph = replace(case.graph, samples=(sample,), label={"token": ("a", "two words", "", "d", "e")})
    assert "two_words" in texts(alignment_figure(graph, ALL, case.image, case.audio))


HOSTILE = ("$\\frac{", "\x00\x1b\n", "x" * 5000, "\U0001f436\u202e犬", "a_b^{c}")


def test_hostile_words_labels_and_titles_are_drawn_without_a_warning(case, tmp_path):
    text = " ".join(word.replace("\n", "\r") for word in HOSTILE)
    spans, start = [], 0
    for word in HOSTILE:
        spans.append((start, start + len(word)))
        start += len(word) + 1
    graph = replace(
        case.graph,
        samples=(replace(case.graph.samples[0], text=text),),
        pos={**case.graph.pos, "token": torch.tensor(spans)},
        label={"token": HOSTILE, "region": HOSTILE[:4], "segment": HOSTILE[:4]},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = alignment_figure(graph, ALL, case.image, case.audio, title="$\\bad{ \x00 \U0001f436")
        for suffix in ("png", "svg", "pdf"):
            save_figure(figure, tmp_path / f"a.{suffix}")
    assert not any(text.get_parse_math() for text in figure.findobj(Text) if text.get_text())
    assert all(len(text) < 300 for text in texts(figure))


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_equal_inputs_give_equal_files(case, tmp_path, suffix):
    for name in ("a", "b"):
        save_figure(draw(case), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_many_of_everything_are_drawn(case):
    text = " ".join(f"word{n}" for n in range(60))
    spans, start = [], 0
    for word in text.split():
        spans.append([start, start + len(word)])
        start += len(word) + 1
    corner = torch.rand(100, 2) * 0.8
    graph = replace(
        case.graph,
        samples=(Sample("many", text=text, image_size=(60, 40), seconds=2.0),),
        sizes={"region": (100,), "token": (60,), "segment": (60,), "user": (0,)},
        x={"region": torch.zeros(100, 2), "token": torch.zeros(60, 2), "segment": torch.zeros(60, 2)}
        | {"user": torch.zeros(0, 2)},
        batch={
            key: torch.zeros(count, dtype=torch.long)
            for key, count in {"region": 100, "token": 60, "segment": 60, "user": 0}.items()
        },
        pos={
            "region": torch.cat([corner, corner + 0.1], dim=1),
            "token": torch.tensor(spans),
            "segment": torch.stack([torch.arange(60) / 30, torch.arange(1, 61) / 30], dim=1),
        },
        label={},
    )
    plans = {WORD_REGION: torch.rand(60, 100), SEGMENT_WORD: torch.rand(60, 60)}
    figure = alignment_figure(graph, plans, case.image, case.audio)
    assert len(strokes(figure)) == 2 * 24
    assert sum("at most 24" in text for text in texts(figure)) == 1


def test_the_users_settings_neither_change_the_figure_nor_are_changed(case, tmp_path):
    save_figure(draw(case), tmp_path / "a.png")
    mine = {"text.usetex": True, "font.size": 31.0, "lines.linewidth": 9.0, "axes.facecolor": "red"}
    with matplotlib.rc_context(mine):
        before = dict(matplotlib.rcParams)
        save_figure(draw(case), tmp_path / "b.png")
        assert dict(matplotlib.rcParams) == before
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_neither_pyplot_nor_matplotlib_is_imported_before_it_is_needed():
    code = (
        "import sys; import mmgraph.visualization as v; assert 'matplotlib' not in sys.modules; "
        "import torch; from mmgraph.graph import *; "
        "g = HeteroGraph.create(Schema({'token': NodeSpec(1, pos='characters')}), [Sample('s', text='a b')], "
        "x={'token': torch.zeros(1, 1)}, pos={'token': torch.tensor([[0, 1]])}); "
        "v.alignment_figure(g, {}); v.graph_figure(g); "
        "v.matrix_figure(g, torch.ones(1, 1), 'token', 'token'); "
        "assert 'matplotlib' in sys.modules; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---------------------------------------------------------------------- what is refused


def test_several_samples_are_refused(case, two_samples):
    with pytest.raises(InputError, match=r"draws one sample, the graph has 2.*mmgraph\.split.*select"):
        alignment_figure(two_samples, {})


def test_a_type_without_positions_is_refused(case):
    with pytest.raises(InputError, match="user nodes have no place in a picture, a text or a sound"):
        alignment_figure(case.graph, {("user", "region"): torch.zeros(0, 4)}, case.image)


def test_two_types_of_one_kind_are_refused(case):
    schema = Schema({**case.graph.schema.nodes, "patch": NodeSpec(2, pos="box")}, {})
    graph = collate([case.graph])
    graph = replace(
        graph,
        schema=schema,
        edge_index={},
        edge_score={},
        sizes={**graph.sizes, "patch": (0,)},
        x={**graph.x, "patch": torch.zeros(0, 2)},
        batch={**graph.batch, "patch": torch.zeros(0, dtype=torch.long)},
        pos={**graph.pos, "patch": torch.zeros(0, 4)},
    )
    plans = {WORD_REGION: ALL[WORD_REGION], ("token", "patch"): torch.zeros(5, 0)}
    with pytest.raises(InputError, match=r"region and patch nodes both have positions of kind 'box'"):
        alignment_figure(graph, plans, case.image)


def test_links_within_a_type_are_refused(case):
    with pytest.raises(InputError, match="links are drawn between two different node types"):
        draw(case, alignments={("token", "token"): torch.ones(5, 5)})


def test_truth_of_a_pair_that_is_not_aligned_is_refused(case):
    with pytest.raises(InputError, match=r"truth has \[\('segment', 'token'\)\]"):
        draw(case, alignments={WORD_REGION: ALL[WORD_REGION]}, truth={SEGMENT_WORD: torch.zeros(4, 5)})


def test_media_of_another_sample_are_refused(case):
    with pytest.raises(InputError, match=r"the image is 40x40, but sample 's1' was built from one of 60x40"):
        alignment_figure(case.graph, ALL, case.image.resize((40, 40)))
    with pytest.raises(InputError, match=r"the sound lasts 1\.00 s, but sample 's1' .* of 2\.00 s"):
        alignment_figure(case.graph, ALL, case.image, (np.zeros(16000, dtype=np.float32), 16000))
    assert alignment_figure(case.graph, ALL, case.image.resize((30, 20))) is not None


def test_a_picture_that_is_none_is_refused(case, tmp_path):
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(InputError, match=r"a\.png"):
        alignment_figure(case.graph, ALL, tmp_path / "a.png")


def test_a_sample_with_nothing_to_see_is_refused(case):
    with pytest.raises(InputError, match="sample 's1' has no picture, no text and no sound"):
        alignment_figure(case.only(), {})


def test_options_out_of_range_are_refused(case):
    with pytest.raises(InputError, match=r"width=2\.0: expected 3 to 40 inches"):
        draw(case, width=2.0)
    with pytest.raises(InputError, match="top=0"):
        draw(case, top=0)


def test_a_graph_that_is_not_sound_is_refused(case):
    pos = {**case.graph.pos, "region": case.graph.pos["region"] * 60}
    with pytest.raises(InputError, match="outside the image"):
        alignment_figure(replace(case.graph, pos=pos), ALL, case.image)


def test_a_title_over_a_sound_ends_where_the_panels_do(case):
    figure = draw(case, title="What is the astronaut wearing?", width=3.4)
    rows = [text for text in figure.findobj(Text) if text.get_fontsize() > 11 and text.get_weight() == "bold"]
    assert [text.get_text() for text in rows] == ["What is the astronaut", "wearing?"]
    for text in rows:
        assert text.get_window_extent().x1 / figure.dpi <= 3.4 - 0.16
