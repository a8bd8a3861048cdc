"""A page asks for nothing, complains of nothing, and axe finds nothing in it."""

import re

import pytest

from tests.browser.samples import HOSTILE, MODALITIES, SUBSETS

SCHEMES = ("light", "dark")
TABS = ("matrix", "heads", "graph", "compare", "details")
SECTIONS = {"region": "picture", "token": "sentence", "segment": "sound"}
ONLY = [f"only:{','.join(kept)}" for kept in SUBSETS]


def open_tabs(page) -> list[str]:
    """The tabs that a page has and that can be chosen."""
    return [
        name
        for name in TABS
        if page.count(f"#tab-{name}:not([hidden]):not([disabled]):not([aria-disabled=true])")
    ]


@pytest.mark.parametrize("name", ["full", "hostile", "big", "heads12", *ONLY])
def test_a_page_makes_no_request_and_no_error_with_any_tab_open(open_page, name):
    page = open_page(name)
    for tab in open_tabs(page):
        page.click(f"#tab-{tab}")
    assert page.complaints() == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("locked", [False, True], ids=["no focus", "a word locked"])
def test_axe_finds_nothing_with_any_tab_open(open_page, scheme, locked):
    page = open_page("full", scheme=scheme)
    if locked:
        page.click('#sentence .node[data-node="token:1"]')
    assert open_tabs(page) == list(TABS)
    for tab in TABS:
        page.click(f"#tab-{tab}")
        assert page.axe() == [], tab
    assert page.complaints() == []


@pytest.mark.parametrize("name", ["heads12", *ONLY])
def test_axe_finds_nothing_in_a_page_of_another_kind(open_page, name):
    assert open_page(name).axe() == []


def test_axe_finds_nothing_in_a_hostile_page_but_that_a_word_of_2000_characters_is_called_by_80(open_page):
    found = open_page("hostile").axe()
    longest = max(range(60), key=lambda i: len(HOSTILE[i]))
    known = f'label-content-name-mismatch (serious) span[data-node="token:{longest}"]'
    assert [line for line in found if not line.startswith(known)] == []


@pytest.mark.parametrize("kept", SUBSETS, ids=",".join)
def test_a_missing_modality_has_no_section_and_the_others_have_all_their_nodes(open_page, kept):
    page = open_page(f"only:{','.join(kept)}")
    for key in MODALITIES:
        assert page.count(f"#{SECTIONS[key]}") == (key in kept), key
    counts = {"region": 9, "token": 10, "segment": 6}
    for key in MODALITIES:
        found = set(
            page.evaluate(
                f"Array.from(document.querySelectorAll('.node[data-node^=\"{key}:\"]'), "
                "(e) => e.dataset.node)"
            )
        )
        assert len(found) == (counts[key] if key in kept else 0), key
    assert page.count("button#play") == ("segment" in kept)
    # A true pair is one of words and regions.
    assert page.count("input#truth") == ({"token", "region"} <= set(kept))


def test_the_page_says_which_method_it_shows_and_that_attention_is_no_explanation_by_itself(open_page):
    page = open_page("full")
    note = page.text("#method-note")
    assert re.search(r"attention", note, re.IGNORECASE)
    assert re.search(r"not (by itself )?an explanation|no explanation|not, by itself", note), note


def test_the_policy_allows_nothing_but_the_page_itself(saved):
    policy = re.search(
        r'http-equiv="?Content-Security-Policy"?\s+content="([^"]*)"', saved("full").read_text()
    )[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";") if rule.strip())
    assert rules["default-src"] == "'none'"
    for name in ("script-src", "style-src"):
        assert all(re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", word) for word in rules[name].split()), name
    for name in ("img-src", "media-src"):
        assert set(rules[name].split()) <= {"data:", "blob:"}, name
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    assert set(rules) <= {
        "default-src",
        "script-src",
        "style-src",
        "img-src",
        "media-src",
        "base-uri",
        "form-action",
    }


def test_the_policy_stops_a_script_that_somebody_slips_in(open_page):
    page = open_page("full")
    page.evaluate("""(() => {
        const script = document.createElement("script");
        script.textContent = "window.__pwned = 1";
        document.body.append(script);
        const image = document.createElement("div");
        image.innerHTML = "<img src=data:, onerror='window.__pwned = 2'>";
        document.body.append(image);
    })()""")
    page.until("window.__violations.length >= 1")
    assert page.evaluate("window.__pwned") is None


def test_a_page_of_twelve_layers_of_twelve_heads_has_at_most_two_megabytes(saved):
    assert saved("heads12").stat().st_size <= 2_000_000
