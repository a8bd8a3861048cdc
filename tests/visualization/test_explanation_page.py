import base64
import io
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import mmgraph
from mmgraph import InputError
from mmgraph.explanation import Attribution, Explanation, WeightMap
from mmgraph.explanation.document import decode_explanation
from mmgraph.graph import HeteroGraph, NodeSpec, Sample, Schema
from mmgraph.media.sound import Waveform
from mmgraph.visualization import explanation_html, save_html
from mmgraph.visualization.spectrum import envelope, frequency_places
from tests.browser.samples import HOSTILE, SUBSETS, full, heads12, hostile, only
from tests.visualization.pages import Reader, assert_self_contained, block

STRANGE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "<!-- <script>",
    "]]>",
    "line\u2028and\u2029line",
    "\u202eevil",
    "\u2066isolate",
    "x" * 10_000,
    "null",
    "undefined",
    "",
    "\x00\x01\x1b[31m",
    "\ud800",
    "&lt;b&gt;",
    "__proto__",
)


@pytest.fixture(scope="module")
def whole():
    return full()


def words(labels, **facts):
    """A sample whose words are these."""
    labels = tuple(labels)
    graph = HeteroGraph.create(
        Schema({"token": NodeSpec(1)}, {}),
        [Sample("s")],
        x={"token": torch.zeros(len(labels), 1)},
        label={"token": labels},
    )
    return Explanation(graph, **facts)


# ---------------------------------------------------------------------- what a page is


@pytest.mark.parametrize("make", [full, hostile, *(lambda kept=kept: only(kept) for kept in SUBSETS)])
def test_a_page_is_one_file_that_loads_nothing_and_runs_nothing_else(make):
    assert_self_contained(explanation_html(make()), ["explanation", "extras"])


def test_a_page_holds_the_explanation_as_python_reads_it(whole):
    found = decode_explanation(block(explanation_html(whole), "explanation"))
    assert found.methods == whole.methods
    pair = ("token", "region")
    assert found["attention"].maps[pair].values.equal(whole["attention"].maps[pair].values)
    assert found.truth[pair].equal(whole.truth[pair])


def test_the_file_is_what_the_function_returns_and_opens_as_utf_8(whole, tmp_path):
    save_html(replace(whole, title="größer"), tmp_path / "new" / "a.html")
    text = (tmp_path / "new" / "a.html").read_bytes().decode("utf-8")
    assert text == explanation_html(replace(whole, title="größer"))
    assert "<title>größer</title>" in text
    assert os.listdir(tmp_path / "new") == ["a.html"]


def test_the_title_is_the_question_or_the_samples_name(whole):
    def title(explanation):
        return Reader(explanation_html(explanation)).all("title")[0][1]

    assert title(whole) == "which red thing is left of the small dog?"
    assert title(replace(whole, title="")) == "sample"
    assert title(words(["a"], title="")) == "s"
    assert title(words(["a"], title=" a\n b\u202e\x00c ")) == "a b c"
    assert len(title(words(["a"], title="x" * 10_000))) == 120


def test_a_page_needs_no_matplotlib(tmp_path):
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from mmgraph.visualization import save_html, save_pages\n"
        "from tests.browser.samples import full\n"
        "save_html(full(), sys.argv[1] + '/a.html'); save_pages([full()], sys.argv[1])\n"
        "assert not [name for name in sys.modules if name.startswith('matplotlib.')]\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert sorted(os.listdir(tmp_path)) == ["0.html", "a.html", "index.html"]


# ---------------------------------------------------------------------- hostile texts


@pytest.mark.parametrize("text", STRANGE, ids=[ascii(text[:20]) for text in STRANGE])
def test_a_strange_text_is_data_wherever_it_stands(text):
    found = words(
        [text, "plain"],
        title=text,
        about={text: text},
        attributions=(Attribution(text or "a", note=text),),
    )
    page = explanation_html(found)
    assert_self_contained(page, ["explanation", "extras"])
    document = block(page, "explanation")
    assert document["graph"]["nodes"]["token"]["label"] == [text, "plain"]
    assert (document["title"], document["about"]) == (text, {text: text})
    page.encode("utf-8")


