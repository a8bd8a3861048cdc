from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmgraph.builders.regions.builder import RegionBuilder
from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, collate, split, validate
from mmgraph.media.picture import Picture
from mmgraph.ops import ragged
from mmgraph.ops.spatial import SPATIAL_CLASSES, spatial_classes

NEAR = ("region", "near", "region")
RANDOM = np.random.default_rng(0)


def image(height=48, width=64):
    return RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8)


def picture(count=3, size=(64, 48), **arguments):
    corner = RANDOM.uniform(0, 0.5, (count, 2)) * size
    boxes = np.concatenate([corner, corner + RANDOM.uniform(0, 0.5, (count, 2)) * size], axis=1)
    return Picture(image=image(size[1], size[0]), boxes=boxes, **arguments)


# ---------------------------------------------------------------------- one picture


def test_a_grid_of_a_picture_is_a_complete_graph_of_its_cells():
    graph = validate(RegionBuilder("grid:2x3")(image(), id="a"))
    assert graph.pos["region"][4].tolist() == pytest.approx([1 / 3, 0.5, 2 / 3, 1])
    assert graph.label["region"] == ("r1c1", "r1c2", "r1c3", "r2c1", "r2c2", "r2c3")
    assert graph.extra["region"]["score"].tolist() == [1.0] * 6
    assert graph.edge_index[NEAR] is COMPLETE
    assert graph.samples[0].id == "a"
    assert graph.samples[0].image_size == (64, 48)
    cells = {label: i for i, label in enumerate(graph.label["region"])}
    classes = [SPATIAL_CLASSES[c] for c in graph.edge_attr[NEAR].tolist()]
    of = {tuple(pair): name for pair, name in zip(graph.edges(NEAR).T.tolist(), classes, strict=True)}
    assert of[cells["r1c1"], cells["r1c2"]] == "left"
    assert of[cells["r2c1"], cells["r1c1"]] == "below"
    assert of[cells["r1c1"], cells["r1c1"]] == "overlaps"
    assert of[cells["r2c3"], cells["r1c1"]] == "lower_right"


def test_mean_colours_of_cells_are_those_of_their_pixels():
    pixels = image()
    x = RegionBuilder("grid:2")(pixels).x["region"]
    assert torch.allclose(x[1, :3], torch.tensor(pixels[:24, 32:].mean((0, 1)) / 255).float(), atol=1e-6)
    assert torch.allclose(x[1, 15:], torch.tensor([0.5, 0, 1, 0.5, 0.5, 0.5, 0.25, 32 / 56]), atol=1e-6)


def test_directions_are_those_in_pixels_and_not_in_shares():
    # The second box lies 300 right and 60 down of 1000 x 200: "right" in pixels, "lower_right" in shares.
    item = Picture(image=Image.new("RGB", (1000, 200)), boxes=[[0, 0, 10, 10], [300, 60, 310, 70]])
    graph = RegionBuilder()(item)
    assert SPATIAL_CLASSES[int(graph.edge_attr[NEAR][2])] == "right"


def test_given_boxes_bring_their_labels_and_scores():
    item = Picture(
        image=image(),
        boxes=[[32, 24, 64, 48], [0, 0, 8, 8]],
        labels=["cat", "dog"],
        scores=torch.tensor([0.25, 0.75]),
    )
    graph = validate(RegionBuilder()(item))
    assert torch.equal(graph.pos["region"], torch.tensor([[0.5, 0.5, 1, 1], [0, 0, 0.125, 1 / 6]]))
    assert graph.label["region"] == ("cat", "dog")
    assert graph.extra["region"]["score"].tolist() == [0.25, 0.75]
    assert RegionBuilder()(picture(2)).label["region"] == ("0", "1")


def test_max_regions_and_min_score_keep_the_best_in_order():
    item = picture(5, labels=list("abcde"), scores=[0.5, 0.9, 0.1, 0.9, 0.4])
    assert RegionBuilder(max_regions=3)(item).label["region"] == ("a", "b", "d")
    assert RegionBuilder(min_score=0.4)(item).label["region"] == ("a", "b", "d", "e")
    assert RegionBuilder(min_score=0.95)(item).num_nodes("region") == 0
    assert RegionBuilder(max_regions=2)(picture(5)).label["region"] == ("0", "1")
    tied = picture(200, scores=np.tile([0.25, 0.75], 100))
    expected = tuple(str(2 * i + 1) for i in range(60))
    assert RegionBuilder(max_regions=60)(tied).label["region"] == expected


