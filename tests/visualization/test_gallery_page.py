import base64
import io
import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
import torch
from PIL import Image

from mmgraph import InputError
from mmgraph.explanation import Attribution, Explanation, Fidelity, Prediction
from mmgraph.media.sound import Waveform
from mmgraph.visualization import GalleryEntry, explanation_html, save_gallery, save_pages
from tests.browser.samples import HOSTILE, full, gallery, hostile, only
from tests.visualization.pages import Reader, assert_self_contained, block


@pytest.fixture(scope="module")
def whole():
    return full()


def cards(path: Path) -> list[dict]:
    return block(path.read_text(encoding="utf-8"), "gallery")["cards"]


def card(entry: GalleryEntry, folder: Path) -> dict:
    save_gallery([entry], folder / "one.html")
    return cards(folder / "one.html")[0]


def test_a_gallery_is_one_file_that_loads_nothing_and_runs_nothing_else(tmp_path):
    entries = [GalleryEntry.of(found, f"{number}.html") for number, found in enumerate(gallery())]
    save_gallery(entries, tmp_path / "index.html", "planted scenes")
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert_self_contained(page, ["gallery"])
    assert Reader(page).all("title")[0][1] == "planted scenes"
    assert block(page, "gallery")["title"] == "planted scenes"
    assert len(cards(tmp_path / "index.html")) == len(gallery())


def test_a_card_says_what_was_asked_answered_and_expected(whole, tmp_path):
    found = card(GalleryEntry.of(whole, "3.html"), tmp_path)
    assert found["href"] == "3.html"
    assert found["title"] == whole.title
    assert (found["id"], found["text"]) == ("sample", "which red thing is left of the small dog ?")
    assert (found["answer"], found["probability"], found["expected"], found["right"]) == (
        *("circle", 0.83, "circle"),
        True,
    )
    assert found["modalities"] == [
        {"type": "region", "weight": 0.55, "kind": "box"},
        {"type": "token", "weight": 0.3, "kind": "characters"},
        {"type": "segment", "weight": 0.15, "kind": "seconds"},
    ]
    assert found["fidelity"] == ["attention", 0.34, 0.12]


@pytest.mark.parametrize(("expected", "right"), [("circle", True), ("dog", False), (None, None)])
def test_a_card_says_whether_it_is_right_where_that_is_known(whole, tmp_path, expected, right):
    said = replace(whole, prediction=Prediction("circle", 0.4, expected))
    assert card(GalleryEntry.of(said, None), tmp_path)["right"] is right


def test_a_card_of_a_bare_sample_has_no_answer_and_no_picture(whole, tmp_path):
    found = card(GalleryEntry.of(Explanation(only(["token"]).graph), None), tmp_path)
    assert [found[name] for name in ("href", "answer", "probability", "expected", "right", "picture")] == [
        None
    ] * 6
    assert (found["modalities"], found["waveform"], found["fidelity"]) == ([], [], None)


def test_the_method_on_a_card_is_the_one_whose_first_nodes_the_score_needs_most(whole, tmp_path):
    deep = Attribution("deep", fidelity=Fidelity(0.9, 0.5, 0.1, 0.9))
    unmeasured = Attribution("unmeasured")
    found = replace(whole, attributions=(unmeasured, *whole.attributions, deep))
    assert card(GalleryEntry.of(found, None), tmp_path)["fidelity"] == ["deep", 0.5, None]


# ---------------------------------------------------------------------- pictures and sounds


def test_a_thumbnail_is_a_jpeg_of_160_pixels_without_metadata(whole, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    exif.get_ifd(0x8825)[0x001D] = "SECRETPLACE"
    Image.effect_noise((640, 480), 60).convert("RGB").save(tmp_path / "a.jpg", exif=exif, comment=b"SECRET")
    found = replace(whole, image=Image.open(tmp_path / "a.jpg"))
    picture = card(GalleryEntry.of(found, None), tmp_path)["picture"]
    head, data = picture["url"].split(",")
    content = base64.b64decode(data)
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(content)).size == tuple(picture["size"]) == (160, 120)
    assert b"SECRET" not in content
    assert b"Exif" not in content


def test_a_small_picture_is_not_enlarged(whole, tmp_path):
    entry = GalleryEntry.of(replace(whole, image=Image.new("L", (3, 70))), None)
    assert card(entry, tmp_path)["picture"]["size"] == [3, 70]


def test_a_waveform_has_96_columns_at_most(whole, tmp_path):
    found = card(GalleryEntry.of(whole, None), tmp_path)["waveform"]
    assert len(found) == 96
    assert max(high for _, high in found) == pytest.approx(1.0, abs=0.2)
    assert all(-1 <= low <= high <= 1 for low, high in found)
    empty = replace(whole, sound=Waveform(torch.zeros(0), 16000, 0.0))
    assert card(GalleryEntry.of(empty, None), tmp_path)["waveform"] == []


