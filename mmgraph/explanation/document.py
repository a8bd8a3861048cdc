"""Explanations as versioned JSON: what a page embeds and exports, and what Python reads back.

{"format": "mmgraph.explanation", "version": 1, "title": ..., "about": {name: text},
 "graph": a document of mmgraph.graph (see mmgraph.interop), of one sample without features,
 "image": {"mime": "image/jpeg", "size": [width, height], "data": base64} or null,
 "sound": {"mime": "audio/flac", "rate": 16000, "seconds": 2.5, "data": base64} or null,
 "prediction": {"answer", "probability", "expected", "alternatives": [[answer, probability]]} or null,
 "truth": [{"pair": [source, target], "cells": [[s, t], ...]}],
 "modality_weights": {type: number}, "paths": [{"nodes": [[type, number]], "relations": [], "weight"}],
 "methods": [{"method", "note", "maps": [{"pair", "shape": [L, H, S, T], "dtype": "uint8", "step": [[u]],
   "codes": base64 of zlib of the little-endian codes}], "nodes": {type: [numbers]},
   "fidelity": {"sufficiency", ...} or null, "chance": the same}]}
"""

import base64
import binascii
import io
import json
import os
import zlib
from dataclasses import asdict, fields
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import soundfile
import torch
from PIL import Image
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Attribution, Fidelity, Pair
from mmgraph.explanation.explanation import Explanation, Path, Prediction
from mmgraph.explanation.weight_map import DTYPES, WeightMap
from mmgraph.graph.validate import validate
from mmgraph.interop.checked import parse, record, require_type, short
from mmgraph.interop.document import decode_graph, encode_graph
from mmgraph.interop.nested import from_plain, to_plain
from mmgraph.media.picture import load_image
from mmgraph.media.sound import Waveform, load_sound

__all__ = ["FORMAT", "VERSION", "decode_explanation", "encode_explanation", "load", "save"]

FORMAT, VERSION = "mmgraph.explanation", 1

MAX_BYTES = 256 * 2**20

LONG_SIDE, QUALITY = 1024, 85
"""The longer side of a picture in pixels at most, and its quality as a JPEG."""

RATE = 16_000
"""The highest sampling rate that is written, in Hz."""

MAX_CODES = 2**26
"""The most weights of a map that is read."""


def save(explanation: Explanation, path: str | os.PathLike[str]) -> None:
    """Write an explanation to a `.json` file, whole or not at all.

    Pictures are written anew, without their metadata, with at most 1024 pixels a side; sounds as FLAC with
    at most 16 kHz.

    Raises:
        InputError: another suffix, or a place that cannot be written.
    """
    target = FilePath(path)
    if target.suffix.lower() != ".json":
        raise InputError(f"{target}: the suffix is {target.suffix!r}, expected .json")
    content = json.dumps(encode_explanation(explanation), ensure_ascii=True, allow_nan=False)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(content + "\n")
        os.replace(temporary, target)
    except OSError as error:
        raise InputError(f"{target}: cannot save: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Explanation:
    """Read an explanation from a `.json` file; nothing in it is executed.

    Raises:
        InputError: names the file and what is wrong with it.
    """
    source = FilePath(path)
    try:
        if not source.is_file():
            raise InputError("there is no such file")
        if (size := source.stat().st_size) > MAX_BYTES:
            raise InputError(f"the file has {size} bytes, more than {MAX_BYTES}")
        return decode_explanation(parse(source.read_bytes()))
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    except OSError as error:
        raise InputError(f"{source}: cannot read: {error.strerror or error}") from error


# ---------------------------------------------------------------------- to plain values


def encode_explanation(explanation: Explanation) -> dict[str, Any]:
    """The document of an explanation, of values that JSON has."""
    prediction = explanation.prediction
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": explanation.title,
        "about": dict(explanation.about),
        "graph": encode_graph(explanation.graph, to_plain),
        "image": None if explanation.image is None else _encode_image(explanation.image),
        "sound": None if explanation.sound is None else _encode_sound(explanation.sound),
        "prediction": None if prediction is None else asdict(prediction),
        "truth": [
            {"pair": list(pair), "cells": true.nonzero().tolist()} for pair, true in explanation.truth.items()
        ],
        "modality_weights": {key: float(value) for key, value in explanation.modality_weights.items()},
        "paths": [asdict(path) for path in explanation.paths],
        "methods": [_encode_attribution(found) for found in explanation.attributions],
    }


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
        "codes": _base64(zlib.compress(codes.tobytes(), 9)),
    }