def test_each_region_hears_from_its_nearest():
    graph = validate(RegionBuilder("grid:3", edges="knn:2")(image(30, 30)))
    edges = graph.edge_index[NEAR]
    assert edges[1].tolist() == [i for i in range(9) for _ in range(2)]
    assert edges[0, :2].tolist() == [1, 3]
    assert edges[0, 8:10].tolist() == [1, 3]
    assert graph.edge_score[NEAR][:2].tolist() == pytest.approx([-10 / 1800**0.5] * 2)
    boxes = graph.pos["region"].double() * 30
    assert torch.equal(graph.edge_attr[NEAR], spatial_classes(boxes, edges))
    assert [SPATIAL_CLASSES[c] for c in graph.edge_attr[NEAR][:2].tolist()] == ["right", "below"]


def test_edges_and_classes_may_be_left_out():
    assert RegionBuilder(edges="none")(image()).schema.edges == {}
    for edges in ("complete", "knn:3"):
        graph = validate(RegionBuilder(edges=edges, spatial=False)(image()))
        assert graph.edge_attr == {}
        assert not graph.schema.edges[NEAR].has_attr


def test_the_relation_is_described_in_the_schema():
    complete, nearest = (RegionBuilder(edges=edges).schema.edges[NEAR] for edges in ("complete", "knn:4"))
    assert (complete.complete, complete.symmetric, complete.scored) == (True, True, False)
    assert (nearest.complete, nearest.symmetric, nearest.scored) == (False, False, True)
    assert complete.origins == nearest.origins == ("RegionBuilder",)
    back = RegionBuilder("grid:3", edges="knn:2")(image()).with_reverse()
    reverse = ("region", "rev_near", "region")
    boxes = back.pos["region"] * torch.tensor([64.0, 48, 64, 48])
    assert torch.equal(back.edge_attr[reverse], spatial_classes(boxes, back.edge_index[reverse]))


@pytest.mark.parametrize("boxes", ["superpixels:12", "components", "grid:6", lambda _: [[1, 2, 30, 40]]])
def test_every_rule_makes_a_sound_graph(boxes, tmp_path):
    pixels = np.full((300, 700, 3), 250, dtype=np.uint8)
    pixels[50:100, 60:160] = (200, 0, 0)
    pixels[150:250, 300:480] = (0, 0, 200)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    graph = validate(RegionBuilder(boxes)(tmp_path / "a.png"))
    assert graph.num_nodes("region") > 0
    assert graph.samples[0].image_size == (700, 300)
    assert graph.samples[0].files == {"image": str(tmp_path / "a.png")}
    if boxes == "components":
        found = graph.pos["region"] * torch.tensor([700.0, 300, 700, 300])
        expected = torch.tensor([[60.0, 50, 160, 100], [300, 150, 480, 250]])
        assert float((found - expected).abs().max()) <= 2
        assert float(graph.x["region"][0, 0]) > 0.75 > float(graph.x["region"][1, 0])


def test_a_detector_sees_the_whole_picture_and_may_overhang():
    def detector(whole):
        assert whole.size == (700, 500)
        box = {"xmin": -3, "ymin": 10, "xmax": 703, "ymax": 90}
        return [{"score": 0.5, "label": "dog", "box": box}]

    graph = validate(RegionBuilder(detector)(image(500, 700)))
    assert torch.allclose(graph.pos["region"], torch.tensor([[0, 0.02, 1, 0.18]]))
    assert graph.label["region"] == ("dog",)
    assert graph.extra["region"]["score"].tolist() == [0.5]
    with pytest.raises(InputError, match="gave a Picture without boxes"):
        RegionBuilder(lambda whole: Picture(image=whole))(image())


def test_boxes_count_in_the_upright_picture_whatever_size_is_decoded(tmp_path):
    pixels = np.full((1200, 1600, 3), 255, dtype=np.uint8)
    pixels[100:400, 200:800] = (255, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).rotate(90, expand=True).save(tmp_path / "a.jpg", exif=exif, quality=95)
    item = Picture(image=tmp_path / "a.jpg", boxes=[[200, 100, 800, 400], [820, 420, 1600, 1200]])
    graph = validate(RegionBuilder()(item))
    assert graph.samples[0].image_size == (1600, 1200)
    red, white = graph.x["region"][:, :3]
    assert torch.allclose(red, torch.tensor([1.0, 0, 0]), atol=0.03)
    assert torch.allclose(white, torch.ones(3), atol=0.01)


# ---------------------------------------------------------------------- given features


def test_given_features_are_used_as_they_are():
    rows = torch.randn(3, 5)
    item = Picture(features=rows, boxes=[[0, 0, 1, 1], [2, 2, 9, 9], [0, 0, 100, 50]], size=(100, 50))
    graph = validate(RegionBuilder(features="given:5")(item))
    assert torch.equal(graph.x["region"], rows)
    assert graph.samples[0].image_size == (100, 50)
    assert RegionBuilder(features="given:5", max_regions=1)(item).x["region"].tolist() == [rows[0].tolist()]


