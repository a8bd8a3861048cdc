"""Pages of the samples, open in a browser; where there is none, tests skip, or fail if they must run."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mmgraph.visualization import save_html
from tests.browser import samples
from tests.browser.driver import Browser, Page, UnavailableError, start_browser

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a process."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(start_browser())
        except UnavailableError as reason:
            if os.environ.get("MMGRAPH_BROWSER") == "required":
                pytest.fail(f"MMGRAPH_BROWSER is required, but {reason}")
            pytest.skip(str(reason))
        yield found


@pytest.fixture(scope="session")
def saved(tmp_path_factory) -> Callable[[str], Path]:
    """The file of a sample's page, written once: `saved("full")`, `saved("only:region,token")`."""
    folder = tmp_path_factory.mktemp("pages")
    files: dict[str, Path] = {}

    def save(name: str) -> Path:
        if name not in files:
            maker, _, kept = name.partition(":")
            make = getattr(samples, maker)
            explanation = make(kept.split(",")) if maker == "only" else make()
            files[name] = folder / f"page{len(files)}.html"
            save_html(explanation, files[name])
        return files[name]

    return save


@pytest.fixture
def open_page(browser: Browser, saved) -> Iterator[OpenPage]:
    """Opens a sample's page, ready: `open_page("full", hash="", scheme="dark", width=360)`."""
    pages: list[Page] = []

    def open_one(name: str, hash: str = "", **options) -> Page:
        pages.append(browser.open(saved(name), hash, **options))
        return pages[-1].ready()

    yield open_one
    for page in pages:
        page.close()