def _encode_image(image: Image.Image) -> dict[str, Any]:
    """The pixels alone: of a small picture exactly, of a larger one as a JPEG."""
    image = image.convert("RGB")
    image.thumbnail((LONG_SIDE, LONG_SIDE))
    # A new picture: what the file knew of camera and place is not copied.
    bare = Image.frombytes("RGB", image.size, image.tobytes())
    small = max(image.size) <= 160
    file = io.BytesIO()
    bare.save(file, "PNG", optimize=True) if small else bare.save(file, "JPEG", quality=QUALITY)
    mime = "image/png" if small else "image/jpeg"
    return {"mime": mime, "size": list(image.size), "data": _base64(file.getvalue())}


def _encode_sound(sound: Waveform) -> dict[str, Any]:
    samples, rate = sound.samples, sound.rate
    if rate > RATE:
        found = load_sound((samples.numpy(), rate), rate=RATE, max_seconds=float("inf"))
        samples, rate = found.samples, found.rate
    file = io.BytesIO()
    soundfile.write(file, samples.clamp(-1, 1).numpy(), rate, format="FLAC", subtype="PCM_16")
    return {"mime": "audio/flac", "rate": rate, "seconds": sound.seconds, "data": _base64(file.getvalue())}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


# ---------------------------------------------------------------------- and back


def decode_explanation(document: Any) -> Explanation:
    """The explanation of a document that `encode_explanation` made.

    Raises:
        InputError: names the first value that is missing, unknown or of the wrong kind.
    """
    require_type(document, dict, "the document")
    if document.get("format") != FORMAT:
        raise InputError(f"format is {short(document.get('format'))}, expected {FORMAT!r}")
    if type(document.get("version")) is not int or document["version"] != VERSION:
        raise InputError(
            f"version is {short(document.get('version'))}, but this mmgraph reads version {VERSION}: "
            "read it with the mmgraph that wrote it"
        )
    names = ("title", "about", "graph", "image", "sound", "prediction", "truth", "modality_weights", "paths")
    record(document, "the document", required=("format", "version", *names, "methods"))
    about = require_type(document["about"], dict, "about")
    weights = require_type(document["modality_weights"], dict, "modality_weights")
    graph = validate(decode_graph(document["graph"], from_plain))
    sizes = {key: graph.num_nodes(key) for key in graph.schema.nodes}
    return Explanation(
        graph=graph,
        attributions=tuple(_each(document["methods"], "methods", _decode_attribution)),
        image=None if document["image"] is None else _decode_image(document["image"]),
        sound=None if document["sound"] is None else _decode_sound(document["sound"]),
        truth=dict(
            _decode_truth(entry, f"truth[{i}]", sizes)
            for i, entry in enumerate(require_type(document["truth"], list, "truth"))
        ),
        prediction=None if document["prediction"] is None else _decode_prediction(document["prediction"]),
        title=require_type(document["title"], str, "title"),
        modality_weights={
            key: _number(value, f"modality_weights[{key!r}]") for key, value in weights.items()
        },
        paths=tuple(_each(document["paths"], "paths", _decode_path)),
        about={key: require_type(value, str, f"about[{key!r}]") for key, value in about.items()},
    )


def _each(value: Any, place: str, decode: Any) -> list[Any]:
    return [decode(entry, f"{place}[{i}]") for i, entry in enumerate(require_type(value, list, place))]


def _decode_attribution(entry: Any, place: str) -> Attribution:
    record(entry, place, required=("method", "note", "maps", "nodes", "fidelity", "chance"))
    nodes = require_type(entry["nodes"], dict, f"{place}.nodes")
    maps = {}
    for number, item in enumerate(require_type(entry["maps"], list, f"{place}.maps")):
        where = f"{place}.maps[{number}]"
        record(item, where, required=("pair", "shape", "dtype", "step", "codes"))
        maps[_pair(item["pair"], f"{where}.pair")] = _decode_map(item, where)
    return Attribution(
        method=require_type(entry["method"], str, f"{place}.method"),
        maps=maps,
        nodes={
            key: torch.tensor(_numbers(value, f"{place}.nodes[{key!r}]"), dtype=torch.float64)
            for key, value in nodes.items()
        },
        fidelity=_decode_fidelity(entry["fidelity"], f"{place}.fidelity"),
        chance=_decode_fidelity(entry["chance"], f"{place}.chance"),
        note=require_type(entry["note"], str, f"{place}.note"),
    )


