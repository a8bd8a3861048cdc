import base64
import hashlib
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image

from mmgraph import InputError
from mmgraph.visualization import (
    Neighbourhood,
    ShownItem,
    ShownReason,
    recommendations_html,
    save_recommendations,
)
from tests.visualization.recommendation.shown import HOSTILE, LONG, WEIGHTS, picture, user


class Page(HTMLParser):
    """The elements of a page with their attributes and classes, and its texts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.open = [], [], []
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in ("meta", "link", "img", "path", "circle", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip() and self.open and self.open[-1] != "style":
            self.texts.append(data.strip().replace("\u00a0", " "))

    def of(self, tag, name=None):
        return [
            found
            for kind, found in self.elements
            if kind == tag and (name is None or name in (found.get("class") or "").split())
        ]


@pytest.fixture(scope="module")
def text():
    return recommendations_html([user(), user(2)], "What <they> get", WEIGHTS, "A note & more")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_every_element_is_closed_and_texts_are_there(page):
    expected = {
        *("What <they> get", "A note & more", "user 42", "chosen, 7 of 12", "chosen, 3 of 12", "recommended"),
        *("1. first", "image 34 %", "because you chose A: both look alike (image 34 %)", "interactions 80 %"),
        *("image: both look alike", "no single step", "chosen in held-out data", "aligned", "0.75"),
        *("0.30", "0.20 to 0.40 over 2 seeds"),
    }
    assert expected <= set(page.texts)


def test_nothing_from_outside_becomes_an_element_or_leaves_its_attribute(page, text):
    kinds = {kind for kind, _ in page.elements}
    assert "script" not in kinds
    known = {"class", "id", "href", "src", "alt", "title", "name", "content", "charset", "lang", "rel"}
    known |= {"http-equiv", "aria-hidden", "scope", "d", "cx", "cy", "r", "x", "y", "width", "height"}
    known |= {"stroke-width"}
    assert {name for _, found in page.elements for name in found} <= known
    assert "<script" not in text
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)
    shown = [found["title"] for found in page.of("div", "title")]
    assert sum(title.startswith('<script>alert(1)</script> & "$') for title in shown) == 1
    evil = replace(user(1), user=HOSTILE)
    made = Page(recommendations_html([evil, evil], HOSTILE, {HOSTILE: [{HOSTILE: 1.0}]}, HOSTILE))
    assert not made.of("script")


def test_the_policy_forbids_all_but_the_style_and_pictures_in_the_page(page, text):
    (policy,) = [m["content"] for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; style-src 'sha256-" + digest)
    assert "script-src" not in policy
    assert all(found["src"].startswith("data:image/jpeg;base64,") for found in page.of("img"))
    assert "://" not in text


def test_pictures_are_small_copies_and_items_without_one_have_their_first_letter(page):
    # The first user: 2, 0 and four others of the left side, six of the right; then two and one.
    assert len(page.of("img")) == (6 + 6) + (2 + 1)
    sizes = [
        Image.open(io.BytesIO(base64.b64decode(p["src"].partition(",")[2]))).size for p in page.of("img")
    ]
    assert sizes[0] == (90, 20)
    assert len(page.of("div", "none")) == 2 + 2
    large = Neighbourhood("u", [], [ShownItem("a", picture(size=(900, 300)))], [ShownReason()])
    (only,) = Page(recommendations_html([large])).of("img")
    assert Image.open(io.BytesIO(base64.b64decode(only["src"].partition(",")[2]))).size == (160, 53)


def test_lines_end_in_the_middle_of_the_cards_and_have_the_colour_of_what_joins(page):
    ends = [re.findall(r"[-\d.]+", found["d"]) for found in page.of("path") if "C" in found["d"]]
    colours = [found["class"] for found in page.of("path") if "C" in found["d"]]
    # Seven rows of 120 pixels and 12 between them on both sides; the chosen ones are 2, 0, 1 and others.
    first = sorted(zip(ends[:6], colours[:6], strict=True), key=lambda one: float(one[0][-1]))
    assert [float(end[-1]) for end, _ in first] == [60 + 132 * place for place in (0, 1, 2, 3, 5, 6)]
    starts = [round((float(end[1]) - 60) / 132) for end, _ in first]
    assert starts == [0, 2, 0, 1, 0, 2]
    assert [name for _, name in first] == ["s0", "s3", "s4", "splain dashed", "s5", "s0"]
    # The second user: three rows on the left, two on the right, in the middle.
    assert sorted(float(end[-1]) for end in ends[6:]) == [126, 258]
    heights = [int(found["height"]) for found in page.of("svg", "lines")]
    assert heights == [7 * 132 - 12, 3 * 132 - 12]


def test_cards_without_any_picture_are_lower():
    bare = Neighbourhood("u", [ShownItem("a")], [ShownItem("b")], [ShownReason("", 0, "text")])
    page = Page(recommendations_html([bare]))
    assert page.of("div", "low")
    assert page.of("svg", "lines")[0]["height"] == "88"
    assert not page.of("div", "none")
    assert not page.of("section", "weights")


def test_held_out_items_are_marked(page):
    assert len(page.of("li", "true")) == 2
    assert not Page(recommendations_html([user(held_out=frozenset())])).of("li", "true")


def test_bars_are_as_long_as_the_weights(page):
    bars = [float(found["width"]) for found in page.of("rect") if "f" in found["class"][:1]]
    assert bars == pytest.approx([320 * weight / 0.75 for weight in (0.3, 0.4, 0.3, 0.75, 0.25)], abs=0.06)
    seeds = [float(found["cx"]) for found in page.of("circle", "seed")]
    assert seeds[:2] == pytest.approx([320 * 0.2 / 0.75, 320 * 0.4 / 0.75], abs=0.06)
    assert len(seeds) == 6


def test_a_user_s_link_leads_to_the_user(page):
    assert [found["href"] for found in page.of("a")] == ["#user-0", "#user-1"]
    assert [found["id"] for found in page.of("section")] == ["weights", "user-0", "user-1"]
    assert not Page(recommendations_html([user()])).of("a")


def test_long_titles_and_sentences_are_cut():
    endless = "word " * 10_000
    shown = Neighbourhood(endless, [], [ShownItem(endless)], [ShownReason(endless)])
    assert len(recommendations_html([shown], endless, note=endless)) < 20_000
    assert LONG in recommendations_html([user()])


def test_it_is_written_whole_and_equal_users_give_equal_pages(tmp_path):
    path = tmp_path / "new" / "a.html"
    save_recommendations([user()], path, "T", WEIGHTS)
    assert path.read_text(encoding="utf-8") == recommendations_html([user()], "T", WEIGHTS)
    assert [file.name for file in path.parent.iterdir()] == ["a.html"]


def test_mistakes_are_named(tmp_path):
    with pytest.raises(InputError, match="recommendations_html got no users"):
        recommendations_html([])
    with pytest.raises(InputError, match="recommendations_html got no weights"):
        recommendations_html([user()], weights={})
    with pytest.raises(InputError, match="save_recommendations cannot write"):
        save_recommendations([user()], tmp_path / "a.txt")
