"""The gallery in a browser: sorted, filtered, searched, by pointer and by keyboard."""

import json
from dataclasses import replace
from urllib.parse import unquote

import pytest
from PIL import Image

from mmgraph.explanation import Prediction
from mmgraph.visualization import GalleryEntry, save_gallery, save_pages
from tests.browser.samples import full, gallery


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return save_pages(gallery(), tmp_path_factory.mktemp("gallery"), "planted scenes")


@pytest.fixture
def open_gallery(browser, index):
    opened = []

    def open_one(hash="", path=index, **options):
        opened.append(browser.open(path, hash, **options))
        return opened[-1].ready()

    yield open_one
    for page in opened:
        page.close()


def shown(page) -> list[int]:
    """The numbers of the cards that are shown, in their order."""
    return page.evaluate(
        "Array.from(document.querySelectorAll('#cards > li'), (e) => Number(e.dataset.number))"
    )


def focused(page) -> str:
    return page.evaluate("document.activeElement.getAttribute('href') ?? document.activeElement.id")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_a_gallery_asks_for_nothing_and_axe_finds_nothing(open_gallery, scheme, width):
    page = open_gallery(scheme=scheme, width=width)
    assert page.axe() == []
    assert page.complaints() == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("window.__pwned") is None


def test_cards_show_answers_expectations_and_what_counts(open_gallery):
    page = open_gallery()
    assert page.text("h1") == "planted scenes"
    assert page.text(".summary") == "3 of 6 answers right, 50 %"
    texts = page.texts("#cards > li")
    assert "circle83 %✓ right" in texts[0]
    assert "dog91 %✗ wrong" in texts[1]
    assert "expected ball" in texts[1]
    assert "token 70 % region 20 % segment 10 %" in texts[1]
    assert "comprehensiveness: attention 0.34, chance 0.12" in texts[0]
    assert "right" not in texts[2]
    assert "wrong" not in texts[2]
    assert page.count("#cards img") == 7
    assert page.count("#cards .quote") == 1


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("sure", [1, 0, 5, 7, 2, 3, 4, 6]),
        ("unsure", [4, 3, 2, 7, 5, 0, 1, 6]),
        ("error", [1, 7, 4, 2, 6, 3, 5, 0]),
        ("modality:segment", [3, 2, 0, 1, 4, 5, 6, 7]),
    ],
)
def test_the_order_can_be_chosen_and_is_kept_in_the_address(open_gallery, sort, expected):
    page = open_gallery()
    assert shown(page) == list(range(8))
    page.select("#sort", sort)
    assert shown(page) == expected
    hash = page.evaluate("location.hash")
    assert unquote(hash) == f"#sort={sort}"
    again = open_gallery(hash)
    assert shown(again) == expected
    assert again.evaluate("document.querySelector('#sort').value") == sort
    page.select("#sort", "given")
    assert page.evaluate("location.hash") == ""


def test_right_and_wrong_answers_can_be_shown_alone(open_gallery):
    page = open_gallery()
    assert page.texts("fieldset label") == ["all 8", "right 3", "wrong 3"]
    page.click("#show-wrong")
    assert shown(page) == [1, 4, 7]
    assert page.text("#status") == "3 of 8 samples"
    page.click("#show-right")
    assert shown(page) == [0, 3, 5]
    assert page.evaluate("location.hash") == "#show=right"


def test_a_search_finds_words_in_any_place_and_says_when_there_are_none(open_gallery):
    page = open_gallery()
    page.fill("#search", "ROOF")
    assert shown(page) == [3]
    page.fill("#search", "nothing has this")
    assert shown(page) == []
    assert page.text("#status") == "0 of 8 samples"
    assert "No sample fits" in page.text("main")
    page.click("main button")
    assert shown(page) == list(range(8))
    assert page.evaluate("document.querySelector('#search').value") == ""


def test_a_strange_address_changes_nothing(open_gallery):
    page = open_gallery("#sort=__proto__&show=constructor&x=%E0%A4%A&search=%00")
    assert page.evaluate("document.querySelector('#sort').value") == "given"
    page.evaluate("location.hash = 'show=wrong'")
    page.until("document.querySelectorAll('#cards > li').length === 3")
    assert page.evaluate("document.querySelector('#show-wrong').checked")
    assert page.complaints() == []


def test_arrows_go_from_card_to_card_as_they_lie_and_enter_opens_one(open_gallery):
    page = open_gallery(width=900)
    columns = page.evaluate(
        "new Set(Array.from(document.querySelectorAll('#cards > li'), (e) => e.offsetLeft)).size"
    )
    assert 1 < columns < 8
    page.press("Tab")
    page.press("Enter")
    assert focused(page) == "0.html"
    page.press("ArrowRight")
    assert focused(page) == "1.html"
    page.press("ArrowDown")
    assert focused(page) == f"{1 + columns}.html"
    page.press("ArrowUp", "ArrowLeft", "ArrowLeft")
    assert focused(page) == "0.html"
    page.press("End")
    assert focused(page) == "7.html"
    page.press("Home", "Tab")
    assert focused(page) == "1.html"
    page.press("Enter")
    page.until("document.body.dataset.ready === 'true' && location.pathname.endsWith('/1.html')")


def test_every_card_leads_to_its_page_which_is_there_and_its_texts_are_text(open_gallery, index):
    page = open_gallery()
    links = page.evaluate("Array.from(document.querySelectorAll('#cards a'), (e) => e.href)")
    assert [unquote(link) for link in links] == [(index.parent / f"{i}.html").as_uri() for i in range(8)]
    assert all((index.parent / f"{i}.html").is_file() for i in range(8))
    assert gallery()[7].title in page.texts("#cards > li")[7]
    assert page.count("#cards script, #cards iframe, #cards [onerror]") == 0
    page.click("#cards a")
    page.until("document.body.dataset.ready === 'true' && location.pathname.endsWith('/0.html')")
    assert gallery()[0].title in page.text("h1")


def test_every_control_is_reached_by_tab(open_gallery):
    page = open_gallery()
    seen = []
    for _ in range(6):
        page.press("Tab")
        seen.append(focused(page))
    assert seen == ["#", "search", "sort", "show-all", "0.html", "1.html"]


def test_five_hundred_cards_are_ready_and_sorted_at_once(open_gallery, tmp_path):
    whole = full()
    entries = []
    for number in range(500):
        image = Image.effect_noise((320, 240), 40 + number % 50).convert("RGB")
        said = Prediction("circle", number / 500, "circle" if number % 3 else "dog")
        entries.append(GalleryEntry.of(replace(whole, image=image, prediction=said), f"{number}.html"))
    save_gallery(entries, tmp_path / "index.html")
    page = open_gallery(path=tmp_path / "index.html")
    # Other tests run on the same cores: five times what is promised.
    assert page.ready_ms() < 5 * 3000
    milliseconds = page.evaluate("""(() => {
        const start = performance.now();
        const sort = document.querySelector("#sort");
        sort.value = "error";
        sort.dispatchEvent(new Event("change", { bubbles: true }));
        document.body.getBoundingClientRect();
        return performance.now() - start;
    })()""")
    assert shown(page)[:2] == [498, 495]
    assert milliseconds < 5 * 100
    assert json.loads(page.evaluate("JSON.stringify(window.__violations)")) == []
