"""One self-contained HTML file: data, style and script inside, and a policy that forbids everything else."""

import base64
import hashlib
import html
import json
import os
import tempfile
import unicodedata
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import mmgraph
from mmgraph.errors import InputError

__all__ = ["json_block", "page_html", "plain_page_html", "write_page"]

LONGEST_TITLE = 120
"""Characters of what stands in the title bar."""

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="mmgraph {version}">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
"""

FOOT = """
</body>
</html>
"""

POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data: blob:; "
    "media-src data: blob:; base-uri 'none'; form-action 'none'"
)

PLAIN_POLICY = "default-src 'none'; style-src '{style}'; img-src data:; base-uri 'none'; form-action 'none'"


def page_html(bundle: str, title: str, noscript: str, blocks: Mapping[str, str]) -> str:
    """The page of one of the bundles.

    Args:
        bundle: its name in web/bundle, such as "explanation".
        title: any text; of control characters and what is too long for a title bar, nothing is kept.
        noscript: a sentence for readers without JavaScript.
        blocks: by the id of its element, the data as JSON that `json_block` made.
    """
    folder = files("mmgraph.visualization") / "web" / "bundle"
    script, style = (
        (folder / f"{bundle}.{suffix}").read_text(encoding="ascii").strip() for suffix in ("js", "css")
    )
    data = "\n".join(
        f'<script type="application/json" id="{html.escape(name)}">{text}</script>'
        for name, text in blocks.items()
    )
    body = f"<noscript><p>{html.escape(noscript)}</p></noscript>\n{data}\n<script>{script}</script>"
    policy = POLICY.format(script=_digest(script), style=_digest(style))
    return _page(policy, title, style, body)


def plain_page_html(title: str, style: str, body: str) -> str:
    """A page without scripts.

    Args:
        title: any text, as for `page_html`.
        style: the style sheet; there is no other, and no style attribute counts.
        body: HTML, in which every text from elsewhere is escaped.
    """
    return _page(PLAIN_POLICY.format(style=_digest(style)), title, style, body)


def _page(policy: str, title: str, style: str, body: str) -> str:
    version, title = html.escape(mmgraph.__version__), html.escape(_one_line(title))
    return HEAD.format(policy=policy, version=version, title=title, style=style) + body + FOOT


def json_block(value: object) -> str:
    """A value as JSON of ASCII characters without `<`: no text in it can end or begin an element."""
    text = value if isinstance(value, str) else json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def write_page(content: str, path: str | os.PathLike[str], name: str) -> None:
    """Write a page to a `.html` file, whole or not at all; its folder is made.

    Args:
        content: the page.
        path: where to.
        name: the function that the user called, for messages.

    Raises:
        InputError: another suffix, or a place that cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{name} cannot write {str(path)!r}: give a path to a .html file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(content)
            Path(draft).chmod(0o666 & ~_umask())
            os.replace(draft, path)
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(
            f"{name} cannot write {str(path)!r} ({reason}): give a place where files can be made"
        ) from error


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _one_line(title: str) -> str:
    """A title without controls, marks that turn the writing, halves of characters: none is shown."""
    seen = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in title)
    words = " ".join(seen.split())
    return words if len(words) <= LONGEST_TITLE else words[: LONGEST_TITLE - 1].rstrip() + "…"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
