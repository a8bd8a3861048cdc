"""200 labels that are scripts or strange writing: none runs, all are shown."""

import re

import pytest

from tests.browser.samples import HOSTILE, SCRIPTS, hostile
from tests.browser.test_pages_are_quiet import open_tabs


@pytest.fixture
def page(open_page):
    return open_page("hostile")


def test_no_script_of_a_label_runs_in_any_tab_or_by_hovering_or_locking(page):
    for tab in open_tabs(page):
        page.click(f"#tab-{tab}")
    for node in ("region:0", "token:1", "segment:3"):
        page.hover(f'.node[data-node="{node}"]')
        page.click(f'.node[data-node="{node}"]')
    page.fill("input#search", HOSTILE[0])
    page.press("Enter")
    for number in range(page.evaluate("document.querySelector('#method').options.length")):
        value = page.evaluate(f"document.querySelector('#method').options[{number}].value")
        page.select("select#method", value)
    assert page.evaluate("window.__pwned") is None
    assert page.complaints() == []


def test_a_page_holds_no_element_that_a_label_brought(page):
    for tab in open_tabs(page):
        page.click(f"#tab-{tab}")
    for name in ("iframe", "meta[http-equiv=refresh]", "img[onerror]", "a[href^=javascript]"):
        assert page.count(name) == 0, name
    handlers = page.evaluate(
        "Array.from(document.querySelectorAll('*')).flatMap((e) => Array.from(e.attributes, (a) => a.name))"
        ".filter((name) => name.startsWith('on'))"
    )
    assert handlers == []
    assert page.count("script") == 3
    assert page.count("style") == 1


def test_every_word_is_shown_as_it_is(page):
    shown = page.evaluate(
        "Object.fromEntries(Array.from(document.querySelectorAll('#sentence .node'), "
        "(e) => [e.dataset.node, e.textContent]))"
    )
    for index, word in enumerate(hostile().graph.label["token"]):
        assert shown[f"token:{index}"].strip() == word.strip(), index


def test_every_label_is_what_a_screen_reader_says_of_its_node(page):
    names = page.evaluate(
        "Array.from(document.querySelectorAll('.node'), (e) => [e.dataset.node, e.ariaLabel])"
    )
    labels = hostile().graph.label
    assert len({node for node, _ in names}) == 200
    for node, name in names:
        key, index = node.split(":")
        assert name.startswith(f"{key} {index}")
        assert len(name) < 120
        assert not re.search("[\u202a-\u202e\u2066-\u2069\\x00-\\x1f]", name), node
        if any(labels[key][int(index)].startswith(text) for text in SCRIPTS):
            assert name == f"{key} {index}, {labels[key][int(index)]}"


def test_title_answers_and_facts_are_shown_as_text(page):
    page.click("#tab-details")
    shown = page.evaluate("document.body.textContent")
    explanation = hostile()
    assert explanation.title in shown
    assert explanation.prediction.answer in shown
    for name, value in explanation.about.items():
        assert name in shown
        assert value in shown


def test_a_very_long_label_does_not_make_the_page_scroll_sideways(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
