"""What the tests of pages read in a page's HTML."""

import base64
import hashlib
import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

__all__ = ["Reader", "assert_self_contained", "block"]

LOADING = {
    "src",
    "href",
    "srcset",
    "data",
    "action",
    "formaction",
    "poster",
    "background",
    "ping",
    "manifest",
}
"""Attributes that make a browser fetch something."""


class Reader(HTMLParser):
    """The elements of a page with their attributes, and the text in each script, style and title."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.texts.append("")
        self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[-1] += data

    def all(self, name: str) -> list[tuple[dict[str, str | None], str]]:
        """Attributes and text of every element of a name."""
        return [
            (attributes, text)
            for (tag, attributes), text in zip(self.tags, self.texts, strict=True)
            if tag == name
        ]


def block(page: str, name: str) -> Any:
    """The value of one of a page's JSON blocks."""
    (text,) = [text for attributes, text in Reader(page).all("script") if attributes.get("id") == name]
    return json.loads(text)


def digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def assert_self_contained(page: str, blocks: list[str]) -> None:
    """The page is one file whose policy names its very script and style, and it loads nothing."""
    reader = Reader(page)
    assert page.startswith('<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">')
    # Nothing of the data has become an element.
    assert Counter(tag for tag, _ in reader.tags) == {
        **dict.fromkeys(("html", "head", "title", "style", "link", "body", "noscript", "p"), 1),
        "meta": 6,
        "script": len(blocks) + 1,
    }
    scripts, (style,) = reader.all("script"), reader.all("style")
    assert [attributes.get("id") for attributes, _ in scripts] == [*blocks, None]
    assert all(attributes["type"] == "application/json" for attributes, _ in scripts[:-1])
    (policy,) = [a["content"] for a, _ in reader.all("meta") if a.get("http-equiv")]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": digest(scripts[-1][1]),
        "style-src": digest(style[1]),
        "img-src": "data: blob:",
        "media-src": "data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    for tag, attributes in reader.tags:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert all((attributes[name] or "").startswith("data:") for name in LOADING & attributes.keys()), tag
    assert not re.search(r"@import|url\((?!['\"]?data:)", style[1])
    assert reader.all("meta")[0][0] == {"charset": "utf-8"}
    assert any(a.get("name") == "viewport" for a, _ in reader.all("meta"))
