import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.ops import ragged, spatial
from mmgraph.ops.spatial import (
    SPATIAL_CLASSES,
    SPATIAL_INVERSE,
    complete_spatial_classes,
    iou,
    spatial_classes,
)

COMPASS = ["right", "upper_right", "above", "upper_left", "left", "lower_left", "below", "lower_right"]


def by_hand(a, b):
    """The definition, with degrees."""
    if a == b:
        return "overlaps"
    if a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]:
        return "inside"
    if b[0] >= a[0] and b[1] >= a[1] and b[2] <= a[2] and b[3] <= a[3]:
        return "covers"
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    if width * height > 0 and width * height / union >= 0.5:
        return "overlaps"
    dx, dy = (a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2
    if dx == 0 and dy == 0:
        return "overlaps"
    degrees = math.degrees(math.atan2(-dy, dx))
    return COMPASS[round(degrees / 45) % 8]


def names(boxes, pairs):
    return [SPATIAL_CLASSES[c] for c in spatial_classes(boxes, pairs).tolist()]


def class_of(a, b):
    return names(torch.tensor([a, b], dtype=torch.float64), torch.tensor([[0], [1]]))[0]


def random_boxes(count, whole=True):
    """Boxes small enough beside the picture that every class occurs; some without area, some nested."""
    corner = torch.randint(0, 60, (count, 2)) if whole else torch.rand(count, 2) * 60
    size = torch.randint(0, 40, (count, 2)) if whole else torch.rand(count, 2) * 40
    return torch.cat([corner, corner + size], 1).double()


# ---------------------------------------------------------------------- against the definition


@pytest.mark.parametrize("whole", [True, False])
def test_classes_are_those_of_the_definition(whole):
    boxes = random_boxes(80, whole)
    pairs = ragged.complete_pairs([80], [80])
    expected = [by_hand(boxes[i].tolist(), boxes[j].tolist()) for i, j in pairs.T.tolist()]
    assert names(boxes, pairs) == expected
    assert set(expected) == set(SPATIAL_CLASSES)


@pytest.mark.parametrize("degrees", range(0, 360, 5))
def test_a_sector_is_centred_on_its_direction(degrees):
    x, y = 100 + 50 * math.cos(math.radians(degrees)), 100 - 50 * math.sin(math.radians(degrees))
    expected = COMPASS[round(degrees / 45) % 8]
    assert class_of([x - 1, y - 1, x + 1, y + 1], [99, 99, 101, 101]) == expected


def test_the_names_say_where_the_source_is():
    target = [40, 40, 50, 50]
    assert class_of([70, 40, 80, 50], target) == "right"
    assert class_of([40, 0, 50, 10], target) == "above"
    assert class_of([0, 0, 10, 10], target) == "upper_left"
    assert class_of([10, 70, 20, 80], target) == "lower_left"
    assert class_of([42, 42, 44, 44], target) == "inside"
    assert class_of([30, 30, 60, 60], target) == "covers"
    assert class_of(target, target) == "overlaps"


def test_a_box_that_shares_an_edge_is_still_inside():
    assert class_of([0, 0, 5, 10], [0, 0, 10, 10]) == "inside"


def test_half_of_the_union_is_enough_to_overlap_and_less_is_not():
    assert class_of([0, 0, 3, 3], [1, 0, 4, 3]) == "overlaps"
    assert class_of([0, 0, 3, 3], [1.01, 0, 4.01, 3]) == "left"


def test_boxes_with_the_same_centre_overlap():
    assert class_of([0, 40, 100, 60], [40, 0, 60, 100]) == "overlaps"
    assert class_of([5, 5, 5, 5], [5, 5, 5, 5]) == "overlaps"


def test_boxes_without_area_have_directions():
    assert class_of([5, 5, 5, 5], [9, 5, 9, 5]) == "left"
    assert class_of([5, 5, 5, 5], [0, 0, 10, 10]) == "inside"


# ---------------------------------------------------------------------- properties


def inverse_of(classes):
    return torch.tensor(SPATIAL_INVERSE)[classes]


def test_the_inverse_of_the_inverse_is_the_class():
    assert [SPATIAL_INVERSE[i] for i in SPATIAL_INVERSE] == list(range(11))
    directions = [SPATIAL_CLASSES.index(name) for name in COMPASS]
    assert [SPATIAL_INVERSE[i] for i in directions] == directions[4:] + directions[:4]


number = st.floats(-1e4, 1e4, width=32) | st.sampled_from([0.0, 1e-45, 1e-20, 2**0.5 - 1, 1.0, 3e38])
box = st.tuples(number, number, number, number).map(
    lambda v: [min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3])]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(box, min_size=2, max_size=6), st.sampled_from([torch.float32, torch.float64]))
