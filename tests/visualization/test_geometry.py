from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.visualization.geometry import SPACING, Band, Rect, bezier, fan_out, lanes, ports, route


def test_one_line_ends_where_it_wishes_or_at_the_nearest_place_of_the_middle_four_fifths():
    assert ports(0.0, 10.0, [4.0]) == [4.0]
    assert ports(0.0, 10.0, [-3.0]) == [1.0]
    assert ports(0.0, 10.0, [20.0]) == [9.0]


def test_lines_that_wish_the_same_end_are_pushed_apart():
    assert ports(0.0, 10.0, [5.0, 5.0, 5.0]) == pytest.approx([5.0, 5.0 + SPACING, 5.0 + 2 * SPACING])
    assert ports(0.0, 10.0, [99.0, 99.0]) == pytest.approx([9.0 - SPACING, 9.0])


def test_on_a_short_side_lines_end_evenly_spread():
    assert ports(0.0, 0.1, [0.05] * 5) == pytest.approx([0.01, 0.03, 0.05, 0.07, 0.09])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-5.0, 15.0), min_size=1, max_size=30), st.floats(0.01, 10.0))
def test_ports_keep_their_order_and_stay_on_their_side(wishes, length):
    wishes = sorted(wishes)
    places = ports(0.0, length, wishes)
    assert len(places) == len(wishes)
    assert all(0.1 * length - 1e-9 <= place <= 0.9 * length + 1e-9 for place in places)
    gap = min(SPACING, 0.8 * length / max(len(wishes) - 1, 1))
    assert all(b - a >= gap - 1e-9 for a, b in pairwise(places))


def test_a_line_goes_through_the_gap_nearest_to_the_straight_line():
    band = Band(bottom=4.0, top=5.0, gaps=(0.0, 2.0, 3.0, 9.0))
    points = route((8.0, 9.0), (0.0, 0.0), [band])
    assert points == [(0.0, 0.0), (3.0, 4.0), (3.0, 5.0), (8.0, 9.0)]


def test_a_line_that_passes_beside_the_text_is_not_bent():
    band = Band(bottom=4.0, top=5.0, gaps=(0.0, 2.0, 9.0))
    assert route((-2.0, 9.0), (-2.0, 0.0), [band])[1:3] == [(-2.0, 4.0), (-2.0, 5.0)]


def test_bands_that_are_not_between_the_ends_are_passed_over():
    above, own = Band(8.0, 9.0, (0.0, 9.0)), Band(-1.0, 0.0, (0.0, 9.0))
    assert route((5.0, 7.0), (1.0, 0.0), [above, own]) == [(1.0, 0.0), (5.0, 7.0)]


def test_lines_in_one_gap_are_moved_side_by_side_and_no_others():
    band = Band(4.0, 5.0, (0.0, 5.0, 9.0))
    routes = [route((5.5, 9.0), (5.5, 0.0), [band]), route((4.5, 9.0), (4.5, 0.0), [band])]
    routes.append(route((-1.0, 9.0), (-1.0, 0.0), [band]))
    moved = fan_out(routes, 0.05)
    assert [points[1][0] for points in moved] == pytest.approx([5.025, 4.975, -1.0])
    assert [points[1][0] == points[2][0] for points in moved] == [True] * 3
    assert [(points[0], points[-1]) for points in moved] == [(points[0], points[-1]) for points in routes]


def test_a_curve_passes_its_points_upright():
    points = [(0.0, 0.0), (3.0, 4.0), (3.0, 5.0), (8.0, 9.0)]
    controls = bezier(points)
    assert controls[::3] == points
    for number in range(0, len(controls) - 1, 3):
        assert controls[number + 1][0] == controls[number][0]
        assert controls[number + 2][0] == controls[number + 3][0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 3)), max_size=20))
def test_spans_in_one_lane_do_not_overlap(spans):
    spans = [(start, start + length) for start, length in spans]
    lane = lanes(spans)
    for i, (start, end) in enumerate(spans):
        for j in range(i):
            if lane[i] == lane[j]:
                assert end <= spans[j][0] + 1e-6 or spans[j][1] <= start + 1e-6


def test_spans_one_after_the_other_share_the_first_lane():
    assert lanes([(0.0, 1.0), (1.0, 2.0), (0.5, 1.5), (2.0, 3.0)]) == [0, 0, 1, 0]


def test_a_rectangle_knows_what_it_shares_and_holds():
    a = Rect(0.0, 0.0, 2.0, 2.0)
    assert a.shared(Rect(1.0, 1.0, 3.0, 3.0)) == 1
    assert a.shared(Rect(2.0, 0.0, 3.0, 3.0)) == 0
    assert a.holds(Rect(0.0, 1.0, 1.0, 2 + 1e-9))
    assert not a.holds(Rect(1.0, 1.0, 2.1, 2.0))
    assert (a.centre, a.area, a.moved(1.0, -1.0)) == ((1, 1), 4, Rect(1.0, -1.0, 3.0, 1.0))
