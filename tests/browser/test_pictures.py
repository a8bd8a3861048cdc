"""The pictures of the pages in the documentation.

`make pictures` takes them of what `make demo` left: MMGRAPH_PICTURES says where to, MMGRAPH_DEMO of what.
Without these, pictures of the samples are taken and thrown away.
"""

import os
from pathlib import Path

import pytest
from PIL import Image

from experiments import demo
from mmgraph.visualization import save_html, save_pages
from tests.browser.samples import full, gallery

WIDTH, SCALE = 1200, 1.5
MOST_BYTES = 400_000
RIGHT = "#cards li[data-right=true] a"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where pictures go."""
    chosen = Path(os.environ.get("MMGRAPH_PICTURES") or tmp_path / "pictures")
    chosen.mkdir(exist_ok=True)
    return chosen


@pytest.fixture
def pages(tmp_path) -> tuple[Path, Path]:
    """The page of the astronaut, and a gallery."""
    if made := os.environ.get("MMGRAPH_DEMO"):
        return Path(made) / "astronaut.html", Path(made) / "scenes" / "gallery" / "index.html"
    photograph = tmp_path / "astronaut.html"
    save_html(demo.build_photograph(demo.Config(out=str(tmp_path))), photograph)
    return photograph, save_pages([full(), *gallery()[:5]], tmp_path / "gallery", "planted scenes")


def take(page, path: Path) -> None:
    """A picture of the window, small as a file: a photograph in it leaves it 256 colours."""
    page.evaluate("scrollTo(0, 0)")
    page.leave()
    page.screenshot(path)
    page.close()
    with Image.open(path) as image:
        small = image.convert("RGB")
    small.save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        small.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE).save(
            path, optimize=True
        )
    assert small.width == WIDTH * SCALE
    assert len(small.getcolors(10**7)) > 30
    assert path.stat().st_size < MOST_BYTES, path.stat().st_size


def test_the_pictures_of_the_documentation_can_be_taken(browser, folder, pages):
    photograph, index = pages

    def open_page(path: Path, height: int, **options):
        return browser.open(path, width=WIDTH, height=height, scale=SCALE, **options).ready()

    take(open_page(photograph, 1140), folder / "page_light.png")
    page = open_page(photograph, 1140, scheme="dark")
    page.click('#sentence .node[data-node="token:4"]')
    take(page, folder / "page_dark.png")
    page = open_page(index, 1030)
    take(page, folder / "gallery.png")
    page = open_page(index, 1940)
    page.click(RIGHT)
    page.ready()
    page.select("select#method", "attention")
    page.click("#tab-heads")
    take(page, folder / "page_heads.png")
