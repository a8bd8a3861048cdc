"""Threshold, top, search, method and the URL."""

import pytest

from tests.browser.reading import link_pairs
from tests.browser.samples import full
from tests.browser.use import choose, drawn_links, nodes_of, set_threshold, value_of, view_of

FOUND = ".node.found, .node.match, .node.hit"
WORD = '#sentence .node[data-node="token:8"]'


@pytest.mark.parametrize("top", [1, 2, 5])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_the_links_are_the_strongest_of_each_source_that_reach_the_threshold(open_page, top, share):
    page = open_page("full")
    page.fill("input#top", str(top))
    set_threshold(page, share)
    expected = link_pairs(full()["attention"], top, share)
    assert expected
    assert drawn_links(page) == expected


def test_the_links_are_those_of_the_chosen_layer_and_head(open_page):
    page = open_page("full")
    set_threshold(page, 0.3)
    page.fill("input#top", "2")
    choose(page, 1, 3)
    expected = link_pairs(full()["attention"], 2, 0.3, 1, 3)
    assert expected != link_pairs(full()["attention"], 2, 0.3)
    assert drawn_links(page) == expected


def test_another_method_has_its_own_links_and_its_own_note(open_page):
    page = open_page("full")
    note = page.text("#method-note")
    set_threshold(page, 0.3)
    for method in ("rollout", "relevance", "leave one out"):
        page.select("select#method", value_of(page, "select#method", method))
        assert drawn_links(page) == link_pairs(full()[method], 1, 0.3)
        assert page.text("#method-note") != note
        note = page.text("#method-note")
    assert full()["leave one out"].note in note
    assert page.complaints() == []


def test_the_fidelity_stands_beside_the_note_with_that_of_chance(open_page):
    page = open_page("full")
    shown = page.evaluate("document.body.innerText")
    for text in ("0.34", "0.12"):
        assert text in shown


def test_searching_a_word_marks_the_nodes_that_have_it_and_no_others(open_page):
    page = open_page("full")
    page.fill("input#search", "dog")
    found = set(nodes_of(page, FOUND))
    assert found == {"token:8", "region:5"}
    page.fill("input#search", "")
    assert page.count(FOUND) == 0


def test_the_url_brings_back_method_layer_head_lock_tab_and_filters(open_page):
    page = open_page("full")
    page.click("#tab-heads")
    page.click(WORD)
    choose(page, 2, 1)
    page.fill("input#top", "3")
    set_threshold(page, 0.5)
    page.check("input#truth", False)
    view = view_of(page)
    hash = page.evaluate("location.hash")
    assert len(hash) > 1

    again = open_page("full", hash=hash)
    assert view_of(again) == view
    assert again.attribute(WORD, "aria-pressed") == "true"
    assert again.attribute("#tab-heads", "aria-selected") == "true"

    page.reload = page.call("reload")
    page.ready()
    assert view_of(page) == view

    third = open_page("full")
    third.evaluate(f"location.hash = {hash!r}")
    third.until("document.querySelector('#tab-heads').getAttribute('aria-selected') === 'true'")
    assert view_of(third) == view
    assert third.complaints() == []


@pytest.mark.parametrize(
    "hash",
    [
        "#method=nothing&layer=99&head=-1&top=x&threshold=NaN&tab=zzz&locked=region:999",
        "#%E0%A4%A",
        "#" + "a=" * 5000,
        "#locked=__proto__:0&method=__proto__&tab=constructor",
        "#<script>window.__pwned=1</script>",
        "#l=1e9&h=1e9&layer=1.5&head=1.5",
    ],
    ids=["unknown values", "a broken escape", "very long", "prototypes", "a script", "no whole numbers"],
)
def test_a_url_that_means_nothing_gives_the_usual_view(open_page, hash):
    usual = view_of(open_page("full"))
    page = open_page("full", hash=hash)
    assert view_of(page) == usual
    assert page.evaluate("window.__pwned") is None
    assert page.complaints() == []


def test_the_overlay_of_the_truth_can_be_switched_off(open_page):
    page = open_page("full")
    on = page.evaluate("document.querySelector('#links').outerHTML")
    assert page.evaluate("document.querySelector('#truth').checked")
    page.check("input#truth", False)
    assert page.evaluate("document.querySelector('#links').outerHTML") != on
