"""One HTML page of what users get and why: items, lines between them, and a sentence for each."""

import base64
import html
import io
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from importlib.resources import files

from mmgraph.errors import InputError
from mmgraph.visualization.page import plain_page_html, write_page
from mmgraph.visualization.recommendation.modality_weights_figure import Weights, check_modality_weights
from mmgraph.visualization.recommendation.neighbourhood import (
    Neighbourhood,
    ShownItem,
    ShownReason,
    left_side,
)
from mmgraph.visualization.recommendation.recommendations_figure import small_picture
from mmgraph.visualization.recommendation.relations import meaning, percent_text, relation_places

__all__ = ["recommendations_html", "save_recommendations"]

CARD, LOW, GAP, ACROSS = 120, 88, 12, 130
"""Pixels: a card's height, one's where no item has a picture, between two cards, and between the columns.

The style sheet has the same."""

PIXELS, QUALITY = 160, 80
"""The longer side of a picture, and its quality as a JPEG."""

BAR, THICK = 320, 14
"""Pixels: the longest bar of a weight, and its height."""

LINE = '<svg width="22" height="8" aria-hidden="true"><path class="{}" stroke-width="2.4" d="M0 4H22"/></svg>'
BOX = (
    '<svg width="22" height="10" aria-hidden="true">'
    '<rect class="strue" x="1" y="1" width="20" height="8"/></svg>'
)
"""Marks of the legend."""

PERCENT = re.compile(r"(?<=\d) %")
"""A number and its sign stay on one line."""

LONGEST = 300
"""Characters of a title or a name; a sentence may have twice as many."""


def recommendations_html(
    shown: Iterable[Neighbourhood], title: str = "", weights: Weights | None = None, note: str = ""
) -> str:
    """A page with a user's chosen and recommended items, lines from reason to item, and why in words.

    It opens offline, without scripts, in light or dark colours as the reader prefers; pictures are in it.

    Args:
        shown: the users, in the order that is shown.
        title: above all.
        weights: of the modalities, as for `modality_weights_figure`; None for none.
        note: a sentence under the title.

    Raises:
        InputError: no user, weights that do not fit together, or a damaged picture.
    """
    users = list(shown)
    if not users:
        raise InputError("recommendations_html got no users: there is nothing to show")
    title = title or "Recommended items, and why"
    parts = [f"<header><h1>{_text(title)}</h1>"]
    if note:
        parts.append(f'<p class="muted">{_text(note, 2 * LONGEST)}</p>')
    if len(users) > 1:
        links = (f'<a href="#user-{n}">{_text(one.user)}</a>' for n, one in enumerate(users))
        parts.append(f"<nav>{''.join(links)}</nav>")
    parts.append("</header><main>")
    if weights is not None:
        check_modality_weights("recommendations_html", weights)
        parts.append(_weights(weights))
    parts += [_user(one, number) for number, one in enumerate(users)]
    parts.append("</main>")
    style = files("mmgraph.visualization") / "recommendation" / "recommendation_page.css"
    return plain_page_html(title, style.read_text(encoding="ascii").strip(), "\n".join(parts))


def save_recommendations(
    shown: Iterable[Neighbourhood],
    path: str | os.PathLike[str],
    title: str = "",
    weights: Weights | None = None,
    note: str = "",
) -> None:
    """Write `recommendations_html` to a `.html` file, whole or not at all; its folder is made.

    Raises:
        InputError: as there; another suffix, or a place that cannot be written.
    """
    write_page(recommendations_html(shown, title, weights, note), path, "save_recommendations")


# ---------------------------------------------------------------------- a user


def _user(shown: Neighbourhood, number: int) -> str:
    left, count = left_side(shown), len(shown.chosen)
    relations = filter(None, (reason.relation for reason in shown.reasons))
    colours = {name: str(place) for name, place in relation_places(relations).items()}
    pictures = [_picture(shown.chosen[item]) for item in left]
    posters = [_picture(item) for item in shown.recommended]
    chosen = [
        _card(shown.chosen[item], picture, any(pictures))
        for item, picture in zip(left, pictures, strict=True)
    ]
    cards = [_recommended(shown, place, posters, colours) for place in range(len(posters))]
    high = CARD if any([*pictures, *posters]) else LOW
    around = "around" if high == CARD else "around low"
    drawn = f"chosen, {len(left)} of {count}" if len(left) < count else f"chosen, all {count}"
    return "\n".join(
        [
            f'<section id="user-{number}"><h2>{_text(shown.user)}</h2><div class="{around}">',
            f'<p class="head">{drawn if count else "chosen: none"}</p><p class="head">recommended</p>',
            f'<ul class="column chosen">{"".join(chosen)}</ul>',
            _lines(shown.reasons, left, len(cards), high, colours),
            f'<ol class="column recommended">{"".join(cards)}</ol></div>',
            _legend(shown, colours),
            "</section>",
        ]
    )


def _recommended(
    shown: Neighbourhood, place: int, posters: Sequence[str | None], colours: dict[str, str]
) -> str:
    item, reason, true = shown.recommended[place], shown.reasons[place], place in shown.held_out
    said = []
    if reason.share is not None:
        colour = _colour(reason, colours)
        mark = f'<svg class="mark" aria-hidden="true"><circle cx="5" cy="5" r="5" class="f{colour}"/></svg>'
        said.append(f"{mark}{_text(reason.share[0])} {percent_text(reason.share[1])}")
    if true:
        said.append('<span class="badge">chosen in held-out data</span>')
    texts = [f"<div>{' &middot; '.join(said)}</div>"] if said else []
    if reason.sentence:
        sentence = _text(reason.sentence, 2 * LONGEST)
        texts.append(f'<div class="why" title="{sentence}">{sentence}</div>')
    return _card(item, posters[place], any(posters), f"{place + 1}. ", "".join(texts), true)


