"""Explanations as JSON: what is written is read again, and nothing else is."""

import base64
import copy
import io
import json
import os
import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmgraph import InputError
from mmgraph.explanation import Attribution, Explanation, Fidelity, WeightMap
from mmgraph.explanation import decode as decoding
from mmgraph.explanation.document import decode_explanation, encode_explanation, json_text
from mmgraph.interop.checked import parse
from mmgraph.media.sound import Waveform
from tests.browser.samples import SUBSETS, full, hostile, only


@pytest.fixture(scope="module")
def whole():
    return full()


@pytest.fixture(scope="module")
def encoded(whole):
    return json_text(whole)


def assert_equal(found: Explanation, expected: Explanation) -> None:
    """All but the media, which may be packed with a loss."""
    assert found.methods == expected.methods
    for mine, theirs in zip(found.attributions, expected.attributions, strict=True):
        assert mine.maps.keys() == theirs.maps.keys()
        for pair, weights in mine.maps.items():
            assert weights.codes.dtype == theirs.maps[pair].codes.dtype
            assert np.array_equal(weights.codes, theirs.maps[pair].codes)
            assert np.array_equal(weights.step, theirs.maps[pair].step)
        assert {k: v.tolist() for k, v in mine.nodes.items()} == {
            k: v.double().tolist() for k, v in theirs.nodes.items()
        }
        assert (mine.fidelity, mine.chance, mine.note) == (theirs.fidelity, theirs.chance, theirs.note)
    assert found.truth.keys() == expected.truth.keys()
    assert all(found.truth[pair].equal(true) for pair, true in expected.truth.items())
    for name in ("prediction", "title", "modality_weights", "paths", "about"):
        assert getattr(found, name) == getattr(expected, name), name
    ours, theirs = found.graph, expected.graph
    assert (ours.schema, ours.sizes, ours.label) == (theirs.schema, theirs.sizes, theirs.label)
    assert all(ours.pos[key].equal(value) for key, value in theirs.pos.items())
    assert ours.samples[0].text == theirs.samples[0].text


# ---------------------------------------------------------------------- what is written is read


@pytest.mark.parametrize("make", [full, hostile, *(lambda kept=kept: only(kept) for kept in SUBSETS)])
def test_an_explanation_is_read_as_it_was_written(make, tmp_path):
    expected = make()
    expected.save(tmp_path / "a.json")
    found = Explanation.load(tmp_path / "a.json")
    assert_equal(found, expected)
    assert (found.image is None) == (expected.image is None)
    assert (found.sound is None) == (expected.sound is None)


def test_what_was_read_once_is_written_and_read_again_without_a_change(whole):
    first = decode_explanation(parse(json_text(replace(whole, image=None))))
    assert json_text(first) == json_text(decode_explanation(parse(json_text(first))))
    assert first.sound.samples.equal(decode_explanation(parse(json_text(first))).sound.samples)


@pytest.mark.parametrize("low", [0.0, -1.0])
@pytest.mark.parametrize("shape", [(2, 3, 9, 10), (6, 6, 30, 40)], ids=["16 bits", "8 bits"])
def test_weights_of_every_dtype_survive_exactly(low, shape):
    weights = torch.rand(shape, dtype=torch.float64) * (1 - low) + low
    whole = WeightMap.of(weights)
    back, found = round_trip_map(whole)
    assert back.values.equal(whole.values)
    assert found["dtype"] == whole.codes.dtype.name


def round_trip_map(weights: WeightMap):
    from mmgraph.explanation.encode import _encode_map

    entry = {"pair": ["a", "b"], **json.loads(json.dumps(_encode_map(weights)))}
    return decoding._decode_map(entry, "map", decoding._Room())[1], entry


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (0, 2, 3, 3), (2, 0, 3, 3)])
def test_maps_without_weights_survive(shape):
    back, _ = round_trip_map(WeightMap.of(torch.zeros(shape)))
    assert back.codes.shape == WeightMap.of(torch.zeros(shape)).codes.shape


def test_a_dense_map_and_a_sparse_one_are_both_packed_well():
    noise = np.random.default_rng(0).exponential(size=(1, 1, 200, 200))
    dense = WeightMap.of(torch.from_numpy(noise))
    counts = np.bincount(dense.codes.reshape(-1))
    share = counts[counts > 0] / counts.sum()
    entropy = -(share * np.log2(share)).sum() * dense.codes.size / 8
    assert len(base64.b64decode(round_trip_map(dense)[1]["codes"])) < 1.03 * entropy
    assert len(base64.b64decode(round_trip_map(dense.strongest(2))[1]["codes"])) < 0.04 * dense.codes.size


