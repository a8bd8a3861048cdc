import math

import pytest
import torch

pytest.importorskip("matplotlib")

from mmgraph import InputError
from mmgraph.explanation import Attribution, Explanation, WeightMap
from mmgraph.visualization import head_grid_figure
from mmgraph.visualization.head_grid_figure import sharpness
from tests.visualization.legible import check_legible, texts


def grids(figure):
    """The small matrices, row by row, without the scale."""
    axes = [one for one in figure.axes if one.images and one.images[0].get_array().shape != (1, 128)]
    return sorted(axes, key=lambda one: (-round(one.get_position().y0, 4), one.get_position().x0))


def test_every_layer_is_a_row_and_every_head_a_column_in_one_scale():
    weights = torch.rand(3, 4, 5, 6)
    figure = head_grid_figure(WeightMap.of(weights))
    found = grids(figure)
    shown = torch.stack([torch.as_tensor(one.images[0].get_array().data) for one in found])
    assert torch.allclose(shown.reshape(3, 4, 5, 6), weights.double(), atol=1e-4)
    ends = {one.images[0].get_clim() for one in found}
    assert len(ends) == 1
    assert ends.pop() == pytest.approx((0, float(weights.max())))
    assert {"layer 0", "layer 2", "head 0", "head 3"} <= set(texts(figure))


def test_under_each_stands_its_largest_weight_or_its_sharpness():
    weights = torch.zeros(1, 2, 2, 4)
    weights[0, 0] = torch.tensor([[0.25] * 4, [0.25] * 4])
    weights[0, 1] = torch.tensor([[0.9, 0.1, 0, 0], [0, 0, 0, 0.8]])
    assert {"0.25", "0.90"} <= set(texts(head_grid_figure(WeightMap.of(weights))))
    shown = texts(head_grid_figure(WeightMap.of(weights), measure="sharpness"))
    assert "0.00" in shown
    assert f"{sharpness(weights[0, 1]):.2f}" in shown
    signed = texts(head_grid_figure(WeightMap.of(-weights)))
    assert {"−0.25", "−0.90", "0.90 weight"} <= set(signed)


def test_sharpness_is_one_minus_the_share_of_the_even_entropy():
    assert sharpness(torch.eye(4)) == pytest.approx(1)
    assert sharpness(torch.full((3, 5), 0.2)) == pytest.approx(0, abs=1e-6)
    half = torch.tensor([[0.5, 0.5, 0.0, 0.0]])
    assert sharpness(half) == pytest.approx(1 - math.log(2) / math.log(4))
    assert sharpness(7 * half) == pytest.approx(0.5)
    # A row without weight looks at nothing: it is not counted.
    assert sharpness(torch.cat([half, torch.zeros(1, 4)])) == pytest.approx(0.5)
    assert sharpness(torch.zeros(2, 3)) == 0
    assert sharpness(torch.ones(2, 1)) == 0


def test_some_layers_and_heads_are_drawn_under_their_own_numbers():
    weights = torch.rand(4, 5, 2, 2)
    figure = head_grid_figure(WeightMap.of(weights), layers=[3, 1], heads=[4])
    assert len(grids(figure)) == 2
    first = torch.as_tensor(grids(figure)[0].images[0].get_array().data)
    assert torch.allclose(first, weights[3, 4].double(), atol=1e-4)
    assert {"layer 3", "layer 1", "head 4"} <= set(texts(figure))
    assert "layer 0" not in texts(figure)


@pytest.mark.parametrize("width", [3.4, 7.0])
def test_twelve_by_twelve_heads_fit(width):
    figure = head_grid_figure(WeightMap.of(torch.rand(12, 12, 20, 36)), width=width)
    assert len(grids(figure)) == 144
    assert figure.get_size_inches()[0] <= width + 1e-9
    assert figure.get_size_inches()[1] <= 9.5
    check_legible(figure)
    assert ("number: the largest weight" in texts(figure)) == (width == 7.0)


def test_the_map_of_an_explanation_is_found_by_its_ends(case):
    maps = {
        ("token", "region"): WeightMap.of(torch.rand(2, 2, 5, 4)),
        ("segment", "token"): WeightMap.of(torch.rand(1, 3, 4, 5)),
    }
    found = Explanation.of(case.graph, (Attribution("attention", maps),))
    assert "token (rows), region (columns)" in texts(head_grid_figure(found))
    figure = head_grid_figure(found, "attention", source="segment")
    assert "segment (rows), token (columns)" in texts(figure)
    assert len(grids(figure)) == 3
    with pytest.raises(InputError, match="'attention' has no map from any to segment nodes"):
        head_grid_figure(found, target="segment")


def test_mistakes_are_named():
    weights = WeightMap.of(torch.rand(2, 3, 4, 4))
    with pytest.raises(InputError, match="measure='most': expected one of 'largest', 'sharpness'"):
        head_grid_figure(weights, measure="most")
    with pytest.raises(InputError, match=r"heads=\[3\], but the map has 3 heads: give some of 0 to 2"):
        head_grid_figure(weights, heads=[3])
    with pytest.raises(InputError, match=r"layers=\[\], but the map has 2 layers"):
        head_grid_figure(weights, layers=[])
    with pytest.raises(InputError, match=r"shape \[0, 4\]: a matrix needs nodes on both sides"):
        head_grid_figure(WeightMap.of(torch.zeros(0, 4)))
    with pytest.raises(InputError, match=r"40 heads do not fit .*layers= and heads=.*give width=9"):
        head_grid_figure(WeightMap.of(torch.rand(1, 40, 2, 2)))
    assert head_grid_figure(WeightMap.of(torch.rand(1, 40, 2, 2)), width=9.0)