def test_given_features_without_boxes_belong_to_the_grid():
    rows = torch.randn(6, 5)
    graph = validate(RegionBuilder("grid:2x3", "given:5")(Picture(features=rows)))
    assert torch.equal(graph.x["region"], rows)
    assert graph.samples[0].image_size is None
    assert graph.pos["region"][5].tolist() == pytest.approx([2 / 3, 0.5, 1, 1])


def test_given_features_need_no_decoding(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(image()).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    item = Picture(image=path, features=torch.ones(1, 2), boxes=[[0, 0, 64, 48]])
    graph = RegionBuilder(features="given:2")(item)
    assert graph.samples[0].image_size == (64, 48)
    with pytest.raises(InputError, match="damaged"):
        RegionBuilder()(item)


def test_a_function_of_crops_makes_features():
    builder = RegionBuilder("grid:2", lambda crops: crops.mean((2, 3)), crop_size=8)
    pixels = np.repeat(
        np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [0, 0, 0]]], dtype=np.uint8), 40, 0
    )
    graph = validate(builder(np.repeat(pixels, 40, 1)))
    assert torch.allclose(graph.x["region"], torch.eye(4)[:, :3], atol=0.06)
    assert builder.schema.nodes["region"].dim == 3


# ---------------------------------------------------------------------- batches


BUILDERS = [
    RegionBuilder("grid:2"),
    RegionBuilder("grid:3", "pixels:3", "knn:2"),
    RegionBuilder("components", "statistics+pixels:2", "knn:3", spatial=False),
    RegionBuilder("grid:1", "statistics", "none", max_regions=2),
]

items = st.sampled_from(
    [
        None,
        image(),
        image(),
        image(9, 70),
        image(300, 620),
        picture(),
        picture(0),
        picture(7, scores=np.linspace(0, 1, 7), labels=list("abcdefg")),
        picture(1, (40, 40)),
    ]
)


@settings(max_examples=25, deadline=None)
@given(st.lists(items, min_size=1, max_size=6), st.sampled_from(BUILDERS))
def test_a_batch_is_the_collation_of_the_single_graphs(chosen, builder):
    ids = [f"s{i}" for i in range(len(chosen))]
    graph = builder.batch(chosen, ids)
    singles = [builder(item, id) for item, id in zip(chosen, ids, strict=True)]
    assert graph.difference(collate(singles)) == ""
    assert all(a.equal(b) for a, b in zip(split(graph), singles, strict=True))
    validate(graph)


def test_classes_of_a_batch_are_those_of_its_written_out_pairs():
    graph = RegionBuilder().batch([picture(4), None, picture(2)])
    pairs = ragged.complete_pairs([4, 0, 2], [4, 0, 2])
    boxes = graph.pos["region"].double() * torch.tensor([64.0, 48, 64, 48])
    assert torch.equal(graph.edge_attr[NEAR], spatial_classes(boxes, pairs))


def test_a_missing_picture_has_no_regions():
    for builder in BUILDERS:
        graph = validate(builder(None))
        assert graph.num_nodes("region") == 0
        assert graph.samples[0].image_size is None
        both = builder.batch([None, image()])
        assert both.sizes["region"][0] == 0
    assert validate(RegionBuilder(features="given:4")(None)).x["region"].shape == (0, 4)


def test_no_pictures_make_an_empty_batch():
    graph = RegionBuilder().batch([])
    assert graph.num_graphs == 0
    assert graph.x["region"].shape == (0, 23)


def test_a_picture_that_comes_several_times_is_read_once(tmp_path, monkeypatch):
    from mmgraph.builders.regions import reader as region_reader

    path = tmp_path / "a.png"
    Image.fromarray(image()).save(path)
    calls, load = [], region_reader.load_reduced

    def counting(source, *arguments):
        calls.append(source)
        return load(source, *arguments)

    monkeypatch.setattr(region_reader, "load_reduced", counting)
    own = picture()
    graph = RegionBuilder().batch([str(path), own, Path(path), None, own, None], list("abcdef"))
    assert len(calls) == 2
    assert [sample.id for sample in graph.samples] == list("abcdef")
    monkeypatch.undo()
    singles = [
        RegionBuilder()(x, i) for x, i in zip([path, own, path, None, own, None], "abcdef", strict=True)
    ]
    assert graph.difference(collate(singles)) == ""


def test_ids_name_the_samples():
    assert [s.id for s in RegionBuilder().batch([image(), None]).samples] == ["0", "1"]
    with pytest.raises(InputError, match="2 items but 1 ids"):
        RegionBuilder().batch([None, None], ["a"])


