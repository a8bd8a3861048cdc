"""Hover previews, click locks, Escape unlocks; and what is shown are the numbers that Python gives."""

import pytest

from mmgraph.visualization.numbers import weight_text
from tests.browser.reading import label, strongest
from tests.browser.samples import full
from tests.browser.use import choose, detail_of, drawn_links, focus_of, reach, selector, value_of

WORD = '#sentence .node[data-node="token:1"]'
RED_CIRCLE = "region 4"


def test_hovering_a_word_shows_its_links_alone_and_leaving_shows_those_from_before(open_page):
    page = open_page("full")
    before, empty = drawn_links(page), page.text("#detail")
    page.hover(WORD)
    found = drawn_links(page)
    assert found
    assert all("token:1" in pair for pair in found)
    assert ("token:1", "region:4") in found
    assert page.text("#detail") != empty
    page.leave()
    assert drawn_links(page) == before
    assert page.text("#detail") == empty


@pytest.mark.parametrize("key", ["region", "token", "segment"])
def test_nodes_of_every_kind_can_be_hovered_and_locked(open_page, key):
    page = open_page("full")
    page.hover(selector(key, 4))
    assert all(f"{key}:4" in pair for pair in drawn_links(page))
    page.click(selector(key, 4))
    page.leave()
    assert page.attribute(selector(key, 4), "aria-pressed") == "true"
    assert all(f"{key}:4" in pair for pair in drawn_links(page))


def test_a_click_locks_a_node_until_escape(open_page):
    page = open_page("full")
    assert page.attribute(WORD, "aria-pressed") == "false"
    page.click(WORD)
    assert page.attribute(WORD, "aria-pressed") == "true"
    detail, links = page.text("#detail"), drawn_links(page)
    page.leave()
    assert (page.text("#detail"), drawn_links(page)) == (detail, links)
    page.hover(selector("token", 5))
    page.leave()
    assert (page.text("#detail"), drawn_links(page)) == (detail, links)
    page.press("Escape")
    assert page.attribute(WORD, "aria-pressed") == "false"
    assert drawn_links(page) != links


def test_a_second_click_unlocks_and_a_click_on_another_node_locks_that_one_alone(open_page):
    page = open_page("full")
    page.click(WORD)
    page.click(selector("token", 5))
    assert page.attribute(WORD, "aria-pressed") == "false"
    assert page.attribute(selector("token", 5), "aria-pressed") == "true"
    page.click(selector("token", 5))
    assert page.count('[aria-pressed="true"].node') == 0


def test_what_is_locked_is_said_in_one_sentence_for_a_screen_reader(open_page):
    page = open_page("full")
    assert page.attribute("#status", "aria-live") == "polite"
    page.click(WORD)
    explanation = full()
    target, weight = strongest(explanation["attention"].maps["token", "region"], 1)
    page.until("document.querySelector('#status').textContent.length > 0")
    said = page.texts("#status")[0]
    assert label(explanation, "token", 1) in said
    assert label(explanation, "region", target) in said
    assert weight in said


CHOICES = [(None, None), (2, None), (None, 1), (3, 2)]


@pytest.mark.parametrize(
    ("layer", "head"), CHOICES, ids=["the mean", "a layer", "a head", "a layer and a head"]
)
def test_the_strongest_region_of_every_word_has_the_weight_that_python_gives(open_page, layer, head):
    explanation = full()
    weights = explanation["attention"].maps["token", "region"]
    page = open_page("full")
    choose(page, layer, head)
    for word in range(weights.shape[0]):
        page.hover(f'#sentence .node[data-node="token:{word}"]')
        target, text = strongest(weights, word, layer, head)
        entry = detail_of(page, label(explanation, "region", target))
        assert text in entry.split(), (word, target, text, entry)


def test_a_focused_word_has_every_one_of_its_weights_in_its_links(open_page):
    explanation = full()
    weights = explanation["attention"].maps["token", "region"].mean()
    page = open_page("full")
    page.click(WORD)
    for target in range(9):
        if ("token:1", f"region:{target}") in drawn_links(page):
            entry = detail_of(page, label(explanation, "region", target))
            assert weight_text(float(weights[1, target])) in entry.split()


def test_a_negative_weight_has_a_minus_sign(open_page):
    explanation = full()
    weights = explanation["relevance"].maps["token", "region"]
    values = weights.mean()
    word = int(values.amin(1).argmin())
    page = open_page("full")
    page.select("select#method", value_of(page, "#method", "relevance"))
    page.hover(f'#sentence .node[data-node="token:{word}"]')
    target = int(values[word].argmin())
    text = weight_text(float(values[word, target]))
    assert text.startswith("−")
    assert text in detail_of(page, label(explanation, "region", target)).split()


def test_the_keyboard_alone_locks_a_region_goes_on_to_a_word_and_unlocks(open_page):
    page = open_page("full")
    reach(page, "#picture .node")
    start = focus_of(page)
    page.press("ArrowRight")
    assert focus_of(page) != start
    assert focus_of(page).startswith("region:")
    page.press("Enter")
    locked = focus_of(page)
    assert page.attribute(f'#picture .node[data-node="{locked}"]', "aria-pressed") == "true"
    assert all(locked in pair for pair in drawn_links(page))
    reach(page, "#sentence .node")
    page.press("ArrowRight", "ArrowRight", "Space")
    word = focus_of(page)
    assert word.startswith("token:")
    assert page.attribute(f'#sentence .node[data-node="{word}"]', "aria-pressed") == "true"
    page.press("Escape")
    assert page.count('[aria-pressed="true"].node') == 0


def test_each_panel_of_the_media_is_one_stop_of_the_tab_key(open_page):
    page = open_page("full")
    for panel in ("#picture", "#sentence", "#sound"):
        assert page.count(f'{panel} .node[tabindex="0"]') == 1, panel
        assert page.count(f"{panel} .node:not([tabindex])") == 0, panel


def test_arrow_keys_move_between_the_tabs(open_page):
    page = open_page("full")
    page.click("#tab-matrix")
    page.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-heads"
    page.press("End")
    assert page.evaluate("document.activeElement.id") == "tab-details"
    page.press("Home", "ArrowLeft")
    assert page.evaluate("document.activeElement.id") == "tab-details"
    if page.attribute("#tab-details", "aria-selected") != "true":
        page.press("Enter")
    assert page.attribute("#tab-details", "aria-selected") == "true"
    assert page.evaluate("document.querySelector('#panel-details').checkVisibility()")
    assert not page.evaluate("document.querySelector('#panel-matrix').checkVisibility()")
