from dataclasses import replace

import pytest
import torch

pytest.importorskip("matplotlib")
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from mmgraph import InputError
from mmgraph.alignment import Alignment
from mmgraph.visualization import matrix_figure, save_figure
from mmgraph.visualization.numbers import weight_text
from mmgraph.visualization.sides import crop
from mmgraph.visualization.theme import LIGHT


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def heat(figure):
    return next(
        axes.images[0].get_array().data
        for axes in figure.axes
        if axes.images and axes.images[0].get_array().ndim == 2
    )


def thumbnails(figure):
    images = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    return [image for image in images if image.ndim == 3]


def test_the_heat_map_shows_the_weights_with_words_and_thumbnails_beside_it(case, tmp_path):
    plan = torch.rand(5, 4)
    figure = matrix_figure(case.graph, plan, "token", "region", case.image, title="Words and regions")
    assert torch.allclose(torch.as_tensor(heat(figure)), plan.double())
    assert {"a", "red", "cat", "sleeps", "here", "mat", "paw", "room", "Words and regions"} <= set(
        texts(figure)
    )
    assert len(thumbnails(figure)) == 4
    save_figure(figure, tmp_path / "a.png")


def test_regions_may_stand_in_rows_and_segments_in_columns(case):
    plan = torch.rand(4, 4)
    figure = matrix_figure(
        case.graph, Alignment(plan[None], torch.tensor(0.0)), "region", "segment", case.image
    )
    assert heat(figure).shape == (4, 4)
    assert len(thumbnails(figure)) == 4


def test_without_a_picture_there_are_no_thumbnails(case):
    assert thumbnails(matrix_figure(case.graph, torch.rand(5, 4), "token", "region")) == []


def test_true_cells_are_outlined(case):
    truth = torch.zeros(5, 4)
    truth[1, 2] = truth[3, 0] = 1
    figure = matrix_figure(case.graph, torch.rand(5, 4), "token", "region", case.image, truth=truth)
    outlines = [patch for patch in figure.findobj(Rectangle) if patch.get_edgecolor()[:3] == rgb(LIGHT.true)]
    outlines = [patch for patch in outlines if patch.get_width() > 0.2]
    assert "in the truth" in texts(figure)
    axes = next(axes for axes in figure.axes if axes.images and axes.images[0].get_array().ndim == 2)
    width, height = figure.get_size_inches()
    place = axes.get_position()
    found = set()
    for patch in outlines:
        x, y = patch.get_x() + patch.get_width() / 2, patch.get_y() + patch.get_height() / 2
        column = (x / width - place.x0) / place.width * 4
        row = (place.y1 - (1 + y / height)) / place.height * 5
        assert (column % 1, row % 1) == pytest.approx((0.5, 0.5), abs=0.01)
        found.add((int(row), int(column)))
    assert found == {(1, 2), (3, 0)}


def rgb(colour):
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def test_of_many_columns_those_of_most_weight_are_shown_in_their_order(case):
    graph = many_regions(case.graph, 100)
    plan = torch.zeros(5, 100)
    plan[0, 97], plan[1, 3], plan[2, 50] = 0.5, 0.9, 0.7
    figure = matrix_figure(graph, plan, "token", "region")
    shown = heat(figure)
    assert shown.shape[1] < 40
    columns = [int(column) for column in torch.as_tensor(shown).sum(0).nonzero()]
    assert torch.as_tensor(shown)[[1, 2, 0], columns].tolist() == pytest.approx([0.9, 0.7, 0.5])
    left_out = 100 - shown.shape[1]
    assert f"region: {left_out} of less weight left out" in texts(figure)


def many_regions(graph, count):
    return replace(
        graph,
        edge_index={**graph.edge_index, ("region", "near", "region"): torch.zeros(2, 0, dtype=torch.long)},
        sizes={**graph.sizes, "region": (count,)},
        x={**graph.x, "region": torch.zeros(count, 2)},
        batch={**graph.batch, "region": torch.zeros(count, dtype=torch.long)},
        pos={**graph.pos, "region": torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(count, 4)},
        label={},
    )


def test_nodes_without_labels_are_their_characters_times_or_numbers(case):
    graph = replace(case.graph, label={})
    assert {"red", "region 3"} <= set(texts(matrix_figure(graph, torch.rand(5, 4), "token", "region")))
    assert "0.5–1 s" in texts(matrix_figure(graph, torch.rand(4, 5), "segment", "token"))


def test_a_thumbnail_is_what_lies_in_the_box(case):
    piece = crop(case.image, [0.5, 0.25, 1.0, 0.75])
    assert piece.size == (30, 20)
    assert piece.getpixel((0, 0)) == case.image.getpixel((30, 10))
    assert crop(case.image, [1.0, 1.0, 1.0, 1.0]).size == (1, 1)