def test_floats_have_the_default_dtype():
    item = picture(3, scores=[0.5, 0.25, 1])
    expected = RegionBuilder("grid:3", "statistics+pixels:3", "knn:2")(item)
    torch.set_default_dtype(torch.float64)
    try:
        graph = validate(RegionBuilder("grid:3", "statistics+pixels:3", "knn:2")(item))
        floats = [
            graph.x["region"],
            graph.pos["region"],
            graph.edge_score[NEAR],
            graph.extra["region"]["score"],
        ]
        assert {tensor.dtype for tensor in floats} == {torch.float64}
        assert torch.allclose(graph.x["region"], expected.x["region"].double())
        assert validate(RegionBuilder()(None)).x["region"].dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_another_name_for_the_nodes_is_used_everywhere():
    graph = validate(RegionBuilder(node_type="patch", edges="knn:2")(image()))
    assert list(graph.schema.edges) == [("patch", "near", "patch")]
    assert "score" in graph.extra["patch"]
    assert "patch" in graph.label


# ---------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"boxes": "grid"}, r"boxes='grid'\): expected 'grid:6'"),
        ({"boxes": 3}, r"boxes=3\): expected a rule in words, or a detector"),
        ({"features": "colour"}, r"features='colour'\): expected 'statistics'"),
        ({"features": "given:"}, r"features='given:'\): expected 'given:2048'"),
        ({"features": "given:0"}, r"features='given:0'"),
        ({"features": 3}, r"features=3\): expected a rule in words or a function"),
        ({"edges": "near"}, r"edges='near'\): expected 'complete', 'knn:4' or 'none'"),
        ({"edges": "knn:0"}, r"edges='knn:0'"),
        ({"max_regions": 0}, r"max_regions=0\): expected at least 1"),
        ({"crop_size": 0}, r"crop_size=0"),
    ],
)
def test_arguments_that_mean_nothing_are_errors(arguments, message):
    with pytest.raises(InputError, match=message):
        RegionBuilder(**arguments)


@pytest.mark.parametrize(
    ("builder", "item", "message"),
    [
        (RegionBuilder(), "no/such.png", "^sample 'b': there is no picture file 'no/such.png'"),
        (RegionBuilder(), b"words", "^sample 'b': picture of 5 bytes is no picture"),
        (RegionBuilder(), Picture(features=[[1.0]]), "^sample 'b': the Picture has no image, only features"),
        (RegionBuilder(max_pixels=9), np.zeros((4, 4, 3), np.uint8), "^sample 'b': .*max_pixels=9"),
        (
            RegionBuilder(),
            Picture(image=np.zeros((48, 64, 3), np.uint8), boxes=[[0, 0, 65, 48]]),
            r"boxes\[0\] of sample 'b' is \[0, 0, 65, 48\] but the image is 64x48",
        ),
        (
            RegionBuilder(),
            Picture(image=np.zeros((48, 64, 3), np.uint8), size=(60, 48)),
            r"^sample 'b': Picture\(size=\(60, 48\)\), but its image is \(64, 48\)",
        ),
        (RegionBuilder(features="given:4"), image(), "sample 'b' brings no features"),
        (
            RegionBuilder(features="given:4"),
            Picture(features=[[1.0, 2]], boxes=[[0, 0, 1, 1]], size=(9, 9)),
            r"features of sample 'b' have shape \[1, 2\], expected \[1, 4\]",
        ),
        (
            RegionBuilder("grid:2", "given:1"),
            Picture(features=[[1.0]]),
            r"features of sample 'b' have shape \[1, 1\], expected \[4, 1\]",
        ),
        (
            RegionBuilder(features="given:1"),
            Picture(features=[[1.0], [float("inf")]], boxes=[[0, 0, 1, 1]] * 2, size=(9, 9)),
            r"features\[1\] of sample 'b' are not finite",
        ),
        (
            RegionBuilder(features="given:1"),
            Picture(features=[[1.0]], boxes=[[0, 0, 1, 1]]),
            r"^sample 'b': the Picture has boxes in pixels, but neither an image nor a size",
        ),
    ],
)
def test_a_bad_item_is_named_by_its_sample(builder, item, message):
    with pytest.raises(InputError, match=message):
        builder.batch([None, item], ["a", "b"])


def test_clip_lets_boxes_overhang():
    item = Picture(image=image(), boxes=[[-3, 0, 99, 48]])
    assert RegionBuilder(clip=True)(item).pos["region"].tolist() == [[0, 0, 1, 1]]


def test_scores_without_boxes_are_one_for_each_cell():
    with pytest.raises(InputError, match="sample 'a' brings 3 scores for 4 regions"):
        RegionBuilder("grid:2")(Picture(image=image(), scores=[0.1, 0.2, 0.3]), id="a")
