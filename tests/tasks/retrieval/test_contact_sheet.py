import torch
from PIL import Image

from mmgraph.tasks.retrieval.contact_sheet import GAP, TILE, ContactSheet

COLOURS = ["red", "lime", "blue", "yellow"]


def sheet():
    sizes = [(75, 75), (400, 100), (100, 400), (240, 180)]
    return ContactSheet.of(
        [Image.new("RGB", size, colour) for size, colour in zip(sizes, COLOURS, strict=True)]
    )


def test_every_picture_lies_where_its_box_says():
    made = sheet()
    assert made.image.size == (3 * TILE[0] + 2 * GAP, 2 * TILE[1] + GAP)
    pixels = made.boxes * torch.tensor([*made.image.size, *made.image.size])
    expected = [
        [0, 0, 180, 180],
        [246, 0, 486, 60],
        [492, 0, 537, 180],
        [0, 186, 240, 366],
    ]
    assert torch.allclose(pixels, torch.tensor(expected).float(), atol=1e-3)
    for (x1, y1, x2, y2), colour in zip(expected, COLOURS, strict=True):
        inside = made.image.crop((x1 + 1, y1 + 1, x2 - 1, y2 - 1)).getcolors()
        assert [found for _, found in inside] == [Image.new("RGB", (1, 1), colour).getpixel((0, 0))]
        assert made.image.getpixel((min(x2 + 1, made.image.width - 1), y2 - 1)) != inside[0][1]


def test_a_box_of_a_picture_has_its_place_on_the_sheet():
    made = sheet()
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.5, 0.5, 1.0, 1.0]])
    found = made.place(boxes, torch.tensor([2, 1])) * torch.tensor([*made.image.size, *made.image.size])
    assert torch.allclose(found, torch.tensor([[492.0, 0, 537, 180], [366, 30, 486, 60]]), atol=1e-3)
    assert made.place(boxes[:0], torch.tensor([], dtype=torch.long)).shape == (0, 4)


def test_one_picture_is_a_sheet_of_one():
    assert ContactSheet.of([Image.new("RGB", (10, 10))]).image.size == TILE
