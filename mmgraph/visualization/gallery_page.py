"""The gallery: one page with a card for each of many samples, which leads to the sample's own page."""

import base64
import io
import math
import os
from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from PIL import Image
from tqdm import tqdm

import mmgraph
from mmgraph.errors import InputError
from mmgraph.explanation import Attribution, Explanation, Prediction
from mmgraph.graph import NodeType
from mmgraph.media.sound import Waveform
from mmgraph.visualization import spectrum
from mmgraph.visualization.explanation_page import save_html
from mmgraph.visualization.page import json_block, page_html, write_page

__all__ = ["GalleryEntry", "save_gallery", "save_pages"]

THUMBNAIL, QUALITY = 160, 78
"""The longer side of a card's picture in pixels, and its quality as a JPEG."""

COLUMNS = 96
"""Columns of a card's waveform."""

LONGEST = 300
"""Characters of a card's texts."""

NOSCRIPT = (
    "This page lists samples with JavaScript, which is switched off or blocked here. The samples' own pages "
    "lie beside it."
)


@dataclass(frozen=True)
class GalleryEntry:
    """What a card shows of one sample; small, so that a great many fit in memory.

    Args:
        href: the sample's own page, relative to the gallery; None for a card that leads nowhere.
        title: the question, or what else names the sample.
        id: the sample's name.
        text: the sample's text.
        prediction: what the model said.
        modality_weights: how much each modality counts, by node type.
        kinds: where the nodes of a type lie, "box", "characters" or "seconds": gives them their colour.
        fidelity: of the method that puts the nodes first which matter most: its name, how far the score falls
            without them, and how far without as many random ones (None where it was not measured).
        picture: a small JPEG of the picture, if there is one.
        picture_size: its width and height.
        waveform: where there is a sound, its outline: lows and highs in -1..1.
    """

    href: str | os.PathLike[str] | None
    title: str
    id: str = ""
    text: str | None = None
    prediction: Prediction | None = None
    modality_weights: Mapping[NodeType, float] = field(default_factory=dict)
    kinds: Mapping[NodeType, str] = field(default_factory=dict)
    fidelity: tuple[str, float, float | None] | None = None
    picture: bytes | None = None
    picture_size: tuple[int, int] = (0, 0)
    waveform: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        _address(self.href)

    @classmethod
    def of(cls, explanation: Explanation, href: str | os.PathLike[str] | None) -> "GalleryEntry":
        """The card of an explained sample.

        Args:
            explanation: the sample.
            href: the path of its page, relative to the gallery's folder.

        Raises:
            InputError: an absolute path.
        """
        sample, nodes = explanation.graph.samples[0], explanation.graph.schema.nodes
        picture, size = (None, (0, 0)) if explanation.image is None else _thumbnail(explanation.image)
        return cls(
            href=href,
            title=explanation.title,
            id=sample.id,
            text=sample.text,
            prediction=explanation.prediction,
            modality_weights=dict(explanation.modality_weights),
            kinds={key: spec.pos for key, spec in nodes.items() if spec.pos is not None},
            fidelity=_best(explanation.attributions),
            picture=picture,
            picture_size=size,
            waveform=() if explanation.sound is None else _outline(explanation.sound),
        )


def save_gallery(entries: Iterable[GalleryEntry], path: str | os.PathLike[str], title: str = "") -> None:
    """Write a page with a card for each sample to a `.html` file, whole or not at all.

    It is sorted by confidence, by error or by the modality that counts most, and searched, in the browser; it
    needs no network and no server, and lies beside the samples' own pages.

    Args:
        entries: the cards, in the order that is shown first.
        path: where to; the folder is made.
        title: above the cards.

    Raises:
        InputError: no entries; another suffix; a place that cannot be written.
    """
    cards = [_card(entry) for entry in entries]
    if not cards:
        raise InputError("save_gallery got no entries: there is nothing to show")
    document = {"title": title, "version": mmgraph.__version__, "cards": cards}
    blocks = {"gallery": json_block(document)}
    write_page(page_html("gallery", title or "Gallery", NOSCRIPT, blocks), path, "save_gallery")