def _card(
    item: ShownItem, picture: str | None, pictures: bool, rank: str = "", more: str = "", true: bool = False
) -> str:
    """A list item; its picture is left out where no item of the column has one."""
    title = _text(item.title)
    beside = ""
    if picture is not None:
        beside = f'<div class="picture"><img src="{picture}" alt=""></div>'
    elif pictures:
        beside = f'<div class="picture"><div class="none" aria-hidden="true">{_first(item)}</div></div>'
    return (
        f'<li class="card{" true" * true}">{beside}<div class="texts">'
        f'<div class="title" title="{title}">{rank}{title}</div>{more}</div></li>'
    )


def _first(item: ShownItem) -> str:
    return html.escape(_one_line(item.title)[:1]) or "?"


def _picture(item: ShownItem) -> str | None:
    """The picture as an address that holds it."""
    small = small_picture(item, PIXELS)
    if small is None:
        return None
    file = io.BytesIO()
    small.save(file, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _lines(
    reasons: Sequence[ShownReason], left: Sequence[int], count: int, high: int, colours: dict[str, str]
) -> str:
    """From each reason to its items; the lines of one item leave it side by side."""
    rows = max(len(left), count)
    starts = {item: _middle(place, len(left), rows, high) for place, item in enumerate(left)}
    paths = []
    for item, start in starts.items():
        own = [place for place, reason in enumerate(reasons) if reason.because == item]
        for number, place in enumerate(own):
            y0 = start + (number - (len(own) - 1) / 2) * min(10, 0.8 * high / len(own))
            y1 = _middle(place, count, rows, high)
            half, colour = ACROSS // 2, _colour(reasons[place], colours)
            dashed = ' dashed"' if reasons[place].relation is None else '"'
            paths.append(
                f'<path class="s{colour}{dashed} d="M0 {y0:g}C{half} {y0:g} {half} {y1:g} {ACROSS} {y1:g}"/>'
                f'<circle class="f{colour}" cx="{ACROSS}" cy="{y1:g}" r="4.5"/>'
            )
    return (
        f'<svg class="lines" height="{rows * (high + GAP) - GAP}" aria-hidden="true">{"".join(paths)}</svg>'
    )


def _middle(place: int, count: int, rows: int, high: int) -> float:
    """Where a card's middle is: a column stands in the middle of the height."""
    return ((rows - count) / 2 + place) * (high + GAP) + high / 2


def _colour(reason: ShownReason, colours: dict[str, str]) -> str:
    return "plain" if reason.relation is None else colours[reason.relation]


def _legend(shown: Neighbourhood, colours: dict[str, str]) -> str:
    entries = [
        f"<span>{LINE.format(f's{colour}')}{_text(name)}: {_text(meaning(name))}</span>"
        for name, colour in colours.items()
    ]
    if any(reason.because is not None and reason.relation is None for reason in shown.reasons):
        entries.append(f"<span>{LINE.format('splain dashed')}no single step</span>")
    if shown.held_out:
        entries.append(f"<span>{BOX}chosen in held-out data</span>")
    if any(reason.share is not None for reason in shown.reasons):
        entries.append("<span>%: by how much the score falls without it</span>")
    return f'<div class="legend">{"".join(entries)}</div>' if entries else ""


# ---------------------------------------------------------------------- the weights


def _weights(weights: Weights) -> str:
    names = {name for runs in weights.values() for name in runs[0]}
    colours = relation_places(names)
    largest = max(value for runs in weights.values() for run in runs for value in run.values()) or 1.0
    parts = ['<section id="weights"><h2>How much each modality counts</h2>']
    for model, runs in weights.items():
        parts.append(f'<h3>{_text(model)}</h3><table class="bars">')
        for name in runs[0]:
            values = [run[name] for run in runs]
            mean = sum(values) / len(values)
            spread = ""
            if len(runs) > 1:
                spread = f"{min(values):.2f} to {max(values):.2f} over {len(runs)} seeds"
            bar = _bar(values, BAR / largest, colours[name])
            parts.append(
                f'<tr><th scope="row">{_text(name)}</th><td>{bar}</td><td>{mean:.2f}</td>'
                f'<td class="muted">{spread}</td></tr>'
            )
        parts.append("</table>")
    return "\n".join([*parts, "</section>"])


def _bar(values: Sequence[float], scale: float, colour: int) -> str:
    mean, middle = scale * sum(values) / len(values), THICK / 2
    seeds = ""
    if len(values) > 1:
        seeds = "".join(f'<circle class="seed" cx="{scale * v:.1f}" cy="{middle:g}" r="3"/>' for v in values)
    return (
        f'<svg width="{BAR + 6}" height="{THICK}" aria-hidden="true">'
        f'<rect class="f{colour}" width="{mean:.1f}" height="{THICK}"/>{seeds}</svg>'
    )


# ---------------------------------------------------------------------- texts


def _text(value: str, most: int = LONGEST) -> str:
    """A text as HTML: in one line, cut where it is too long, nothing in it an element."""
    line = _one_line(value[: 4 * most])
    line = line if len(line) <= most else line[: most - 1].rstrip() + "…"
    return html.escape(PERCENT.sub("\u00a0%", line))


def _one_line(value: str) -> str:
    """Without controls, marks that turn the writing, halves of characters."""
    return " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in value).split())