# ---------------------------------------------------------------------- links and hostile texts


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("3.html", "3.html"),
        (PurePosixPath("pages/a b.html"), "pages/a%20b.html"),
        ("../up/ä#?%.html", "../up/%C3%A4%23%3F%25.html"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("https://example.org/", "https%3A/example.org"),
        ('"><script>.html', "%22%3E%3Cscript%3E.html"),
        ("a\\b\n.html", "a%5Cb%0A.html"),
    ],
)
def test_a_link_is_relative_and_its_strange_characters_are_written_as_numbers(
    whole, tmp_path, href, expected
):
    assert card(GalleryEntry.of(whole, href), tmp_path)["href"] == expected


@pytest.mark.parametrize("href", ["/etc/passwd", "//example.org/a.html", "", ".", "\ud800.html"])
def test_a_link_that_is_absolute_or_empty_is_refused(whole, href):
    with pytest.raises(InputError, match="GalleryEntry got href="):
        GalleryEntry.of(whole, href)
    with pytest.raises(InputError, match="GalleryEntry got href="):
        GalleryEntry(href, "title")


@pytest.mark.parametrize(
    "text", ["</script><script>alert(1)</script>", "\u2028\u2029\u202e", "\ud800", "null"]
)
def test_a_strange_text_is_data_wherever_it_stands(tmp_path, text):
    entry = GalleryEntry(
        "a.html",
        text,
        id=text,
        text=text,
        prediction=Prediction(text, 0.5, text),
        modality_weights={text: 1.0},
        kinds={text: text},
        fidelity=(text, 0.5, None),
    )
    save_gallery([entry], tmp_path / "a.html", text)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert_self_contained(page, ["gallery"])
    found = block(page, "gallery")
    assert found["title"] == found["cards"][0]["title"] == found["cards"][0]["modalities"][0]["type"] == text


def test_no_hostile_text_is_in_the_page_as_it_is(tmp_path):
    save_gallery([GalleryEntry.of(hostile(), "a.html")], tmp_path / "a.html", HOSTILE[1])
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    data = page[page.index("<body>") : page.rindex("<script>")]
    assert data.isascii()
    assert not [text for text in HOSTILE if "<" in text and text in page]


def test_long_texts_are_cut(tmp_path):
    found = card(GalleryEntry(None, "x" * 10_000, text="y" * 10_000), tmp_path)
    assert (len(found["title"]), found["title"][-1], len(found["text"])) == (300, "…", 300)


# ---------------------------------------------------------------------- files


def test_a_gallery_of_nothing_and_places_that_cannot_be_written_are_input_errors(whole, tmp_path):
    entry = GalleryEntry.of(whole, None)
    with pytest.raises(InputError, match="no entries"):
        save_gallery([], tmp_path / "a.html")
    with pytest.raises(InputError, match=r"save_gallery cannot write .*\.html file"):
        save_gallery([entry], tmp_path / "a.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="save_gallery cannot write"):
        save_gallery([entry], tmp_path / "file" / "a.html")
    assert os.listdir(tmp_path) == ["file"]


def test_pages_are_written_one_by_one_and_the_gallery_that_links_them_last(tmp_path, capsys):
    samples = gallery()
    seen = []

    def stream():
        for found in samples:
            assert not (tmp_path / "new" / "index.html").exists()
            seen.append(sorted(os.listdir(tmp_path / "new")) if seen else [])
            yield found

    index = save_pages(stream(), tmp_path / "new", "planted scenes")
    assert index == tmp_path / "new" / "index.html"
    names = [f"{number}.html" for number in range(len(samples))]
    assert sorted(os.listdir(tmp_path / "new")) == sorted([*names, "index.html"])
    assert seen[3] == names[:3]
    assert [found["href"] for found in cards(index)] == names
    assert (tmp_path / "new" / "1.html").read_text(encoding="utf-8") == explanation_html(samples[1])
    # No bar, as this is no terminal.
    assert capsys.readouterr() == ("", "")


def test_pages_take_the_arguments_of_a_page(whole, tmp_path):
    save_pages([whole], tmp_path, top_k=1, layers=[0])
    assert (tmp_path / "0.html").read_text(encoding="utf-8") == explanation_html(whole, top_k=1, layers=[0])


def test_a_sample_that_cannot_be_shown_is_named(whole, tmp_path):
    nothing = Explanation(only([]).graph)
    with pytest.raises(InputError, match=r"sample 1 \('sample'\): .* without nodes"):
        save_pages([whole, nothing], tmp_path)
    with pytest.raises(InputError, match="no entries"):
        save_pages([], tmp_path / "empty")
    assert not (tmp_path / "empty").exists()


def test_a_card_takes_at_most_12_kb_with_a_photograph(tmp_path):
    """500 cards then stay under 6 MB."""
    pages = pytest.importorskip("experiments.benchmarks.pages")
    pytest.importorskip("skimage")
    found = pages.explanation(1.5, 1, 1)
    save_gallery([GalleryEntry.of(found, f"{number}.html") for number in range(20)], tmp_path / "20.html")
    save_gallery([GalleryEntry.of(found, "0.html")], tmp_path / "1.html")
    sizes = [(tmp_path / name).stat().st_size for name in ("20.html", "1.html")]
    assert (sizes[0] - sizes[1]) / 19 <= 12_000