def save_pages(
    explanations: Iterable[Explanation], folder: str | os.PathLike[str], title: str = "", **options: Any
) -> Path:
    """Write the page of each sample, `0.html`, `1.html` and so on, and then a gallery of them, `index.html`.

    One explanation is held at a time: a generator of thousands will do. A bar shows on a terminal.

    Args:
        explanations: the samples.
        folder: where to; it is made. Pages of the same names are replaced, others left alone.
        title: above the gallery.
        **options: the further arguments of `save_html`: `layers`, `heads`, `top_k`, `max_bytes`.

    Returns:
        The path of the gallery.

    Raises:
        InputError: no samples; what `save_html` refuses, with the number of the sample.
    """
    folder = Path(folder)
    total = len(explanations) if isinstance(explanations, Sized) else None
    entries = []
    for number, found in enumerate(tqdm(explanations, desc="pages", total=total, disable=None)):
        name = f"{number}.html"
        try:
            save_html(found, folder / name, **options)
        except InputError as error:
            raise InputError(f"sample {number} ({found.graph.samples[0].id!r}): {error}") from error
        entries.append(GalleryEntry.of(found, name))
    index = folder / "index.html"
    save_gallery(entries, index, title)
    return index


# ---------------------------------------------------------------------- what a card shows


def _address(path: str | os.PathLike[str] | None) -> str | None:
    """A path as a link's relative address: all but letters, digits and `/.-_~` is written as %xx."""
    if path is None:
        return None
    place = PurePath(path)
    if place.is_absolute() or not place.name:
        raise InputError(f"GalleryEntry got href={str(path)!r}, expected a path relative to the gallery")
    try:
        return quote(os.fsencode(place.as_posix()), safe="/")
    except UnicodeEncodeError as error:
        raise InputError(f"GalleryEntry got href={str(path)!r}, which is no file name") from error


def _thumbnail(image: Image.Image) -> tuple[bytes, tuple[int, int]]:
    small = image.convert("RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    # A new picture: what the file knew of camera and place is not copied.
    bare = Image.frombytes("RGB", small.size, small.tobytes())
    file = io.BytesIO()
    bare.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue(), bare.size


def _outline(sound: Waveform) -> tuple[tuple[float, float], ...]:
    if not len(sound.samples):
        return ()
    low, high = spectrum.envelope(sound, COLUMNS).double().numpy().round(2).tolist()
    return tuple(zip(low, high, strict=True))


def _best(attributions: Iterable[Attribution]) -> tuple[str, float, float | None] | None:
    """The method whose first nodes the score needs most."""
    measured = [found for found in attributions if found.fidelity is not None]
    if not measured:
        return None
    best = max(measured, key=lambda found: found.fidelity.comprehensiveness if found.fidelity else -math.inf)
    assert best.fidelity is not None
    chance = None if best.chance is None else best.chance.comprehensiveness
    return best.method, best.fidelity.comprehensiveness, chance


def _card(entry: GalleryEntry) -> dict[str, Any]:
    said = entry.prediction
    picture = None
    if entry.picture is not None:
        address = "data:image/jpeg;base64," + base64.b64encode(entry.picture).decode()
        picture = {"url": address, "size": list(entry.picture_size)}
    return {
        "href": _address(entry.href),
        "title": _cut(entry.title),
        "id": _cut(entry.id),
        "text": None if entry.text is None else _cut(entry.text),
        "answer": None if said is None else _cut(said.answer),
        "probability": None if said is None else round(said.probability, 6),
        "expected": None if said is None or said.expected is None else _cut(said.expected),
        "right": None if said is None else said.right,
        "modalities": [
            {"type": _cut(key), "weight": float(weight), "kind": entry.kinds.get(key)}
            for key, weight in entry.modality_weights.items()
        ],
        "fidelity": None if entry.fidelity is None else list(entry.fidelity),
        "picture": picture,
        "waveform": [list(pair) for pair in entry.waveform],
    }


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
