"""A browser for tests: what it needs, found or installed, and its pages as Python objects."""

import base64
import fcntl
import hashlib
import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Browser", "Page", "UnavailableError", "start_browser"]

HERE = Path(__file__).parent
CACHE = HERE.parent.parent / ".browser"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 90.0
"""Seconds to wait for one answer; the driver itself gives up earlier and says why."""


class UnavailableError(Exception):
    """Something that a browser needs is not on this machine."""


@contextmanager
def start_browser() -> Iterator["Browser"]:
    """A browser until the block ends.

    Raises:
        UnavailableError: there is no Chromium, no Node, or no way to install the node packages.
    """
    command = [find("node"), str(HERE / "drive.mjs"), str(install()), find_chromium()]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Browser(process)
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def find(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise UnavailableError(f"there is no {name} on PATH")
    return path


def find_chromium() -> str:
    """The path of Chromium: what MMGRAPH_CHROMIUM names, or the first of its usual names on PATH."""
    named = os.environ.get("MMGRAPH_CHROMIUM")
    for name in [named] if named else CHROMIUM:
        if path := shutil.which(name):
            return path
    raise UnavailableError(
        f"there is no Chromium on PATH ({named or ', '.join(CHROMIUM)}): set MMGRAPH_CHROMIUM"
    )


def install() -> Path:
    """A folder with the node packages that the lock names; installed once, whatever runs beside."""
    npm = find("npm")
    names = ("package.json", "package-lock.json")
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in names)).hexdigest()[:16]
    folder = CACHE / digest
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").is_file():
            folder.mkdir(exist_ok=True)
            for name in names:
                shutil.copy(HERE / name, folder)
            run = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            result = subprocess.run(run, cwd=folder, capture_output=True, text=True)
            if result.returncode:
                raise UnavailableError(f"npm ci failed: {result.stderr.strip()[-500:]}")
            (folder / "complete").touch()
    return folder


class Browser:
    """A running driver; see drive.mjs for what it can be asked."""

    def __init__(self, process: subprocess.Popen[bytes]):
        self.process = process

    def call(self, page: int | None, call: str, **options: Any) -> Any:
        """Ask the driver for something; an error of the driver is an AssertionError here."""
        line = json.dumps({"page": page, "call": call, "with": options})
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            self.process.kill()
            raise AssertionError(f"the browser did not answer {call} {options} in {PATIENCE:.0f} s")
        answer = self.process.stdout.readline()
        if not answer:
            raise AssertionError(f"the browser ended at {call} {options}")
        found = json.loads(answer)
        assert "error" not in found, f"{call} {options}: {found['error']}"
        return found["value"]

    def open(self, path: Path, hash: str = "", **options: Any) -> "Page":
        """Open a file in a context of its own; `options` are those of `open` in drive.mjs."""
        return Page(self, self.call(None, "open", url=path.resolve().as_uri() + hash, **options))


class Page:
    """One page that is open."""

    def __init__(self, browser: Browser, number: int):
        self.browser, self.number = browser, number

    def call(self, call: str, **options: Any) -> Any:
        return self.browser.call(self.number, call, **options)

    def close(self) -> None:
        self.call("close")

    def ready(self) -> "Page":
        """This page when its script has built it."""
        self.until("document.body.dataset.ready")
        state = self.evaluate("document.body.dataset.ready")
        assert state == "true", f"ready={state!r}: {self.evaluate('document.body.innerText')[:500]}"
        return self

    def evaluate(self, expression: str) -> Any:
        return self.call("evaluate", expression=expression)

    def until(self, expression: str) -> None:
        """Wait until an expression holds."""
        self.call("until", expression=expression)

    def click(self, selector: str) -> None:
        self.call("click", selector=selector)

    def hover(self, selector: str) -> None:
        self.call("hover", selector=selector)

    def leave(self) -> None:
        """Move the pointer into the page's corner."""
        self.call("leave")

    def ready_ms(self) -> float:
        """Time from the start of loading until the page was ready."""
        return self.evaluate("window.__ready")

    def hover_ms(self, selectors: list[str]) -> list[float]:
        """Times from the pointer's coming over each element to the frame after it."""
        return self.call("sweep", selectors=selectors)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.call("press", key=key)

    def fill(self, selector: str, value: str) -> None:
        self.call("fill", selector=selector, value=value)

    def select(self, selector: str, value: str) -> None:
        self.call("select", selector=selector, value=value)

    def check(self, selector: str, checked: bool) -> None:
        self.call("check", selector=selector, checked=checked)

    def download(self, selector: str) -> tuple[str, bytes]:
        """Name and content of the file that a click on a button saves."""
        found = self.call("download", selector=selector)
        return found["name"], base64.b64decode(found["content"])

    def axe(self) -> list[str]:
        return self.call("axe")

    def screenshot(self, path: Path, full: bool = False) -> None:
        self.call("screenshot", path=str(path), full=full)

    def count(self, selector: str) -> int:
        return self.evaluate(f"document.querySelectorAll({json.dumps(selector)}).length")

    def text(self, selector: str) -> str:
        """The text of the first element as it is shown."""
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")

    def texts(self, selector: str) -> list[str]:
        return self.evaluate(
            f"Array.from(document.querySelectorAll({json.dumps(selector)}), (e) => e.textContent)"
        )

    def attribute(self, selector: str, name: str) -> str | None:
        return self.evaluate(
            f"document.querySelector({json.dumps(selector)}).getAttribute({json.dumps(name)})"
        )

    def complaints(self) -> list[str]:
        """Requests, messages, errors, dialogs and stopped content since it was opened."""
        return [f"{name}: {entry}" for name, found in self.call("log").items() for entry in found]