def test_the_format_on_a_file_is_json_of_ascii_and_says_its_version(encoded):
    assert encoded.isascii()
    document = json.loads(encoded)
    assert (document["format"], document["version"]) == ("mmgraph.explanation", 1)
    assert document["methods"][0]["maps"][0]["pair"] == ["token", "region"]
    assert document["truth"] == [{"pair": ["token", "region"], "cells": [[1, 4], [8, 5]]}]


def test_an_explanation_without_media_methods_and_facts_is_legal(whole):
    bare = Explanation(whole.graph)
    assert_equal(decode_explanation(parse(json_text(bare))), bare)
    found = encode_explanation(bare)
    assert found["image"] is found["sound"] is found["prediction"] is None


# ---------------------------------------------------------------------- media


def photograph(width, height):
    noise = np.random.default_rng(0).integers(0, 255, (height // 10, width // 10, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def test_a_picture_loses_where_and_with_what_it_was_taken(whole, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[0x0001] = "N"
    exif.get_ifd(0x8825)[0x001D] = "SECRETPLACE"
    image = photograph(400, 300)
    image.save(tmp_path / "a.jpg", exif=exif, comment=b"SECRETWORDS", icc_profile=b"SECRETPROFILE")
    image.save(tmp_path / "a.png", exif=exif, icc_profile=b"SECRETPROFILE", description="SECRETWORDS")
    for name in ("a.jpg", "a.png"):
        content = (tmp_path / name).read_bytes()
        assert b"SECRETPLACE" in content
        for source in (Image.open(tmp_path / name), tmp_path / name, content):
            found = encode_explanation(Explanation.of(replace_size(whole.graph, None), image=source))["image"]
            packed = base64.b64decode(found["data"])
            assert b"SECRET" not in packed
            assert b"Exif" not in packed
            # The orientation is in the pixels.
            assert found["size"] == [300, 400]
    direct = replace(whole, image=Image.open(tmp_path / "a.jpg"))
    assert b"SECRET" not in base64.b64decode(encode_explanation(direct)["image"]["data"])


def replace_size(graph, size):
    return replace(graph, samples=(replace(graph.samples[0], image_size=size),))


@pytest.mark.parametrize(
    ("size", "mime", "expected"),
    [
        ((160, 40), "image/png", [160, 40]),
        ((161, 40), "image/jpeg", [161, 40]),
        ((3000, 500), "image/jpeg", [1024, 171]),
    ],
)
def test_a_small_picture_is_exact_and_a_large_one_smaller(whole, size, mime, expected):
    image = photograph(*size)
    document = parse(json_text(replace(whole, image=image)))
    assert (document["image"]["mime"], document["image"]["size"]) == (mime, expected)
    found = decode_explanation(document).image
    assert found.size == tuple(expected)
    if mime == "image/png":
        assert found.tobytes() == image.tobytes()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "LA", "1"])
def test_pictures_of_every_mode_are_written(whole, mode):
    found = decode_explanation(parse(json_text(replace(whole, image=photograph(60, 40).convert(mode)))))
    assert found.image.mode == "RGB"


def test_a_sound_is_exact_to_16_bits_and_has_at_most_16_khz(whole):
    samples = torch.linspace(-1, 1, 2000)
    found = decode_explanation(parse(json_text(replace(whole, sound=Waveform(samples, 8000, 0.25)))))
    assert (found.sound.rate, found.sound.seconds) == (8000, 0.25)
    assert (found.sound.samples - samples).abs().max() <= 2**-15
    fast = Waveform(torch.sin(torch.arange(44100) / 20), 44100, 1.0)
    found = decode_explanation(parse(json_text(replace(whole, sound=fast))))
    assert (found.sound.rate, len(found.sound.samples), found.sound.seconds) == (16000, 16000, 1.0)


def test_a_sound_of_no_samples_is_no_sound(whole):
    silent = replace(whole, sound=Waveform(torch.zeros(0), 16000, 0.0))
    assert decode_explanation(parse(json_text(silent))).sound is None


@pytest.mark.parametrize("count", [1, 7])
def test_a_sound_of_hardly_any_samples_is_legal(whole, count):
    sound = Waveform(torch.zeros(count), 16000, count / 16000)
    found = decode_explanation(parse(json_text(replace(whole, sound=sound))))
    assert len(found.sound.samples) == count


