from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from mmgraph.data.captions.vocabulary import END, PAD
from mmgraph.errors import InputError
from mmgraph.tasks.captioning import (
    CaptionData,
    DrawReference,
    PhotographCaptions,
    SceneCaptions,
    kept_graphs,
    with_targets,
)
from tests.tasks.captioning.small import SCENES, photograph_task, write_photographs


@pytest.fixture
def photographs(tmp_path):
    data = photograph_task(tmp_path).data
    split = data.split("train")
    graph = kept_graphs(data, "train", split, tmp_path / "data")
    words = data.words(split)
    return data, split, graph, words


def test_all_references_are_targets_and_those_that_are_not_there_are_padding(photographs):
    data, split, graph, words = photographs
    target = with_targets(graph, split, words, data.max_length).graph.target["caption"]
    assert target.shape[:2] == (len(split), max(len(captions) for captions in split.references))
    for rows, captions in zip(target, split.references, strict=True):
        assert words.decode(rows)[: len(captions)] == list(captions)
        assert (rows[len(captions) :] == PAD).all()


def test_a_step_sees_one_reference_of_each_sample_each_as_often(photographs):
    data, split, graph, words = photographs
    store = with_targets(graph, split, words, data.max_length)
    draw = DrawReference(0)
    seen = [Counter() for _ in split.ids]
    for _ in range(200):
        ids = draw(store[range(len(split))]).target["caption"]
        assert ids.shape == (len(split), int((ids != PAD).sum(1).max()))
        assert ((ids == END).sum(1) == 1).all()
        for counts, text in zip(seen, words.decode(ids), strict=True):
            counts[text] += 1
    for counts, captions in zip(seen, split.references, strict=True):
        assert set(counts) == set(captions)
        assert min(counts.values()) > 200 / len(captions) - 45


def test_what_is_drawn_depends_on_the_seed(photographs):
    data, split, graph, words = photographs
    batch = with_targets(graph, split, words, data.max_length)[range(len(split))]

    def drawn(seed):
        draw = DrawReference(seed)
        return [tuple(words.decode(draw(batch).target["caption"])) for _ in range(4)]

    assert drawn(0) == drawn(0) != drawn(1)


def test_pictures_are_opened_once_and_anew_when_settings_change(tmp_path, monkeypatch):
    data = CaptionData("photographs", photographs=write_photographs(tmp_path))
    split, folder = data.split("test"), tmp_path / "data"
    opened = []
    original = Image.open
    monkeypatch.setattr(Image, "open", lambda *a, **k: opened.append(a) or original(*a, **k))
    first = kept_graphs(data, "test", split, folder)
    assert len(opened) == len(split)
    assert kept_graphs(data, "test", split, folder).equal(first)
    assert len(opened) == len(split)
    finer = replace(data, photographs=replace(data.photographs, boxes="grid:3"))
    assert kept_graphs(finer, "test", split, folder).num_nodes("region") == 9 * len(split)
    assert len(opened) == 2 * len(split)


def test_a_folder_whose_making_was_interrupted_is_made_anew(tmp_path):
    data = CaptionData("photographs", photographs=write_photographs(tmp_path))
    split, folder = data.split("test"), tmp_path / "data"
    first = kept_graphs(data, "test", split, folder)
    (folder / "test.safetensors").unlink()
    assert kept_graphs(data, "test", split, folder).equal(first)
    (folder / "test.json").unlink()
    (folder / "test.safetensors").write_bytes(b"half")
    assert kept_graphs(data, "test", split, folder).equal(first)


def test_no_picture_is_in_two_parts(tmp_path):
    data = CaptionData("photographs", photographs=write_photographs(tmp_path))
    parts = [set(data.split(name).ids) for name in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [7, 3, 2]
    assert len(set.union(*parts)) == 12


def test_regions_of_scenes_are_their_objects_and_no_scene_is_in_two_parts(tmp_path):
    split = SCENES.split("validation")
    graph = kept_graphs(SCENES, "validation", split, tmp_path)
    assert graph.sizes["region"] == tuple(len(scene.objects) for scene in split.scenes)
    assert not set(split.ids) & set(SCENES.split("train").ids)


def test_as_many_references_of_a_scene_as_are_asked_for():
    assert {len(r) for r in SceneCaptions(train=5, references=1).split("train").references} == {1}
    assert max(len(r) for r in SceneCaptions(train=20).split("train").references) > 3


def test_a_flickr_file_is_read_and_the_variables_in_its_path_are_filled_in(tmp_path, monkeypatch):
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "one.jpg")
    (tmp_path / "two.jpg").write_bytes((tmp_path / "one.jpg").read_bytes())
    (tmp_path / "captions.txt").write_text("image,caption\none.jpg,black\ntwo.jpg,dark\n")
    monkeypatch.setenv("SOME_FOLDER", str(tmp_path))
    source = PhotographCaptions("$SOME_FOLDER/captions.txt", "${SOME_FOLDER}", validation=1, test=0)
    assert len(source.split("train")) == len(source.split("validation")) == 1
    with pytest.raises(InputError, match="the test part has no picture"):
        source.split("test")
    monkeypatch.delenv("SOME_FOLDER")
    with pytest.raises(InputError, match="this variable is not set"):
        source.split("train")


def test_the_split_of_a_file_of_ours_is_kept(tmp_path):
    source = write_photographs(tmp_path)
    lines = (tmp_path / "captions.jsonl").read_text().splitlines()
    names = ["train", "validation", "test"] * 4
    named = [f'{line[:-1]}, "split": "{name}"}}' for line, name in zip(lines, names, strict=True)]
    (tmp_path / "captions.jsonl").write_text("\n".join(named))
    assert source.split("validation").ids == ("1.png", "4.png", "7.png", "10.png")


def test_an_encoder_is_a_local_folder(tmp_path):
    with pytest.raises(InputError, match=r"encoder='nowhere'.*no such folder"):
        _ = PhotographCaptions(encoder="nowhere").builder


def test_a_pretrained_encoder_gives_the_features_of_the_regions(tmp_path):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=12,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        image_size=16,
        patch_size=8,
    )
    transformers.ViTModel(config).save_pretrained(tmp_path / "vit")
    transformers.ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(tmp_path / "vit")
    source = replace(write_photographs(tmp_path), encoder=str(tmp_path / "vit"))
    data = CaptionData("photographs", photographs=source)
    graph = kept_graphs(data, "test", data.split("test"), tmp_path / "data")
    assert graph.x["region"].shape == (2 * 4, 12)
