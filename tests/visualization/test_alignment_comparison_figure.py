import pytest
import torch

pytest.importorskip("matplotlib")

from mmgraph import InputError
from mmgraph.alignment import Alignment
from mmgraph.visualization import alignment_comparison_figure
from tests.visualization.legible import texts

PAIR = ("token", "region")


def heats(figure):
    images = [axes.images[0] for axes in figure.axes if axes.images]
    return [image for image in images if image.get_array().ndim == 2 and image.get_array().shape != (1, 128)]


def places(figure):
    axes = [one for one in figure.axes if one.images and one.images[0].get_array().shape == (5, 4)]
    return [one.get_position() for one in axes]


def test_the_third_matrix_is_the_second_minus_the_first(case):
    first, second = torch.rand(5, 4).double(), torch.rand(5, 4).double()
    figure = alignment_comparison_figure(
        case.graph, {"a": Alignment(first[None], torch.tensor(0.0)), "b": second}, *PAIR
    )
    shown = [torch.as_tensor(image.get_array().data) for image in heats(figure)]
    for found, expected in zip(shown, (first, second, second - first), strict=True):
        assert torch.equal(found, expected)
    assert {"a", "b", "b − a"} <= set(texts(figure))


def test_both_have_one_scale_and_their_difference_has_one_about_0(case):
    first, second = torch.full((5, 4), 0.2), torch.full((5, 4), 0.5)
    both, other, apart = heats(alignment_comparison_figure(case.graph, {"a": first, "b": second}, *PAIR))
    assert both.get_clim() == other.get_clim() == pytest.approx((0, 0.5))
    assert apart.get_clim() == pytest.approx((-0.3, 0.3))
    assert apart.get_cmap().name == "sign"


def test_they_stand_side_by_side_where_there_is_room_and_else_one_under_the_other(case):
    plans = {"a": torch.rand(5, 4), "b": torch.rand(5, 4)}
    wide = places(alignment_comparison_figure(case.graph, plans, *PAIR, width=7.0))
    narrow = places(alignment_comparison_figure(case.graph, plans, *PAIR, width=3.4))
    assert len({round(place.y0, 6) for place in wide}) == 1
    assert [place.x0 for place in wide] == sorted(place.x0 for place in wide)
    assert wide[0].x1 < wide[1].x0
    assert len({round(place.x0, 6) for place in narrow}) == 1
    assert narrow[0].y0 > narrow[1].y1
    assert narrow[1].y0 > narrow[2].y1


def test_how_far_they_agree_is_said(case):
    first = torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 3, 0]), 4).double()
    second = torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 0, 1]), 4).double()
    shown = texts(alignment_comparison_figure(case.graph, {"a": first, "b": second}, *PAIR, truth=first))
    assert {"same strongest region for 3 of 5 token", "mean difference 0.20", "in the truth"} <= set(shown)


def test_shares_make_methods_of_different_units_alike(case):
    plan = torch.rand(5, 4).double() + 0.1
    figure = alignment_comparison_figure(case.graph, {"a": plan, "b": 100 * plan}, *PAIR, shares=True)
    first, _, apart = (torch.as_tensor(image.get_array().data) for image in heats(figure))
    assert torch.allclose(first.sum(1), torch.ones(5).double())
    assert apart.abs().max() < 1e-12
    assert "each row divided by its sum" in texts(figure)
    zero = alignment_comparison_figure(case.graph, {"a": 0 * plan, "b": -plan}, *PAIR, shares=True)
    assert torch.isfinite(torch.as_tensor(heats(zero)[2].get_array().data)).all()


def test_mistakes_are_named(case, two_samples):
    plan = torch.rand(5, 4)
    with pytest.raises(InputError, match=r"got \['a'\]: give two alignments by name"):
        alignment_comparison_figure(case.graph, {"a": plan}, *PAIR)
    with pytest.raises(InputError, match=r"alignments\['b'\] has shape \[4, 5\]"):
        alignment_comparison_figure(case.graph, {"a": plan, "b": plan.T}, *PAIR)
    with pytest.raises(InputError, match="draws one sample, the graph has 2"):
        alignment_comparison_figure(two_samples, {"a": plan, "b": plan}, *PAIR)
    empty = torch.zeros(5, 0)
    with pytest.raises(InputError, match="has 5 token and 0 user nodes: a matrix needs both"):
        alignment_comparison_figure(case.graph, {"a": empty, "b": empty}, "token", "user")