def test_a_loud_sound_is_clipped_and_one_that_is_not_finite_refused(whole):
    loud = Waveform(torch.tensor([-3.0, 3.0, 0.5]), 16000, 3 / 16000)
    found = decode_explanation(parse(json_text(replace(whole, sound=loud))))
    assert found.sound.samples.tolist() == [-1.0, 1 - 2**-15, 0.5]
    broken = Waveform(torch.tensor([0.0, float("nan")]), 16000, 2 / 16000)
    with pytest.raises(InputError, match="not finite"):
        json_text(replace(whole, sound=broken))


def test_a_sound_of_over_an_hour_is_refused_before_it_is_packed(whole):
    long = Waveform(torch.zeros(100 * 3601), 100, 3601.0)
    with pytest.raises(InputError, match="lasts 3601 s, longer than 3600 s: cut it"):
        json_text(replace(whole, sound=long))


def test_the_folders_of_files_are_not_written(whole):
    sample = replace(whole.graph.samples[0], files={"image": "/home/somebody/secret/dog.jpg"})
    text = json_text(replace(whole, graph=replace(whole.graph, samples=(sample,))))
    assert "somebody" not in text
    assert json.loads(text)["graph"]["samples"][0]["files"] == {"image": "dog.jpg"}


# ---------------------------------------------------------------------- files


def test_a_file_appears_whole_in_a_folder_that_is_made(whole, tmp_path, monkeypatch):
    path = tmp_path / "new" / "a.json"
    whole.save(path)
    before = path.read_bytes()
    assert os.listdir(path.parent) == ["a.json"]

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(InputError, match="cannot save: No space left"):
        replace(whole, title="other").save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["a.json"]


