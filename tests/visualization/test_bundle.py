"""What the pages are built of: equal to its sources, with its licences, and in the wheel."""

import json
import os
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from mmgraph.explanation import METHODS

ROOT = Path(__file__).parent.parent.parent
WEB = ROOT / "mmgraph" / "visualization" / "web"
BUNDLES = ("explanation.css", "explanation.js", "gallery.css", "gallery.js")


def cannot(reason: str) -> None:
    """Skip, or fail where the pages' tests have to run."""
    if os.environ.get("MMGRAPH_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def locked(path: Path) -> dict[str, str]:
    """The versions in a lock file, by folder."""
    packages = json.loads(path.read_text())["packages"].items()
    return {folder: entry["version"] for folder, entry in packages if "version" in entry}


def is_installed() -> bool:
    """Whether node_modules has what the lock says; packages of other platforms are in the lock alone."""
    hidden = WEB / "node_modules" / ".package-lock.json"
    wanted = locked(WEB / "package-lock.json").items()
    return hidden.is_file() and locked(hidden).items() <= wanted and (WEB / "node_modules/esbuild").is_dir()


@pytest.fixture(scope="session")
def web(tmp_path_factory) -> Path:
    """A copy of the pages' sources with the packages that build them."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        cannot("there is no node or no npm on PATH")
    copy = tmp_path_factory.mktemp("pages") / "web"
    usable = is_installed()
    shutil.copytree(
        WEB, copy, symlinks=True, ignore=None if usable else shutil.ignore_patterns("node_modules")
    )
    if not usable:
        made = run(copy, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        if made.returncode:
            cannot(f"npm ci failed: {made.stderr.strip()[-300:]}")
    return copy


def test_the_page_describes_every_method_that_there_is():
    script = (WEB / "bundle" / "explanation.js").read_text()
    assert [name for name in METHODS if f"{name}:[" not in script] == []


def test_the_bundle_is_what_the_sources_give(web):
    found = run(web, "npm", "run", "check")
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("name", [*BUNDLES, "LICENSES.txt"])
def test_a_change_of_the_bundle_is_found(web, name):
    path = web / "bundle" / name
    before = path.read_text()
    try:
        path.write_text(before + " ")
        found = run(web, "node", "build.mjs", "--check")
        assert found.returncode == 1
        assert f"bundle/{name} is not what the sources give: npm run build" in found.stderr
    finally:
        path.write_text(before)


def test_a_change_of_the_sources_is_found(web):
    path = web / "src" / "shared" / "theme.css"
    before = path.read_text()
    try:
        path.write_text(before.replace("--ink: #1b2530", "--ink: #1b2531"))
        found = run(web, "node", "build.mjs", "--check")
        assert found.returncode == 1
        assert "explanation.css is not" in found.stderr
        assert "gallery.css is not" in found.stderr
    finally:
        path.write_text(before)


def test_the_pages_own_tests_pass(web):
    found = run(web, "npm", "test")
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr
    assert int(re.search(r"# pass (\d+)", found.stdout)[1]) > 0


def test_every_package_in_the_bundle_has_its_licence(web):
    text = (WEB / "bundle" / "LICENSES.txt").read_text()
    versions = locked(WEB / "package-lock.json")
    listed = re.findall(r"^-{80}\n(\S+) (\S+) \((\S+)\)\n\n(.+)", text, re.MULTILINE)
    assert len(listed) >= 5
    for name, version, licence, first in listed:
        assert versions[f"node_modules/{name}"] == version
        assert licence in ("ISC", "MIT", "BSD-3-Clause")
        assert re.search("copyright|license", first, re.IGNORECASE)
    names = [name for name, *_ in listed]
    assert names == sorted(names)
    # What only builds is not in it.
    assert "esbuild" not in names
    assert "d3-scale" in names


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_can_be_put_into_a_page(name):
    text = (files("mmgraph.visualization") / "web" / "bundle" / name).read_text(encoding="ascii")
    assert text
    assert "\r" not in text
    # Neither ends its element nor opens a comment in it.
    assert not re.search(r"</(script|style)|<!--", text, re.IGNORECASE)
    assert "sourceMappingURL" not in text
    # Addresses are names of SVG and the like, which nothing loads.
    assert set(re.findall(r"https?://[^\"'`\s)]+", text)) <= {
        "http://www.w3.org/1998/Math/MathML",
        "http://www.w3.org/1999/xhtml",
        "http://www.w3.org/1999/xlink",
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/2000/xmlns/",
        "http://www.w3.org/XML/1998/namespace",
    }


def test_nothing_in_a_script_makes_code_or_elements_of_texts():
    for name in ("explanation.js", "gallery.js"):
        text = (WEB / "bundle" / name).read_text()
        assert not re.search(r"\beval\(|new Function|insertAdjacentHTML|document\.write|outerHTML=", text), (
            name
        )


def test_the_wheel_has_the_bundles_and_not_what_makes_them():
    wheel = pytest.importorskip("hatchling.builders.wheel")
    found = {file.distribution_path for file in wheel.WheelBuilder(str(ROOT)).recurse_included_files()}
    pages = {path for path in found if path.startswith("mmgraph/visualization/web/")}
    assert pages == {f"mmgraph/visualization/web/bundle/{name}" for name in (*BUNDLES, "LICENSES.txt")}
    assert "mmgraph/visualization/page.py" in found
