"""The picture of a user's neighbourhood: chosen items, recommended ones, and what joins them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from mmgraph.media.picture import load_reduced
from mmgraph.visualization import shapes, text
from mmgraph.visualization.geometry import Point, Rect, ports
from mmgraph.visualization.layout import EDGE, head
from mmgraph.visualization.legend import Entry, draw_legend, flow, height_with
from mmgraph.visualization.panels import draw_title
from mmgraph.visualization.recommendation.neighbourhood import (
    Neighbourhood,
    ShownItem,
    ShownReason,
    left_side,
)
from mmgraph.visualization.recommendation.relations import meaning, percent_text, relation_places
from mmgraph.visualization.style import (
    FIGURE_WIDTH,
    NAME,
    SMALL,
    TICK,
    blank_figure,
    check_width,
    overlay,
    settings,
)
from mmgraph.visualization.theme import current

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["recommendations_figure", "small_picture"]

WIDE = 5.0
"""Inches from which a figure has the shares and the pictures of a wide one."""

SHARES = {True: (0.34, 0.15), False: (0.36, 0.1)}
"""Of the width of a wide and of a narrow figure: the chosen items, and the lines; the rest is recommended."""

PADDING, GAP, HEADER = 0.07, 0.09, 0.24
"""Inches: around what is in a card, between two cards, and above the first."""

PICTURES = {True: (0.44, 0.56), False: (0.34, 0.48)}
"""Inches: the largest width of a picture, and the height that a card has at least where there are any."""

MARK = 0.12
"""Inches before a share, for the dot in the colour of its line."""

PITCH = 1.35
"""From line to line of a card's text, in ems."""

LONGEST, LINES = 160, 2
"""Characters of a title, and lines of a title and of what two items have in common."""

PIXELS = 240
"""The longer side of a picture."""


def recommendations_figure(
    shown: Neighbourhood,
    title: str | None = None,
    *,
    width: float = FIGURE_WIDTH,
    theme: str = "light",
) -> "matplotlib.figure.Figure":
    """Draw what a user chose on the left, what is recommended on the right, and lines from reason to item.

    The colour of a line is what joins the two items: a modality, shared facts, or users who chose both; it is
    dashed where no single step does. Reasons stand first on the left; other chosen items fill what room there
    is. An item without a picture is a card with its title.

    Args:
        shown: the user and the items.
        title: above the picture; by default whom the items are for.
        width: of the figure, in inches. Type does not shrink with it; long titles are cut.
        theme: "light" or "dark".

    Returns:
        A matplotlib Figure that is known to no global state; write it with `save_figure`.

    Raises:
        InputError: a damaged picture.
        MissingExtraError: matplotlib is not installed.
    """
    check_width(width)
    with settings(theme):
        return _draw(shown, f"Recommended to {shown.user}" if title is None else title, width)


def small_picture(item: ShownItem, pixels: int = PIXELS) -> Image.Image | None:
    """An item's picture, its longer side at most `pixels`; None where it has none, or the file is gone."""
    source = item.picture
    if source is None or (isinstance(source, str | os.PathLike) and not Path(source).exists()):
        return None
    small = load_reduced(source, pixels).image
    small.thumbnail((pixels, pixels))
    # A new picture: what the file knew of camera and place is not copied.
    return Image.frombytes("RGB", small.size, small.tobytes())


@dataclass(frozen=True)
class _Card:
    """An item laid out: its texts in lines, the colour of its line, whether it was chosen after all."""

    item: ShownItem
    picture: Image.Image | None
    title: Sequence[str]
    share: str = ""
    detail: Sequence[str] = ()
    colour: str | None = None
    bold: bool = False
    true: bool = False

    @property
    def text_height(self) -> float:
        """Inches of all lines."""
        sizes = [NAME] * len(self.title) + [SMALL] * bool(self.share) + [TICK] * len(self.detail)
        return sum(sizes) * PITCH / 72