def test_places_that_cannot_be_written_or_read_are_input_errors(whole, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"suffix is '\.txt', expected \.json"):
        whole.save(tmp_path / "a.txt")
    with pytest.raises(InputError, match="cannot save"):
        whole.save(tmp_path / "file" / "a.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(InputError, match="cannot save"):
        whole.save(tmp_path / "folder.json")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.json"]
    for name in ("gone.json", "folder.json"):
        with pytest.raises(InputError, match=rf"{name}: there is no such file"):
            Explanation.load(tmp_path / name)


def test_numbers_and_facts_that_json_lacks_are_refused(whole):
    nan = Attribution("bad", {}, {}, Fidelity(float("nan"), 0.0, 0.0, 0.0))
    with pytest.raises(InputError, match="number that JSON lacks"):
        json_text(whole.with_attribution(nan))


def test_more_weights_than_can_be_read_are_not_written(whole, monkeypatch):
    monkeypatch.setattr("mmgraph.explanation.encode.MAX_WEIGHTS", 100)
    with pytest.raises(InputError, match=r"weights, more than 100: .*WeightMap\.chosen"):
        json_text(whole)


# ---------------------------------------------------------------------- hostile and damaged documents


def broken(encoded, *path, value):
    """The document with another value at one place; `...` takes the key away."""
    document = json.loads(encoded)
    *way, last = path
    entry = document
    for key in way:
        entry = entry[key]
    if value is ...:
        del entry[last]
    else:
        entry[last] = value
    return document


def packed(count, level=9, cut=0, more=b""):
    """So many bytes, compressed; without the last ones of the checksum, or with something after it."""
    content = zlib.compress(b"\1" * count, level)
    return base64.b64encode(content[: len(content) - cut] + more).decode()


MAP = ("methods", 0, "maps", 0)
CASES = [
    (("format",), "mmgraph.graph", "format is 'mmgraph.graph', expected 'mmgraph.explanation'"),
    (("format",), ["x"], "format is a list of 1"),
    (("version",), 2, "version is 2, but this mmgraph reads version 1"),
    (("version",), True, "version is True"),
    (("version",), 1.0, "version is 1.0"),
    (("title",), ..., "lacks 'title'"),
    (("title",), 3, "title is 3, expected a string"),
    (("more",), 3, "has 'more', which is not known"),
    (("about", "run"), 3, r"about\['run'\] is 3"),
    (("about",), [], "about is a list"),
    (("graph",), {}, "format is None"),
    (("graph", "nodes", "region", "sizes"), [10**30], "a huge integer"),
    (("graph", "samples"), [], "samples"),
    (("methods",), {}, "methods is an object"),
    (("methods", 0, "method"), None, r"methods\[0\].method is None"),
    (("methods", 1, "method"), "attention", "two attributions of one name"),
    (("methods", 0, "maps"), 3, r"methods\[0\].maps is 3"),
    ((*MAP, "pair"), ["token"], r"maps\[0\].pair is .*expected \[source type, target type\]"),
    ((*MAP, "pair"), ["token", 3], r"maps\[0\].pair is 3"),
    ((*MAP, "pair"), ["segment", "token"], "twice|has shape"),
    ((*MAP, "pair"), ["word", "region"], "there are no 'word' nodes"),
    ((*MAP, "shape"), [4, 4, 10], "expected .layers, heads, S, T."),
    ((*MAP, "shape"), [4, 4, -10, -9], "expected .layers, heads, S, T."),
    ((*MAP, "shape"), [4, 4, 10, True], "shape is True"),
    ((*MAP, "shape"), [2**20, 2**20, 0, 0], "at most 67108864 weights"),
    ((*MAP, "shape"), [10**400, 1, 1, 1], "at most 67108864 weights"),
    ((*MAP, "shape"), [4, 4, 9, 10], "has shape .9, 10., but the sample has 10 token"),
    ((*MAP, "shape"), [4, 4, 10, 8], "codes does not hold 2560 bytes"),
    ((*MAP, "dtype"), "float64", "dtype is 'float64', expected one of uint8"),
    ((*MAP, "dtype"), ["uint8"], "dtype is a list"),
    ((*MAP, "dtype"), "uint8", "codes does not hold 1440 bytes"),
    ((*MAP, "step"), [[0.1] * 4] * 3, "step is not 4 rows of 4 numbers"),
    ((*MAP, "step"), [[0.1] * 3] * 4, "step is not 4 rows of 4 numbers"),
    ((*MAP, "step"), [[-0.1] * 4] * 4, "expected finite numbers >= 0"),
    ((*MAP, "step"), [["x"] * 4] * 4, "step is 'x', expected a finite number"),
    ((*MAP, "step"), [[10**400] * 4] * 4, "step is a huge integer, expected a finite number"),
    ((*MAP, "codes"), "%%%%", "codes is no base64"),
    ((*MAP, "codes"), "é" * 8, "codes is no base64"),
    ((*MAP, "codes"), base64.b64encode(b"no zlib").decode(), "codes is not compressed by zlib"),
    ((*MAP, "codes"), "", "codes does not hold 2880 bytes"),
    ((*MAP, "codes"), packed(2879), "codes does not hold 2880 bytes"),
    ((*MAP, "codes"), packed(2881), "codes does not hold 2880 bytes"),
    ((*MAP, "codes"), packed(200 * 2**20), "codes does not hold 2880 bytes"),
    ((*MAP, "codes"), packed(2880, cut=4), "codes does not hold 2880 bytes"),
    ((*MAP, "codes"), packed(2880, more=b"x"), "codes does not hold 2880 bytes"),
    ((*MAP, "codes"), None, "codes is None, expected a string"),
    (("methods", 3, "nodes", "token"), [1.0], r"have shape \[1\], but"),
    (("methods", 3, "nodes", "token", 0), None, r"nodes\['token'\] is None"),
    (("methods", 3, "nodes", "token", 0), True, r"nodes\['token'\] is True"),
    (("methods", 0, "fidelity", "deletion"), ..., "fidelity lacks 'deletion'"),
    (("methods", 0, "fidelity"), [], "fidelity is a list"),
    (("methods", 0, "chance", "deletion"), "0", "chance.deletion is '0'"),
    (("truth", 0, "cells"), [[1]], r"truth\[0\].cells has \[1\]"),
    (("truth", 0, "cells"), [[-1, 0]], r"cells has \[-1, 0\], outside \[10, 9\]"),
    (("truth", 0, "cells"), [[0, 9]], r"cells has \[0, 9\], outside"),
    (("truth", 0, "pair"), ["token", "word"], "pair has 'word'"),
    (("prediction", "probability"), 1.5, "probability of 'circle' is 1.5"),
    (("prediction", "answer"), None, "prediction.answer is None"),
    (("prediction", "alternatives"), [["a", 0.1, 2]], r"expected \[answer, probability\]"),
    (("prediction", "alternatives"), [[0.1, "a"]], "prediction.alternatives is 0.1"),
    (("modality_weights", "region"), "much", r"modality_weights\['region'\] is 'much'"),
    (("paths", 0, "nodes"), [["token"]], r"expected \[type, number\]"),
    (("paths", 0, "nodes", 0), ["token", 99], "passes 'token' 99"),
    (("paths", 0, "relations"), [], "3 nodes and 0 relations"),
    (("paths", 0, "weight"), None, r"paths\[0\].weight is None"),
    (("image", "mime"), "image/svg+xml", "image.mime is 'image/svg.xml', expected image/png or image/jpeg"),
    (("image", "mime"), ["image/png"], "image.mime is a list"),
    (("image", "size"), [1, 2], r"but the picture has \[480, 360\]"),
    (("image", "data"), "AAAA", "no picture that can be read"),
    (("image",), "dog.jpg", "image is 'dog.jpg', expected an object"),
    (("sound", "mime"), "text/html", "sound.mime is 'text/html', expected audio/flac"),
    (("sound", "rate"), 10**9, "sound.rate is 1000000000, expected at most 16000"),
    (("sound", "rate"), 1, "the rate is 1 Hz"),
    (("sound", "seconds"), 99.0, "but the sound lasts 3.000 s"),
    (("sound", "data"), "AAAA", "no sound that can be read"),
]


@pytest.mark.parametrize(
    ("path", "value", "message"), CASES, ids=[f"{c[0][-1]}-{i}" for i, c in enumerate(CASES)]
)
def test_a_value_that_does_not_belong_is_named(encoded, path, value, message):
    with pytest.raises(InputError, match=message):
        decode_explanation(broken(encoded, *path, value=value))


def test_one_pair_stands_once(encoded):
    document = json.loads(encoded)
    document["methods"][0]["maps"].append(copy.deepcopy(document["methods"][0]["maps"][0]))
    with pytest.raises(InputError, match=r"methods\[0\].maps has \('token', 'region'\) twice"):
        decode_explanation(document)
    document = json.loads(encoded)
    document["truth"] *= 2
    with pytest.raises(InputError, match=r"truth has \('token', 'region'\) twice"):
        decode_explanation(document)


def test_many_small_maps_cannot_unpack_to_more_than_the_limit(encoded):
    document = json.loads(encoded)
    bomb = {"shape": [2**12, 2**6, 10, 9], "dtype": "uint8", "step": [[0.0] * 2**6] * 2**12}
    content = packed(2**18 * 90, level=9)
    assert len(content) < 100_000
    first = document["methods"][0]
    document["methods"] = [
        {**first, "method": str(number), "maps": [{"pair": ["token", "region"], **bomb, "codes": content}]}
        for number in range(3)
    ]
    with pytest.raises(InputError, match=r"methods\[2\].maps\[0\]: with this map there are more than"):
        decode_explanation(document)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe{}", "no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"format": NaN}', "NaN is no JSON number"),
        (b'{"format": 1, "format": 2}', "stands twice"),
        (b"[]", "the document is a list"),
        (b"null", "the document is None"),
    ],
)
def test_a_file_that_is_no_document_is_named(tmp_path, content, message):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        Explanation.load(tmp_path / "a.json")
    assert "a.json" in str(error.value)