def test_no_hostile_text_is_in_the_page_as_it_is():
    page = explanation_html(hostile())
    body = page[page.index("<body>") :]
    for text in HOSTILE:
        if "<" in text or not text.isascii():
            assert text not in page, text
    for character in "\u2028\u2029\u202e\u2066\u0000":
        assert character not in page
    data = body[: body.rindex("<script>")]
    assert data.count("<") == data.count("<script type=") * 2 + data.count("<noscript") * 4 + 1
    assert data.isascii()


# ---------------------------------------------------------------------- sounds


def test_the_waveform_and_the_scale_are_those_of_the_figures(whole):
    extras = block(explanation_html(whole), "extras")
    low, high = envelope(whole.sound, 800)
    np.testing.assert_allclose(extras["envelope"]["low"], low, atol=5.1e-4)
    np.testing.assert_allclose(extras["envelope"]["high"], high, atol=5.1e-4)
    hertz, places = zip(*extras["frequencies"], strict=True)
    assert hertz == (500, 1000, 2000, 4000)
    np.testing.assert_allclose(places, frequency_places(hertz, whole.sound.rate), atol=1e-4)
    assert extras["version"] == mmgraph.__version__


def picture(extras):
    head, data = extras["spectrogram"].split(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_spectrogram_is_one_grey_with_its_loudness_as_alpha_low_bands_below(whole):
    t = torch.arange(16000 * 4) / 16000
    rising = torch.sin(2 * torch.pi * (200 + 900 * t) * t)
    found = picture(block(explanation_html(replace(whole, sound=Waveform(rising, 16000, 4.0))), "extras"))
    assert found.mode == "LA"
    grey, alpha = (np.asarray(band).astype(int) for band in found.split())
    assert grey.min() == grey.max()
    assert found.height == 96
    assert found.width <= 800
    assert len(np.unique(alpha)) <= 32
    assert alpha.max() == 255
    assert alpha.min() < 30
    # A tone that rises: the loudest row goes up, which is a smaller number of the row.
    first, last = alpha[:, alpha.shape[1] // 10].argmax(), alpha[:, -alpha.shape[1] // 10].argmax()
    assert first > last + 20


@pytest.mark.parametrize("count", [1, 2, 50])
def test_a_sound_of_hardly_any_samples_has_a_picture(whole, count):
    sound = Waveform(torch.ones(count), 8000, count / 8000)
    extras = block(explanation_html(replace(whole, sound=sound)), "extras")
    assert picture(extras).height == 96
    assert len(extras["envelope"]["low"]) == count


@pytest.mark.parametrize("sound", [None, Waveform(torch.zeros(0), 16000, 0.0)])
def test_without_a_sound_there_is_no_picture_of_one(whole, sound):
    page = explanation_html(replace(whole, sound=sound))
    extras = block(page, "extras")
    assert extras["envelope"] is extras["spectrogram"] is None
    assert extras["frequencies"] == []
    assert block(page, "explanation")["sound"] is None


# ---------------------------------------------------------------------- less of it


def test_some_layers_and_heads_are_kept_and_the_note_says_which(whole):
    page = explanation_html(whole, layers=[3, 1], heads=[2])
    found = decode_explanation(block(page, "explanation"))
    pair = ("token", "region")
    assert found["attention"].maps[pair].values.equal(whole["attention"].maps[pair].values[[3, 1]][:, [2]])
    assert found["attention"].note == (
        "the weights of the model's cross-modal layers. Of its 4 layers (from 0), only 3, 1 are on this "
        "page, as 0 to 1. Of its 4 heads (from 0), only 2 are on this page, as 0 to 0."
    )
    # Methods with one layer keep it, and no note is added.
    assert found["rollout"].maps[pair].values.equal(whole["rollout"].maps[pair].values)
    assert found["rollout"].note == ""


def test_the_largest_weights_of_each_row_are_kept_and_the_note_says_so(whole):
    found = decode_explanation(block(explanation_html(whole, top_k=2), "explanation"))
    weights = found["attention"].maps["token", "region"].values
    assert ((weights != 0).sum(-1) == 2).all()
    assert "Only the 2 largest weights of each row" in found["attention"].note
    everything = decode_explanation(block(explanation_html(whole, top_k=100), "explanation"))
    assert everything["attention"].note == whole["attention"].note


@pytest.mark.parametrize("name", ["layers", "heads"])
@pytest.mark.parametrize("wrong", [[4], [-1], [0, 0], []])
def test_layers_and_heads_that_are_not_there_are_named(whole, name, wrong):
    with pytest.raises(InputError, match=rf"got {name}=\[.*of 'attention' has 4 {name}: .*from 0"):
        explanation_html(whole, **{name: wrong})


def test_top_k_is_at_least_one(whole):
    with pytest.raises(InputError, match="top_k=0"):
        explanation_html(whole, top_k=0)


def test_a_sample_without_nodes_has_nothing_to_show():
    with pytest.raises(InputError, match="without nodes: there is nothing to show"):
        explanation_html(words([]))


def test_a_page_that_is_too_large_says_how_large_and_what_to_leave_out(tmp_path):
    found = heads12()
    with pytest.raises(InputError) as error:
        save_html(found, tmp_path / "a.html", max_bytes=400_000)
    message = str(error.value)
    assert "MB, more than max_bytes=400000 (0.40 MB)" in message
    assert all(f"{name}=[" in message for name in ("layers", "heads"))
    assert "top_k=" in message
    assert os.listdir(tmp_path) == []
    save_html(found, tmp_path / "a.html", max_bytes=400_000, layers=[0, 11], top_k=5)
    assert (tmp_path / "a.html").stat().st_size <= 400_000


def test_a_page_that_its_media_make_too_large_says_that(whole):
    noise = Waveform(torch.rand(16000 * 60) * 2 - 1, 16000, 60.0)
    with pytest.raises(InputError, match=r"of media and nodes: leave out the sound, or cut it"):
        explanation_html(replace(whole, sound=noise), max_bytes=1_000_000)


def test_more_weights_than_any_page_has_are_refused_before_they_are_packed(whole, monkeypatch):
    monkeypatch.setattr("mmgraph.visualization.explanation_page.MAX_WEIGHTS", 100)
    monkeypatch.setattr("mmgraph.visualization.explanation_page.json_text", lambda found: "x")
    with pytest.raises(InputError, match=r"would have \d+ weights, more than .*layers=\["):
        explanation_html(whole)


def test_twelve_layers_of_twelve_heads_between_all_types_have_at_most_two_megabytes():
    from experiments.benchmarks import pages

    pytest.importorskip("skimage")
    found = pages.explanation(1.0)
    assert sum(item.codes.size for item in found["attention"].maps.values()) == 144 * 86 * 86
    assert found.image.size == (640, 480)
    assert found.sound.seconds == 15.0
    assert len(explanation_html(found).encode()) <= 2_000_000


# ---------------------------------------------------------------------- places


@pytest.mark.parametrize("name", ["a.json", "a", "a.html.txt"])
def test_another_suffix_is_refused(whole, tmp_path, name):
    with pytest.raises(InputError, match=r"save_html cannot write .*give a path to a \.html file"):
        save_html(whole, tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_place_that_cannot_be_written_is_an_input_error(whole, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "a.html").mkdir()
    for path in (tmp_path / "file" / "a.html", tmp_path / "a.html"):
        with pytest.raises(
            InputError, match=r"save_html cannot write .*: give a place where files can be made"
        ):
            save_html(whole, path)
    assert sorted(os.listdir(tmp_path)) == ["a.html", "file"]


def test_a_page_that_fails_leaves_the_old_one_and_no_other_file(whole, tmp_path, monkeypatch):
    path = tmp_path / "a.html"
    save_html(whole, path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(InputError, match="No space left"):
        save_html(replace(whole, title="other"), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.html"]


def test_equal_explanations_give_equal_pages(whole):
    assert explanation_html(whole) == explanation_html(full())


def test_maps_of_zeros_and_of_negative_weights_are_legal():
    found = words(
        ["a", "b"],
        attributions=(
            Attribution("zeros", {("token", "token"): WeightMap.of(torch.zeros(2, 2))}),
            Attribution("signed", {("token", "token"): WeightMap.of(-torch.eye(2))}),
        ),
    )
    kept = decode_explanation(block(explanation_html(found), "explanation"))
    assert kept["signed"].maps["token", "token"].values[0, 0].equal(-torch.eye(2, dtype=torch.float64))
    assert json.loads(json.dumps(kept["zeros"].maps["token", "token"].step.tolist())) == [[0.0]]