def test_the_class_of_the_swapped_pair_is_always_the_inverse(boxes, dtype):
    boxes = torch.tensor(boxes, dtype=dtype)
    pairs = ragged.complete_pairs([len(boxes)], [len(boxes)])
    classes = spatial_classes(boxes, pairs)
    assert torch.equal(spatial_classes(boxes, pairs.flip(0)), inverse_of(classes))
    assert int(classes.min()) >= 0
    assert int(classes.max()) <= 10


def test_the_inverse_holds_on_the_borders_of_the_sectors():
    ray = torch.linspace(1, 50, 97)
    points = torch.stack([ray, ray * spatial.TANGENT], 1)
    points = torch.cat([points, points.flip(1), -points, points * torch.tensor([1.0, -1.0])])
    boxes = torch.cat([points, points + 1], 1)
    pairs = ragged.complete_pairs([len(boxes)], [len(boxes)])
    classes = spatial_classes(boxes, pairs)
    assert torch.equal(spatial_classes(boxes, pairs.flip(0)), inverse_of(classes))


eighth = st.integers(-4096, 4096).map(lambda n: n / 8)
dyadic = st.tuples(eighth, eighth, st.integers(0, 2048), st.integers(0, 2048)).map(
    lambda v: [v[0], v[1], v[0] + v[2] / 8, v[1] + v[3] / 8]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(dyadic, min_size=2, max_size=8), eighth, eighth, st.integers(-6, 6))
def test_shift_and_scale_change_no_class(boxes, x, y, power):
    boxes = torch.tensor(boxes, dtype=torch.float64)
    pairs = ragged.complete_pairs([len(boxes)], [len(boxes)])
    moved = (boxes + torch.tensor([x, y, x, y], dtype=torch.float64)) * 2.0**power
    assert torch.equal(spatial_classes(moved, pairs), spatial_classes(boxes, pairs))


# ---------------------------------------------------------------------- complete relations


@pytest.mark.parametrize("sizes", [[7, 7, 7], [3, 0, 9, 1], [40], [0, 0], []])
@pytest.mark.parametrize("block", [5, 60, 2**17])
def test_complete_classes_are_those_of_the_written_out_pairs(sizes, block, monkeypatch):
    boxes = random_boxes(sum(sizes))
    expected = spatial_classes(boxes, ragged.complete_pairs(sizes, sizes))
    monkeypatch.setattr(spatial, "BLOCK", block)
    assert torch.equal(complete_spatial_classes(boxes, sizes), expected)
    assert torch.equal(spatial_classes(boxes, ragged.complete_pairs(sizes, sizes)), expected)


# ---------------------------------------------------------------------- intersection over union


def test_iou_is_that_of_a_double_loop():
    a, b = random_boxes(9), random_boxes(7)
    found = iou(a, b)
    for i in range(9):
        for j in range(7):
            width = max(0.0, float(min(a[i, 2], b[j, 2]) - max(a[i, 0], b[j, 0])))
            height = max(0.0, float(min(a[i, 3], b[j, 3]) - max(a[i, 1], b[j, 1])))
            areas = float((a[i, 2:] - a[i, :2]).prod() + (b[j, 2:] - b[j, :2]).prod())
            union = areas - width * height
            assert float(found[i, j]) == pytest.approx(width * height / union if union else 0.0)


def test_iou_without_boxes_or_without_area_is_zero():
    assert iou(torch.zeros(0, 4), torch.zeros(3, 4)).shape == (0, 3)
    assert iou(torch.zeros(1, 4), torch.zeros(1, 4)).tolist() == [[0.0]]