def test_a_huge_file_is_not_read(tmp_path):
    with open(tmp_path / "a.json", "wb") as file:
        file.truncate(300 * 2**20)
    with pytest.raises(InputError, match="314572800 bytes, more than 268435456"):
        Explanation.load(tmp_path / "a.json")


def test_numbers_beyond_floats_are_refused_where_they_stand(encoded):
    text = encoded.replace('"probability": 0.83', '"probability": 1e999')
    assert text != encoded
    with pytest.raises(InputError, match=r"prediction\.probability is inf"):
        decode_explanation(parse(text))


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_value_anywhere_gives_an_explanation_or_an_input_error(encoded, data):
    document = json.loads(encoded)
    entry, key = document, data.draw(st.sampled_from(sorted(document)))
    while isinstance(entry[key], (dict, list)) and entry[key] and data.draw(st.booleans()):
        entry = entry[key]
        key = data.draw(st.sampled_from(sorted(entry) if isinstance(entry, dict) else range(len(entry))))
    entry[key] = data.draw(
        st.sampled_from([None, True, -1, 0, 10**400, 1e308, "", "x", [], {}, [[]], [None], {"x": 1}, [1, 2]])
    )
    try:
        found = decode_explanation(document)
    except InputError:
        return
    json_text(found)


def test_a_truncated_file_is_an_input_error(encoded):
    for share in (0.1, 0.5, 0.9, 0.999):
        with pytest.raises(InputError):
            decode_explanation(parse(encoded[: int(len(encoded) * share)]))


def test_the_picture_in_the_document_is_one_that_browsers_know(encoded):
    document = json.loads(encoded)
    packed_image = base64.b64decode(document["image"]["data"])
    assert Image.open(io.BytesIO(packed_image)).format == "JPEG"
    assert base64.b64decode(document["sound"]["data"])[:4] == b"fLaC"
