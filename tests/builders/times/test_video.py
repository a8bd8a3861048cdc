import numpy as np
import pytest
import torch
from PIL import Image

from mmgraph.builders.regions.builder import RegionBuilder
from mmgraph.builders.times import video as module
from mmgraph.builders.times.video import VideoBuilder
from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, collate, validate
from mmgraph.media.picture import Picture
from mmgraph.media.video import Video
from tests.builders.compare import assert_close

NEXT, NEAR, SIMILAR = (("frame", name, "frame") for name in ("next", "near", "similar"))
EVERY_EDGE = ("next", "within:0.6", "similar:2", "complete")


def picture(seed, size=(24, 16)):
    values = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values)


PICTURES = [picture(i) for i in range(4)]


def test_a_video_becomes_frames_with_boxes_times_and_edges():
    builder = VideoBuilder(edges=EVERY_EDGE)
    graph = validate(builder(Video(PICTURES, rate=2.0), id="a"))
    assert graph.pos["frame"].tolist() == [[0, 0, 1, 1]] * 4
    assert graph.extra["frame"]["seconds"].tolist() == [[0, 0.5], [0.5, 1], [1, 1.5], [1.5, 2]]
    assert graph.label["frame"][1] == "0.50-1.00 s"
    assert graph.edge_index[NEXT].T.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert graph.edge_index[NEAR].T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2]]
    assert graph.edge_index["frame", "informs", "frame"] is COMPLETE
    assert graph.edge_score[SIMILAR].shape == (8,)
    sample = graph.samples[0]
    assert (sample.id, sample.seconds, sample.image_size) == ("a", 2.0, (24, 16))


def test_features_are_those_of_the_pictures_as_regions():
    graph = VideoBuilder(features="pixels:3")(Video(PICTURES, rate=2.0))
    regions = RegionBuilder("grid:1", "pixels:3").batch(PICTURES)
    assert torch.equal(graph.x["frame"], regions.x["region"])


def test_a_grid_cuts_every_frame_and_next_is_the_same_cell():
    graph = validate(VideoBuilder(grid="1x2")(Video(PICTURES[:3], times=[0.0, 1.0, 4.0])))
    assert torch.equal(graph.x["frame"], RegionBuilder("grid:1x2").batch(PICTURES[:3]).x["region"])
    assert graph.pos["frame"].tolist() == [[0, 0, 0.5, 1], [0.5, 0, 1, 1]] * 3
    assert graph.extra["frame"]["seconds"][:, 0].tolist() == [0, 0, 1, 1, 4, 4]
    assert graph.label["frame"][2:4] == ("1.00-4.00 s r1c1", "1.00-4.00 s r1c2")
    assert graph.edge_index[NEXT].T.tolist() == [[0, 2], [2, 4], [1, 3], [3, 5]]
    assert VideoBuilder(grid="2")(Video(PICTURES, rate=1.0)).num_nodes("frame") == 16


def test_a_batch_is_the_collated_singles(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 3)
    path = tmp_path / "a.gif"
    PICTURES[0].save(path, save_all=True, append_images=PICTURES[1:3], duration=200)
    for i in range(3):
        picture(i, (10, 10 + i)).save(tmp_path / f"{i}.png")
    video = Video(PICTURES, rate=3.0)
    items = [video, None, path, Video([], rate=1.0), Video(tmp_path, rate=1.0), video]
    builder = VideoBuilder(grid="2x1", edges=EVERY_EDGE)
    together = validate(builder.batch(items))
    assert_close(together, collate([builder(item, str(i)) for i, item in enumerate(items)]))
    assert together.sizes["frame"] == (8, 0, 6, 0, 8, 8)
    assert [sample.seconds for sample in together.samples] == pytest.approx(
        [4 / 3, None, 0.6, None, 4, 4 / 3]
    )
    assert together.samples[2].image_size == (24, 16)
    assert together.samples[4].image_size is None
    assert together.samples[2].files == {"video": str(path)}


def test_nothing_at_all_has_the_same_schema():
    builder = VideoBuilder(edges=EVERY_EDGE, node_type="shot", input="film")
    assert builder.input == "film"
    assert validate(builder(None)).schema == builder.schema
    assert validate(builder.batch([])).num_graphs == 0
    assert validate(builder(None)).extra["shot"]["seconds"].shape == (0, 2)


def test_bad_frames_name_sample_and_frame(tmp_path):
    with pytest.raises(InputError, match="sample 'x': a video came as int"):
        VideoBuilder()(3, id="x")
    with pytest.raises(InputError, match=r"sample 'x, frame 1'.*no\.png"):
        VideoBuilder()(Video([PICTURES[0], tmp_path / "no.png"], rate=1.0), id="x")
    with pytest.raises(InputError, match="sample 'x, frame 1' has 0 regions, expected 1"):
        VideoBuilder()(Video([PICTURES[0], None], rate=1.0), id="x")
    boxes = Picture(PICTURES[0], boxes=[[0, 0, 5, 5], [1, 1, 9, 9]])
    with pytest.raises(
        InputError, match="sample 'x, frame 0' has 2 regions, expected 1: give pictures without"
    ):
        VideoBuilder()(Video([boxes], rate=1.0), id="x")
    with pytest.raises(InputError, match="max_frames=3"):
        VideoBuilder(max_frames=3)(Video(PICTURES, rate=1.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"grid": "0"}, "grid:0"),
        ({"grid": "two"}, "grid:two"),
        ({"features": "colour"}, "features='colour'"),
        ({"edges": ("near",)}, "VideoBuilder.*is no kind of edge"),
        ({"max_frames": 0}, "expected at least 1"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        VideoBuilder(**arguments)