def _decode_map(entry: dict[str, Any], place: str) -> WeightMap:
    shape = [
        require_type(n, int, f"{place}.shape") for n in require_type(entry["shape"], list, f"{place}.shape")
    ]
    if len(shape) != 4 or min(shape) < 0 or np.prod([max(n, 1) for n in shape], dtype=float) > MAX_CODES:
        raise InputError(
            f"{place}.shape is {shape}, expected [layers, heads, S, T], at most {MAX_CODES} weights"
        )
    dtype = entry["dtype"]
    if type(dtype) is not str or dtype not in DTYPES:
        raise InputError(f"{place}.dtype is {short(dtype)}, expected one of {', '.join(DTYPES)}")
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    unpack = zlib.decompressobj()
    try:
        # No more than belongs there, whatever the file holds.
        content = unpack.decompress(_bytes(entry["codes"], f"{place}.codes"), size + 1)
    except zlib.error as error:
        raise InputError(f"{place}.codes is not compressed by zlib: {error}") from error
    if len(content) != size:
        raise InputError(f"{place}.codes holds {len(content)} bytes, expected {size} for shape {shape}")
    codes = np.frombuffer(content, np.dtype(dtype).newbyteorder("<")).astype(dtype).reshape(shape)
    step = [_numbers(row, f"{place}.step") for row in require_type(entry["step"], list, f"{place}.step")]
    if len(step) != shape[0] or any(len(row) != shape[1] for row in step):
        raise InputError(f"{place}.step is not {shape[0]} rows of {shape[1]} numbers")
    return WeightMap(codes, np.array(step, dtype=np.float64).reshape(shape[:2]))


def _decode_fidelity(entry: Any, place: str) -> Fidelity | None:
    if entry is None:
        return None
    names = [item.name for item in fields(Fidelity)]
    record(entry, place, required=names)
    return Fidelity(**{name: _number(entry[name], f"{place}.{name}") for name in names})


def _decode_prediction(entry: Any) -> Prediction:
    record(entry, "prediction", required=("answer", "probability", "expected", "alternatives"))
    others = []
    for item in require_type(entry["alternatives"], list, "prediction.alternatives"):
        if len(require_type(item, list, "prediction.alternatives")) != 2:
            raise InputError(f"prediction.alternatives has {short(item)}, expected [answer, probability]")
        answer = require_type(item[0], str, "prediction.alternatives")
        others.append((answer, _number(item[1], "prediction.alternatives")))
    expected = entry["expected"]
    return Prediction(
        answer=require_type(entry["answer"], str, "prediction.answer"),
        probability=_number(entry["probability"], "prediction.probability"),
        expected=None if expected is None else require_type(expected, str, "prediction.expected"),
        alternatives=tuple(others),
    )


def _decode_truth(entry: Any, place: str, sizes: dict[str, int]) -> tuple[Pair, Tensor]:
    record(entry, place, required=("pair", "cells"))
    pair = _pair(entry["pair"], f"{place}.pair")
    if unknown := set(pair) - sizes.keys():
        raise InputError(f"{place}.pair has {short(min(unknown))}, but the nodes are {list(sizes)}")
    true = torch.zeros(sizes[pair[0]], sizes[pair[1]], dtype=torch.bool)
    for cell in require_type(entry["cells"], list, f"{place}.cells"):
        at = [require_type(n, int, f"{place}.cells") for n in require_type(cell, list, f"{place}.cells")]
        if len(at) != 2 or not (0 <= at[0] < len(true) and 0 <= at[1] < true.shape[1]):
            raise InputError(f"{place}.cells has {at}, outside {list(true.shape)}")
        true[at[0], at[1]] = True
    return pair, true


def _decode_path(entry: Any, place: str) -> Path:
    record(entry, place, required=("nodes", "relations", "weight"))
    nodes = []
    for item in require_type(entry["nodes"], list, f"{place}.nodes"):
        if len(require_type(item, list, f"{place}.nodes")) != 2:
            raise InputError(f"{place}.nodes has {short(item)}, expected [type, number]")
        nodes.append(
            (require_type(item[0], str, f"{place}.nodes"), require_type(item[1], int, f"{place}.nodes"))
        )
    relations = require_type(entry["relations"], list, f"{place}.relations")
    names = tuple(require_type(name, str, f"{place}.relations") for name in relations)
    return Path(tuple(nodes), names, _number(entry["weight"], f"{place}.weight"))


def _decode_image(entry: Any) -> Image.Image:
    record(entry, "image", required=("mime", "size", "data"))
    return load_image(_bytes(entry["data"], "image.data"))


def _decode_sound(entry: Any) -> Waveform:
    record(entry, "sound", required=("mime", "rate", "seconds", "data"))
    return load_sound(_bytes(entry["data"], "sound.data"), require_type(entry["rate"], int, "sound.rate"))


def _pair(value: Any, place: str) -> Pair:
    names = [require_type(name, str, place) for name in require_type(value, list, place)]
    if len(names) != 2:
        raise InputError(f"{place} is {short(names)}, expected [source type, target type]")
    return names[0], names[1]


def _bytes(value: Any, place: str) -> bytes:
    try:
        return base64.b64decode(require_type(value, str, place), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"{place} is no base64: {error}") from error


def _number(value: Any, place: str) -> float:
    if type(value) not in (int, float) or not abs(value) < float("inf"):
        raise InputError(f"{place} is {short(value)}, expected a finite number")
    return float(value)


def _numbers(value: Any, place: str) -> list[float]:
    return [_number(item, place) for item in require_type(value, list, place)]