def _draw(shown: Neighbourhood, title: str, width: float) -> Any:
    titles, y = head(title, width)
    inner = width - 2 * EDGE
    share, between = SHARES[width >= WIDE]
    x0, x1 = EDGE + share * inner, EDGE + (share + between) * inner
    wide, high = PICTURES[width >= WIDE]
    left = left_side(shown)
    colours = {
        name: current().palette[place]
        for name, place in relation_places(filter(None, (one.relation for one in shown.reasons))).items()
    }
    pictures = [small_picture(shown.chosen[item]) for item in left]
    posters = [small_picture(item) for item in shown.recommended]
    beside = [wide + PADDING if any(found) else 0.0 for found in (pictures, posters)]
    rooms = [x0 - EDGE - 2 * PADDING - beside[0], width - EDGE - x1 - 2 * PADDING - beside[1]]
    chosen = [_plain(shown.chosen[i], found, rooms[0]) for i, found in zip(left, pictures, strict=True)]
    cards = [_card(shown, place, posters[place], rooms[1], colours) for place in range(len(posters))]
    least = high if any(pictures) or any(posters) else 0.0
    high = 2 * PADDING + max(least, *(card.text_height for card in [*chosen, *cards]))
    body = Rect(EDGE, y - HEADER - _column(max(len(chosen), len(cards)), high), width - EDGE, y - HEADER)
    rows = flow(_legend(shown, colours), inner)
    legend_top = body.bottom - 0.1
    figure = blank_figure(width, height_with(rows, legend_top))
    axes = overlay(figure)
    draw_title(axes, titles, EDGE)
    _headers(axes, shown, len(left), x0, x1, body.top)
    places = _places(len(chosen), Rect(EDGE, body.bottom, x0, body.top), high)
    aims = _places(len(cards), Rect(x1, body.bottom, width - EDGE, body.top), high)
    for card, place in zip([*chosen, *cards], [*places, *aims], strict=True):
        _draw_card(figure, axes, card, place, beside[0] if place.left == EDGE else beside[1])
    _draw_lines(axes, shown.reasons, dict(zip(left, places, strict=True)), aims, colours)
    draw_legend(axes, rows, EDGE, legend_top)
    return figure


def _plain(item: ShownItem, picture: Image.Image | None, room: float) -> _Card:
    return _Card(item, picture, text.wrap(text.clean(item.title, LONGEST), NAME, room, LINES + 1, bold=False))


def _card(
    shown: Neighbourhood, place: int, picture: Image.Image | None, room: float, colours: dict[str, str]
) -> _Card:
    item, reason = shown.recommended[place], shown.reasons[place]
    share = "" if reason.share is None else _share(*reason.share, room)
    detail = text.clean(reason.detail, LONGEST)
    colour = current().muted if reason.relation is None else colours[reason.relation]
    return _Card(
        item,
        picture,
        text.wrap(f"{place + 1}. {text.clean(item.title, LONGEST)}", NAME, room, LINES),
        share,
        text.wrap(detail, TICK, room, LINES, bold=False),
        None if reason.because is None else colour,
        True,
        place in shown.held_out,
    )


def _share(name: str, value: float, room: float) -> str:
    """A share in words, such as "image 34 %"; a name that is too long is cut."""
    figures = percent_text(value)
    most = 20
    while most > 1 and text.width(f"{text.clean(name, most)} {figures}", SMALL) > room:
        most -= 1
    return f"{text.clean(name, most)} {figures}"


def _column(count: int, high: float) -> float:
    return count * (high + GAP) - GAP


def _places(count: int, column: Rect, high: float) -> list[Rect]:
    """Cards one under the other, in the middle of the column."""
    top = column.top - (column.height - _column(count, high)) / 2
    tops = [top - place * (high + GAP) for place in range(count)]
    return [Rect(column.left, place - high, column.right, place) for place in tops]


def _headers(axes: Any, shown: Neighbourhood, drawn: int, x0: float, x1: float, top: float) -> None:
    theme, count = current(), len(shown.chosen)
    of = (
        f"chosen, {drawn} of {count}"
        if drawn < count
        else f"chosen, all {count}"
        if count
        else "chosen: none"
    )
    shapes.write(axes, EDGE, top + 0.07, of, SMALL, theme.muted)
    shapes.write(axes, x1, top + 0.07, "recommended", SMALL, theme.muted)


