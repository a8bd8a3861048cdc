"""What the buttons save: a picture as SVG and PNG, and the data as JSON that Python reads."""

import io
from xml.etree import ElementTree

import pytest
import torch
from PIL import Image

from mmgraph.explanation import Explanation
from tests.browser.samples import HOSTILE, full, hostile
from tests.browser.use import value_of

SVG = "{http://www.w3.org/2000/svg}"


def svg_of(page) -> ElementTree.Element:
    name, content = page.download("#save-svg")
    assert name.endswith(".svg")
    return ElementTree.fromstring(content)


def texts_of(svg: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()) for element in svg.iter(f"{SVG}text"))


def test_the_svg_is_xml_with_every_word_as_text_and_the_picture_inside(open_page):
    svg = svg_of(open_page("full"))
    assert svg.tag == f"{SVG}svg"
    shown = texts_of(svg)
    for word in full().graph.label["token"]:
        assert word in shown, word
    links = [value for e in svg.iter() for name, value in e.attrib.items() if name.endswith("href")]
    assert links
    assert all(link.startswith(("data:", "#")) for link in links)


def test_the_svg_shows_what_is_locked(open_page):
    page = open_page("full")
    page.click('#sentence .node[data-node="token:8"]')
    paths = [e.get("d") for e in svg_of(page).iter(f"{SVG}path")]
    page.press("Escape")
    assert [e.get("d") for e in svg_of(page).iter(f"{SVG}path")] != paths


@pytest.mark.parametrize("name", ["full", "hostile", "only:token"])
def test_an_svg_has_no_script_no_handler_and_no_foreign_content(open_page, name):
    svg = svg_of(open_page(name))
    for element in svg.iter():
        assert element.tag.startswith(SVG), element.tag
        assert element.tag != f"{SVG}script"
        assert element.tag != f"{SVG}foreignObject"
        for attribute, value in element.attrib.items():
            assert not attribute.lower().startswith("on"), attribute
            assert not value.strip().lower().startswith("javascript:"), value


def test_the_png_has_the_signature_and_at_least_the_size_of_the_picture_on_the_page(open_page):
    page = open_page("full")
    name, content = page.download("#save-png")
    assert name.endswith(".png")
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    image = Image.open(io.BytesIO(content))
    image.load()
    width = page.evaluate("document.querySelector('#links').getBoundingClientRect().width")
    assert image.width >= width
    assert image.height > 100
    assert len(image.convert("RGB").getcolors(10**7)) > 50


@pytest.mark.parametrize("make", [full, hostile])
def test_the_json_is_the_explanation_that_the_page_was_made_of(open_page, tmp_path, make):
    name, content = open_page(make.__name__).download("#save-json")
    assert name.endswith(".json")
    path = tmp_path / "saved.json"
    path.write_bytes(content)
    found, given = Explanation.load(path), make()
    assert (found.title, found.about, found.prediction) == (given.title, given.about, given.prediction)
    assert (found.methods, found.paths) == (given.methods, given.paths)
    assert found.modality_weights == given.modality_weights
    assert found.graph.label == given.graph.label
    assert found.graph.samples == given.graph.samples
    for method in given.methods:
        assert found[method].note == given[method].note
        assert found[method].fidelity == given[method].fidelity
        assert found[method].maps.keys() == given[method].maps.keys()
        for pair, weights in given[method].maps.items():
            assert torch.equal(found[method].maps[pair].values, weights.values)
        for key, scores in given[method].nodes.items():
            assert torch.equal(found[method].nodes[key], scores)
    for pair, truth in given.truth.items():
        assert torch.equal(found.truth[pair], truth)
    assert found.image.size == given.image.size
    assert len(found.sound.samples) == len(given.sound.samples)


def test_saving_asks_for_nothing_and_complains_of_nothing(open_page):
    page = open_page("full")
    page.select("select#method", value_of(page, "select#method", "rollout"))
    for button in ("#save-svg", "#save-png", "#save-json"):
        page.download(button)
    assert page.complaints() == []


def test_the_names_of_saved_files_are_plain_whatever_the_sample_is_called(open_page):
    page = open_page("hostile")
    assert hostile().graph.samples[0].id == HOSTILE[1]
    for button in ("#save-svg", "#save-png", "#save-json"):
        name, _ = page.download(button)
        assert name.replace("-", "").replace("_", "").replace(".", "").isalnum(), name
        assert name.isascii()
        assert len(name) < 100
