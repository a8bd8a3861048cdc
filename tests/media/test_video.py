import numpy as np
import pytest
import torch
from PIL import Image

from mmgraph.errors import InputError
from mmgraph.media import video as module
from mmgraph.media.video import Video, load_frames

RED, GREEN, BLUE = (Image.new("RGB", (30, 20), name) for name in ("red", "lime", "blue"))


def spans(frames):
    return frames.seconds.numpy().round(6).tolist()


def colours(frames):
    return [np.asarray(image)[0, 0].tolist() for image in frames.images]


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.gif", {"optimize": False}), ("a.webp", {"lossless": True}), ("b.webp", {"lossless": False})],
)
def test_an_animation_knows_its_frames_and_times(tmp_path, name, options):
    path = tmp_path / name
    RED.save(path, save_all=True, append_images=[GREEN, BLUE], duration=[100, 250, 50], **options)
    frames = load_frames(path)
    assert spans(frames) == [[0, 0.1], [0.1, 0.35], [0.35, 0.4]]
    assert np.abs(np.array(colours(frames)) - [[255, 0, 0], [0, 255, 0], [0, 0, 255]]).max() < 8
    assert (frames.path, frames.size) == (str(path), (30, 20))


def test_a_still_picture_is_one_frame_and_no_duration_a_tenth_of_a_second(tmp_path):
    RED.save(tmp_path / "a.gif")
    assert spans(load_frames(tmp_path / "a.gif")) == [[0, 0.1]]


def test_large_frames_are_kept_small(tmp_path):
    frame = Image.new("RGB", (1100, 600), "red")
    frame.save(tmp_path / "a.gif", save_all=True, append_images=[frame.rotate(90)], duration=40)
    frames = load_frames(tmp_path / "a.gif")
    assert [image.size for image in frames.images] == [(275, 150)] * 2
    assert frames.size == (1100, 600)


def test_a_folder_is_read_in_the_order_of_the_numbers_in_its_names(tmp_path):
    for name in ("f10.png", "f2.JPG", "f1.png", "notes.txt", "f.gif"):
        (tmp_path / name).write_bytes(b"")
    frames = load_frames(Video(tmp_path, rate=2.0))
    assert [image.rsplit("/", 1)[1] for image in frames.images] == ["f1.png", "f2.JPG", "f10.png", "f.gif"]
    assert spans(frames) == [[0, 0.5], [0.5, 1], [1, 1.5], [1.5, 2]]
    assert frames.path == str(tmp_path)


def test_pictures_come_with_a_rate_or_with_times():
    assert spans(load_frames(Video([RED, GREEN], rate=4))) == [[0, 0.25], [0.25, 0.5]]
    for times in ([0.5, 1.0, 3.5], np.array([0.5, 1.0, 3.5]), torch.tensor([0.5, 1.0, 3.5])):
        assert spans(load_frames(Video([RED, GREEN, BLUE], times=times))) == [[0.5, 1], [1, 3.5], [3.5, 5]]
    assert spans(load_frames(Video([RED], times=[2.0]))) == [[2, 2]]
    assert load_frames(Video([], rate=1.0)).seconds.shape == (0, 2)
    assert load_frames(Video([], times=[])).seconds.shape == (0, 2)


def test_long_videos_are_refused(tmp_path, monkeypatch):
    RED.save(tmp_path / "a.gif", save_all=True, append_images=[GREEN, BLUE], duration=100)
    assert len(load_frames(tmp_path / "a.gif", max_frames=3).images) == 3
    assert len(load_frames(Video([RED, GREEN, BLUE], rate=1.0), max_frames=3).images) == 3
    for video in (tmp_path / "a.gif", Video([RED, GREEN, BLUE], rate=1.0)):
        with pytest.raises(InputError, match="more frames than max_frames=2: take fewer of them"):
            load_frames(video, max_frames=2)
    monkeypatch.setattr(module, "MAX_PIXELS", 1800)
    assert len(load_frames(tmp_path / "a.gif").images) == 3
    monkeypatch.setattr(module, "MAX_PIXELS", 1799)
    with pytest.raises(InputError, match=r"a\.gif: has frames of 30x20 pixels; .* and 1799 in all"):
        load_frames(tmp_path / "a.gif")


def test_a_large_frame_is_refused_before_it_is_decoded(tmp_path):
    for name in ("a.gif", "a.webp"):
        Image.new("L", (4000, 2098)).save(tmp_path / name)
        with pytest.raises(InputError, match="frames of 4000x2098 pixels; an animation may have 8388608"):
            load_frames(tmp_path / name)


@pytest.mark.parametrize(
    ("video", "message"),
    [
        (3, "a video came as int"),
        (b"GIF89a", "a video came as bytes"),
        (Video([RED]), "either rate= .* or times="),
        (Video([RED], rate=1.0, times=[0]), "either rate= .* or times="),
        (Video([RED], rate=0.0), "rate of a video is 0.0"),
        (Video([RED], rate=float("inf")), "rate of a video is inf"),
        (Video([RED], times=[0, 1]), "1 frames and 2 times"),
        (Video([RED, RED], times=[1, 1]), "not ascending seconds >= 0"),
        (Video([RED, RED], times=[-1, 1]), "not ascending"),
        (Video([RED, RED], times=[0, np.nan]), "not ascending"),
        (Video([RED, RED], times=[0, np.inf]), "not ascending"),
        ("nowhere.gif", "no folder or animated file 'nowhere.gif'"),
    ],
)
def test_other_faults_say_what_is_expected(video, message):
    with pytest.raises(InputError, match=message):
        load_frames(video)


def test_bad_files_and_folders_are_named(tmp_path):
    with pytest.raises(InputError, match="has no pictures"):
        load_frames(Video(tmp_path, rate=1.0))
    RED.save(tmp_path / "a.gif", save_all=True, append_images=[GREEN], duration=100)
    with pytest.raises(InputError, match="knows its times"):
        load_frames(Video(tmp_path / "a.gif", rate=1.0))
    (tmp_path / "b.gif").write_bytes(b"GIF89a and nothing")
    with pytest.raises(InputError, match=r"b\.gif: is no animated GIF or WEBP, or is damaged"):
        load_frames(tmp_path / "b.gif")
    RED.save(tmp_path / "c.png")
    with pytest.raises(InputError, match=r"c\.png: is no animated GIF or WEBP"):
        load_frames(tmp_path / "c.png")