def _draw_card(figure: Any, axes: Any, card: _Card, place: Rect, beside: float) -> None:
    theme = current()
    shapes.rounded(axes, place, theme.band, order=1.0, radius=0.06)
    if card.true:
        shapes.rounded(axes, place, theme.true, order=3.0, radius=0.06, outlined=True)
    if beside:
        room = Rect(place.left + PADDING, place.bottom + PADDING, place.left + beside, place.top - PADDING)
        _draw_picture(figure, axes, card, room)
    x, y = place.left + PADDING + beside, place.centre[1] + card.text_height / 2
    for row in card.title:
        y -= NAME * PITCH / 72
        shapes.write(axes, x, y + NAME * 0.3 / 72, row, NAME, theme.ink, bold=card.bold)
    if card.share:
        y -= SMALL * PITCH / 72
        start = 0.0
        if card.colour is not None and x + MARK + text.width(card.share, SMALL) <= place.right - PADDING:
            shapes.dot(axes, (x + 0.04, y + SMALL * 0.62 / 72), card.colour, 5.5)
            start = MARK
        shapes.write(axes, x + start, y + SMALL * 0.3 / 72, card.share, SMALL, theme.ink)
    for row in card.detail:
        y -= TICK * PITCH / 72
        shapes.write(axes, x, y + TICK * 0.3 / 72, row, TICK, theme.muted)


def _draw_picture(figure: Any, axes: Any, card: _Card, room: Rect) -> None:
    """The picture as large as it fits, or an empty frame with the title's first letter."""
    theme = current()
    x, y = room.centre
    if card.picture is None:
        wide, high = min(room.width, room.height * 2 / 3) / 2, room.height / 2
        frame = Rect(x - wide, y - high, x + wide, y + high)
        shapes.rectangle(axes, frame, fill=theme.paper, edge=theme.faint, thickness=0.6, order=2.0)
        letter = text.clean(card.item.title, LONGEST)[:1]
        shapes.write(axes, x, y, letter or "?", 11.5, theme.grey, "center", centred=True)
        return
    across, down = card.picture.size
    scale = min(room.width / across, room.height / down) / 2
    place = Rect(x - scale * across, y - scale * down, x + scale * across, y + scale * down)
    shapes.inset(figure, place, order=6.0).imshow(card.picture, aspect="auto", interpolation="antialiased")


def _draw_lines(
    axes: Any,
    reasons: Sequence[ShownReason],
    places: dict[int, Rect],
    aims: Sequence[Rect],
    colours: dict[str, str],
) -> None:
    """From each reason to its items; the lines of one item leave it side by side."""
    for item, place in places.items():
        own = [number for number, reason in enumerate(reasons) if reason.because == item]
        # From the lowest, as `ports` wants them.
        own.sort(key=lambda number: aims[number].centre[1])
        heights = ports(place.bottom, place.top, [aims[number].centre[1] for number in own])
        for number, y in zip(own, heights, strict=True):
            relation = reasons[number].relation
            colour = current().muted if relation is None else colours[relation]
            curve = _across((place.right, y), (aims[number].left, aims[number].centre[1]))
            shapes.line(axes, shapes.Line(curve, colour, 1.8, dashed=relation is None, end="o"))


def _across(start: Point, end: Point) -> list[Point]:
    """The control points of a curve that leaves and arrives level."""
    bend = (end[0] - start[0]) / 2
    return [start, (start[0] + bend, start[1]), (end[0] - bend, end[1]), end]


def _legend(shown: Neighbourhood, colours: dict[str, str]) -> list[Entry]:
    theme = current()
    entries = [
        Entry(f"{text.clean(name, 20)}: {meaning(text.clean(name, 20))}", "line", colour, 1.8)
        for name, colour in colours.items()
    ]
    if any(reason.because is not None and reason.relation is None for reason in shown.reasons):
        entries.append(Entry("no single step", "dashed", theme.muted, 1.8))
    if shown.held_out:
        entries.append(Entry("chosen in held-out data", "outline", theme.true, 0.8))
    if any(reason.share is not None for reason in shown.reasons):
        entries.append(Entry("%: by how much the score falls without it"))
    return entries
