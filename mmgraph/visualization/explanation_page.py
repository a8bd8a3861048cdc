"""The page of an explanation: one file that opens offline, for exploring."""

import base64
import io
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

import mmgraph
from mmgraph.errors import InputError
from mmgraph.explanation import Attribution, Explanation, Pair, WeightMap
from mmgraph.explanation.document import json_text
from mmgraph.explanation.format import MAX_WEIGHTS
from mmgraph.media.sound import Waveform
from mmgraph.visualization import spectrum
from mmgraph.visualization.page import json_block, page_html, write_page

__all__ = ["explanation_html", "save_html"]

MAX_BYTES = 16_000_000
"""What a page may have before it is refused; a browser opens larger ones, but slowly."""

COLUMNS = 800
"""The most columns of a waveform and of a spectrogram."""

GREY, SHADES = 110, 32
"""The level of a spectrogram's grey, which reads on white and on black, and how many steps its alpha has."""

FREQUENCIES = (500.0, 1000.0, 2000.0, 4000.0, 8000.0)
"""Hertz that the spectrogram's scale may name."""

NOSCRIPT = (
    "This page draws the explanation of a model's answer with JavaScript, which is switched off or blocked "
    "here. The numbers are in the page itself, as JSON."
)


def save_html(
    explanation: Explanation,
    path: str | os.PathLike[str],
    layers: Sequence[int] | None = None,
    heads: Sequence[int] | None = None,
    top_k: int | None = None,
    max_bytes: int = MAX_BYTES,
) -> None:
    """Write the page of an explanation to a `.html` file, whole or not at all.

    Everything is in the one file: it opens offline, asks for nothing, and its content security policy lets
    no other script run. Pictures are written anew, without their metadata.

    Args:
        explanation: what is shown.
        path: where to; the folder is made.
        layers: which layers to keep, from 0 on, in maps of several; None for all.
        heads: which heads, likewise.
        top_k: how many of the largest weights of each row to keep; the others become 0. None for all.
        max_bytes: a larger page is an error.

    Raises:
        InputError: no nodes; no such layer or head; too large, with what would make it smaller; another
            suffix; a place that cannot be written.
    """
    write_page(explanation_html(explanation, layers, heads, top_k, max_bytes), path, "save_html")


def explanation_html(
    explanation: Explanation,
    layers: Sequence[int] | None = None,
    heads: Sequence[int] | None = None,
    top_k: int | None = None,
    max_bytes: int = MAX_BYTES,
) -> str:
    """The page of an explanation as a text; see `save_html`."""
    if not any(explanation.graph.num_nodes(key) for key in explanation.graph.schema.nodes):
        raise InputError("explanation_html got a sample without nodes: there is nothing to show")
    if top_k is not None and top_k < 1:
        raise InputError(f"explanation_html(top_k={top_k}): expected at least 1, or None for all weights")
    chosen = replace(
        explanation,
        attributions=tuple(_chosen(found, layers, heads, top_k) for found in explanation.attributions),
    )
    weights = sum(item.codes.size for found in chosen.attributions for item in found.maps.values())
    if weights > MAX_WEIGHTS:
        raise InputError(_too_large(f"{weights} weights", max_bytes, weights, 0))
    text, extras = json_block(json_text(chosen)), json_block(_extras(explanation.sound))
    title = explanation.title or explanation.graph.samples[0].id or "Explanation"
    page = page_html("explanation", title, NOSCRIPT, {"explanation": text, "extras": extras})
    # The page is ASCII but for its title, which is short.
    if len(page) > max_bytes:
        without = len(json_text(replace(chosen, attributions=())))
        raise InputError(_too_large(f"{len(page) / 1e6:.2f} MB", max_bytes, weights, without))
    return page


