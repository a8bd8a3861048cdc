import pytest
import torch

from mmgraph.ops.area_sums import PARTS, area_sums


def by_hand(values, box, image):
    """Each pixel times the share of it that the box covers, in double precision."""
    _, height, width, _ = values.shape
    x1, y1, x2, y2 = box
    across = [max(0.0, min(x2, x + 1) - max(x1, x)) for x in range(width)]
    down = [max(0.0, min(y2, y + 1) - max(y1, y)) for y in range(height)]
    weights = torch.tensor(down, dtype=torch.float64)[:, None] * torch.tensor(across, dtype=torch.float64)
    return (values[image].double() * weights[:, :, None]).sum((0, 1))


def random_boxes(count, height, width, parts):
    y = torch.randint(0, height * parts + 1, (count, 2)).sort(1).values / parts
    x = torch.randint(0, width * parts + 1, (count, 2)).sort(1).values / parts
    boxes = torch.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1).double()
    boxes[0] = torch.tensor([0, 0, width, height])
    boxes[1] = torch.tensor([width, height, width, height])
    return boxes


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("shape", [(3, 9, 7, 2), (1, 1, 1, 1), (2, 12, 1, 3)])
def test_sums_are_exactly_those_of_a_loop_over_pixels(shape, whole):
    values = torch.randint(-128, 128, shape).float()
    boxes = random_boxes(30, shape[1], shape[2], 1 if whole else PARTS)
    image = torch.randint(0, shape[0], (30,))
    borders = (boxes.long() if whole else boxes).unbind(1)
    found = area_sums(values, *borders, image)
    expected = torch.stack(
        [by_hand(values, b, i) for b, i in zip(boxes.tolist(), image.tolist(), strict=True)]
    )
    assert torch.equal(found, expected)


def test_large_whole_numbers_are_summed_exactly():
    values = torch.full((2, 511, 511, 1), 128.0**2)
    values[1] -= 1
    edge = torch.tensor([511, 511])
    found = area_sums(values, 0 * edge, 0 * edge, edge, edge, torch.tensor([0, 1]))
    assert found[:, 0].tolist() == [511 * 511 * 128**2, 511 * 511 * (128**2 - 1)]


def test_no_boxes_have_no_sums():
    none = torch.zeros(0, dtype=torch.long)
    assert area_sums(torch.ones(1, 3, 3, 2), none, none, none, none, none).shape == (0, 2)


def test_the_other_images_and_boxes_do_not_matter():
    values = torch.randint(0, 5000, (4, 20, 30, 2)).float()
    boxes = random_boxes(50, 20, 30, PARTS)
    image = torch.randint(0, 4, (50,))
    together = area_sums(values, *boxes.unbind(1), image)
    for number in range(4):
        own = image == number
        zero = torch.zeros(int(own.sum()), dtype=torch.long)
        alone = area_sums(values[number : number + 1], *boxes[own].unbind(1), zero)
        assert torch.equal(together[own], alone)