def test_hostile_labels_are_drawn_and_an_empty_plan_of_zeros_too(case, tmp_path):
    graph = replace(case.graph, label={"token": ("$\\frac{", "\x00", "x" * 999, "\U0001f436", "")})
    save_figure(
        matrix_figure(graph, torch.zeros(5, 4), "token", "region", title="$\\bad{"), tmp_path / "a.svg"
    )


def test_bad_input_is_refused(case, two_samples):
    with pytest.raises(InputError, match="draws one sample, the graph has 2"):
        matrix_figure(two_samples, torch.rand(5, 4), "token", "region")
    with pytest.raises(InputError, match=r"alignment has shape \[4, 5\]"):
        matrix_figure(case.graph, torch.rand(4, 5), "token", "region")
    with pytest.raises(InputError, match="there are no 'word' nodes"):
        matrix_figure(case.graph, torch.rand(4, 5), "word", "region")
    with pytest.raises(InputError, match="has 5 token and 0 user nodes: a matrix needs both"):
        matrix_figure(case.graph, torch.rand(5, 0), "token", "user")
    with pytest.raises(InputError, match=r"truth has shape \[4, 4\]"):
        matrix_figure(case.graph, torch.rand(5, 4), "token", "region", truth=torch.zeros(4, 4))
    with pytest.raises(InputError, match="width=50"):
        matrix_figure(case.graph, torch.rand(5, 4), "token", "region", width=50.0)


def bars(figure):
    """Rows and columns: the bars' lengths, in the order of the nodes."""
    hues = {to_hex(LIGHT.toward[2]): 1, to_hex(LIGHT.against[2]): -1}
    found = [
        (patch, hues[to_hex(patch.get_facecolor())])
        for patch in figure.findobj(Rectangle)
        if filled(patch, hues)
    ]
    left = min(patch.get_x() for patch, _ in found)
    right = max(patch.get_x() for patch, _ in found)
    rows = sorted((p for p in found if p[0].get_x() == right), key=lambda p: -p[0].get_y())
    columns = sorted((p for p in found if p[0].get_x() < right), key=lambda p: p[0].get_x())
    assert left < right
    return [sign * p.get_width() for p, sign in rows], [sign * p.get_height() for p, sign in columns]


def filled(patch, hues):
    return to_hex(patch.get_facecolor()) in hues and patch.get_facecolor()[3] == 1


def test_bars_are_the_sums_of_rows_and_columns_whatever_their_sign(case):
    plan = torch.rand(5, 4).double() - 0.3
    plan[2] = -1.0
    figure = matrix_figure(case.graph, plan, "token", "region")
    rows, columns = bars(figure)
    for lengths, sums in ((rows, plan.sum(1)), (columns, plan.sum(0))):
        expected = sums / sums.abs().max() * 0.34
        assert lengths == pytest.approx(expected.tolist(), abs=1e-6)
    assert {weight_text(value) for value in plan.sum(1).tolist()} <= set(texts(figure))


def test_sums_are_over_all_nodes_also_those_that_are_left_out(case):
    plan = torch.full((5, 100), 0.01)
    figure = matrix_figure(many_regions(case.graph, 100), plan, "token", "region")
    assert texts(figure).count("1.00") == 5
    assert {"bars: sums of rows (largest 1.00)", "and of columns (largest 0.050)"} <= set(texts(figure))


def test_marginals_can_be_left_out(case):
    plain = matrix_figure(case.graph, torch.rand(5, 4), "token", "region", marginals=False)
    assert not any("sums" in text for text in texts(plain))
    full = matrix_figure(case.graph, torch.rand(5, 4), "token", "region")
    assert plain.get_size_inches()[1] < full.get_size_inches()[1]


def test_weights_with_a_sign_have_two_hues_about_0(case):
    plan = torch.tensor([[-0.5, 0.25, 0.0, 0.1]] * 5).double()
    figure = matrix_figure(case.graph, plan, "token", "region")
    image = next(axes.images[0] for axes in figure.axes if axes.images)
    assert image.get_clim() == pytest.approx((-0.5, 0.5))
    assert image.get_cmap().name == "sign"
    assert {"−0.50", "0.25", "0.50 weight"} <= set(texts(figure))


def test_numbers_are_those_of_the_page_and_stand_in_all_cells_that_count_or_in_none(case):
    plan = torch.tensor([[0.456, 0.0999, 0.02, 0.3]] * 5)
    shown = texts(matrix_figure(case.graph, plan, "token", "region"))
    assert {weight_text(0.456), weight_text(0.0999)} <= set(shown)
    assert weight_text(0.02) not in shown
    large = texts(matrix_figure(case.graph, 100_000 * plan, "token", "region", marginals=False))
    assert "45600.00" not in large
    assert "45600.00 weight" in large