def _too_large(size: str, max_bytes: int, weights: int, rest: int) -> str:
    """What is too large and what to do; `rest` is how many bytes the sample has without its weights."""
    advice = "show fewer layers (layers=[0, 11]) or heads (heads=[0]), or less of each row (top_k=5)"
    if rest > max_bytes:
        advice = "leave out the sound, or cut it (Explanation.of(..., audio=(samples[:n], rate)))"
    return (
        f"the page would have {size}, more than max_bytes={max_bytes} ({max_bytes / 1e6:.2f} MB); the sample "
        f"has {weights} weights, and {rest / 1e6:.2f} MB of media and nodes: {advice}; or raise max_bytes"
    )


# ---------------------------------------------------------------------- a part of the weights


def _chosen(
    found: Attribution, layers: Sequence[int] | None, heads: Sequence[int] | None, top_k: int | None
) -> Attribution:
    """What is shown of an attribution, with a note of what is not."""
    maps: dict[Pair, WeightMap] = {}
    notes: dict[str, str] = {}
    for pair, weights in found.maps.items():
        name = f"the map {pair} of {found.method!r}"
        kept_layers = _numbers(layers, weights.layers, "layers", name)
        kept_heads = _numbers(heads, weights.heads, "heads", name)
        notes |= _note("layers", kept_layers, weights.layers) | _note("heads", kept_heads, weights.heads)
        small = weights.chosen(kept_layers, kept_heads)
        if top_k is not None and top_k < weights.shape[1]:
            small = small.strongest(top_k)
            notes["top_k"] = (
                f"Only the {top_k} largest weights of each row are on this page, the others are 0."
            )
        maps[pair] = small
    own = [found.note.rstrip(".") + "."] if found.note and notes else [found.note]
    return replace(found, maps=maps, note=" ".join(filter(None, [*own, *notes.values()])))


def _numbers(chosen: Sequence[int] | None, count: int, name: str, place: str) -> list[int]:
    """Which layers or heads of a map to keep; where there is one, it is kept."""
    if chosen is None or count <= 1:
        return list(range(count))
    numbers = [int(number) for number in chosen]
    if not numbers or len(set(numbers)) < len(numbers) or not all(0 <= n < count for n in numbers):
        raise InputError(
            f"explanation_html got {name}={numbers}, but {place} has {count} {name}: give some of them, each "
            "once, counted from 0"
        )
    return numbers


def _note(name: str, kept: Sequence[int], count: int) -> dict[str, str]:
    if list(kept) == list(range(count)):
        return {}
    listed = ", ".join(str(number) for number in kept)
    return {name: f"Of its {count} {name} (from 0), only {listed} are on this page, as 0 to {len(kept) - 1}."}


# ---------------------------------------------------------------------- the sound's pictures


def _extras(sound: Waveform | None) -> dict[str, Any]:
    """What the page cannot work out quickly itself."""
    extras: dict[str, Any] = {"envelope": None, "spectrogram": None, "frequencies": []}
    if sound is not None and len(sound.samples):
        low, high = spectrum.envelope(sound, COLUMNS).double().numpy().round(3).tolist()
        places = spectrum.frequency_places(FREQUENCIES, sound.rate)
        extras = {
            "envelope": {"low": low, "high": high},
            "spectrogram": _spectrogram(sound),
            "frequencies": [
                [hertz, round(place, 4)]
                for hertz, place in zip(FREQUENCIES, places, strict=True)
                if hertz <= sound.rate / 2
            ],
        }
    return extras | {"version": mmgraph.__version__}


def _spectrogram(sound: Waveform) -> str:
    """A picture of one grey whose alpha is the loudness, the lowest band at the bottom."""
    loudness = spectrum.spectrogram(sound).flip(0).numpy()
    alpha = Image.fromarray((loudness * 255).round().astype(np.uint8))
    if alpha.width > COLUMNS:
        alpha = alpha.resize((COLUMNS, alpha.height), Image.Resampling.BOX)
    step = 255 / (SHADES - 1)
    alpha = alpha.point([round(round(value / step) * step) for value in range(256)])
    file = io.BytesIO()
    Image.merge("LA", (Image.new("L", alpha.size, GREY), alpha)).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
