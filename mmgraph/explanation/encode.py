"""An explanation as a document of values that JSON has."""

import base64
import io
import zlib
from dataclasses import asdict, replace
from pathlib import Path as FilePath
from typing import Any

import soundfile
import torch
from PIL import Image

from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Attribution
from mmgraph.explanation.explanation import Explanation
from mmgraph.explanation.format import FORMAT, LONGEST, MAX_WEIGHTS, RATE, VERSION
from mmgraph.explanation.weight_map import WeightMap
from mmgraph.graph import HeteroGraph
from mmgraph.interop.checked import short
from mmgraph.interop.document import encode_graph
from mmgraph.interop.nested import to_plain
from mmgraph.media.picture import load_image
from mmgraph.media.sound import Waveform, load_sound

__all__ = ["encode_explanation"]

LONG_SIDE, QUALITY = 1024, 85
"""The longer side of a picture in pixels at most, and its quality as a JPEG."""

SMALL = 160
"""A picture with no longer side than so many pixels is kept exactly."""


def encode_explanation(explanation: Explanation) -> dict[str, Any]:
    """The document of an explanation, of values that JSON has.

    Raises:
        InputError: more weights than can be read back; a sound of over an hour or with samples that are not
            finite; facts that are no texts.
    """
    prediction, sound = explanation.prediction, explanation.sound
    count = sum(weights.codes.size for found in explanation.attributions for weights in found.maps.values())
    if count > MAX_WEIGHTS:
        raise InputError(
            f"the explanation has {count} weights, more than {MAX_WEIGHTS}: keep some layers and heads, "
            "WeightMap.chosen(layers, heads)"
        )
    for key, value in explanation.about.items():
        if type(value) is not str:
            raise InputError(f"about[{key!r}] is {short(value)}, expected a text")
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": explanation.title,
        "about": dict(explanation.about),
        "graph": encode_graph(_without_folders(explanation.graph), to_plain),
        "image": None if explanation.image is None else _encode_image(explanation.image),
        # No file holds a sound of no samples.
        "sound": None if sound is None or not len(sound.samples) else _encode_sound(sound),
        "prediction": None if prediction is None else asdict(prediction),
        "truth": [
            {"pair": list(pair), "cells": true.nonzero().tolist()} for pair, true in explanation.truth.items()
        ],
        "modality_weights": {key: float(value) for key, value in explanation.modality_weights.items()},
        "paths": [asdict(path) for path in explanation.paths],
        "methods": [_encode_attribution(found) for found in explanation.attributions],
    }


def _without_folders(graph: HeteroGraph) -> HeteroGraph:
    """The graph without the places of its files, which are the writer's own."""
    (sample,) = graph.samples
    files = {name: FilePath(path).name for name, path in sample.files.items()}
    return replace(graph, samples=(replace(sample, files=files),))


def _encode_attribution(found: Attribution) -> dict[str, Any]:
    return {
        "method": found.method,
        "note": found.note,
        "maps": [{"pair": list(pair), **_encode_map(weights)} for pair, weights in found.maps.items()],
        "nodes": {
            key: [float(x) for x in value.detach().cpu().double()] for key, value in found.nodes.items()
        },
        "fidelity": None if found.fidelity is None else asdict(found.fidelity),
        "chance": None if found.chance is None else asdict(found.chance),
    }


def _encode_map(weights: WeightMap) -> dict[str, Any]:
    codes = weights.codes.astype(weights.codes.dtype.newbyteorder("<"))
    return {
        "shape": list(weights.codes.shape),
        "dtype": weights.codes.dtype.name,
        "step": weights.step.tolist(),
        "codes": _base64(_compress(codes.tobytes())),
    }


def _compress(content: bytes) -> bytes:
    """The smaller of two ways: runs and repetitions are found in sparse maps, hardly any in dense ones."""
    ways = []
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED):
        packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
        ways.append(packer.compress(content) + packer.flush())
    return min(ways, key=len)


def _encode_image(image: Image.Image) -> dict[str, Any]:
    """The pixels alone: of a small picture exactly, of a larger one as a JPEG."""
    image = load_image(image)
    image.thumbnail((LONG_SIDE, LONG_SIDE))
    # A new picture: what the file knew of camera and place is not copied.
    bare = Image.frombytes("RGB", image.size, image.tobytes())
    small = max(image.size) <= SMALL
    file = io.BytesIO()
    bare.save(file, "PNG", optimize=True) if small else bare.save(file, "JPEG", quality=QUALITY)
    mime = "image/png" if small else "image/jpeg"
    return {"mime": mime, "size": list(image.size), "data": _base64(file.getvalue())}


def _encode_sound(sound: Waveform) -> dict[str, Any]:
    samples, rate = sound.samples.detach().cpu(), sound.rate
    if sound.seconds > LONGEST or len(samples) > LONGEST * rate:
        raise InputError(f"the sound lasts {sound.seconds:.0f} s, longer than {LONGEST:.0f} s: cut it")
    if not bool(samples.isfinite().all()):
        raise InputError("the sound has samples that are not finite")
    if rate > RATE:
        found = load_sound((samples.numpy(), rate), rate=RATE, max_seconds=float("inf"))
        samples, rate = found.samples, found.rate
    file = io.BytesIO()
    # On the grid that a reader divides by: what was read once is written and read again without a change.
    whole = (samples * 2**15).round().clamp(-(2**15), 2**15 - 1).to(torch.int16)
    soundfile.write(file, whole.numpy(), rate, format="FLAC", subtype="PCM_16")
    return {"mime": "audio/flac", "rate": rate, "seconds": sound.seconds, "data": _base64(file.getvalue())}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
