"""The explanation of a document, in which nothing is trusted."""

import base64
import binascii
import math
import sys
import zlib
from dataclasses import fields, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Attribution, Fidelity, Pair
from mmgraph.explanation.explanation import Explanation, Path, Prediction
from mmgraph.explanation.format import FORMAT, LONGEST, MAX_WEIGHTS, RATE, VERSION
from mmgraph.explanation.weight_map import DTYPES, WeightMap
from mmgraph.graph.validate import validate
from mmgraph.interop.checked import record, require_type, short
from mmgraph.interop.document import decode_graph
from mmgraph.interop.nested import from_plain
from mmgraph.media.picture import load_image
from mmgraph.media.sound import Waveform, load_sound

__all__ = ["decode_explanation"]

LARGEST = sys.float_info.max

Value = TypeVar("Value")


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
        attributions=tuple(_each(document["methods"], "methods", partial(_decode_attribution, room=_Room()))),
        image=None if document["image"] is None else _decode_image(document["image"]),
        sound=None if document["sound"] is None else _decode_sound(document["sound"]),
        truth=_once(_each(document["truth"], "truth", partial(_decode_truth, sizes=sizes)), "truth"),
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


def _once(entries: list[tuple[Pair, Value]], place: str) -> dict[Pair, Value]:
    found = dict(entries)
    if len(found) < len(entries):
        pairs = [pair for pair, _ in entries]
        raise InputError(f"{place} has {next(p for p in pairs if pairs.count(p) > 1)} twice")
    return found


class _Room:
    """How many weights may still be unpacked: small files can hold a great many."""

    def __init__(self) -> None:
        self.left = MAX_WEIGHTS

    def take(self, count: int, place: str) -> None:
        self.left -= count
        if self.left < 0:
            raise InputError(f"{place}: with this map there are more than {MAX_WEIGHTS} weights")


def _decode_attribution(entry: Any, place: str, room: _Room) -> Attribution:
    record(entry, place, required=("method", "note", "maps", "nodes", "fidelity", "chance"))
    nodes = require_type(entry["nodes"], dict, f"{place}.nodes")
    maps = _each(entry["maps"], f"{place}.maps", partial(_decode_map, room=room))
    return Attribution(
        method=require_type(entry["method"], str, f"{place}.method"),
        maps=_once(maps, f"{place}.maps"),
        nodes={
            key: torch.tensor(_numbers(value, f"{place}.nodes[{key!r}]"), dtype=torch.float64)
            for key, value in nodes.items()
        },
        fidelity=_decode_fidelity(entry["fidelity"], f"{place}.fidelity"),
        chance=_decode_fidelity(entry["chance"], f"{place}.chance"),
        note=require_type(entry["note"], str, f"{place}.note"),
    )


def _decode_map(entry: Any, place: str, room: _Room) -> tuple[Pair, WeightMap]:
    record(entry, place, required=("pair", "shape", "dtype", "step", "codes"))
    shape = [
        require_type(n, int, f"{place}.shape") for n in require_type(entry["shape"], list, f"{place}.shape")
    ]
    if len(shape) != 4 or min(shape) < 0 or math.prod(max(n, 1) for n in shape) > MAX_WEIGHTS:
        raise InputError(
            f"{place}.shape is {[short(n) for n in shape[:5]]}, expected [layers, heads, S, T], at most "
            f"{MAX_WEIGHTS} weights"
        )
    room.take(math.prod(shape), place)
    dtype = entry["dtype"]
    if type(dtype) is not str or dtype not in DTYPES:
        raise InputError(f"{place}.dtype is {short(dtype)}, expected one of {', '.join(DTYPES)}")
    size = math.prod(shape) * np.dtype(dtype).itemsize
    unpack = zlib.decompressobj()
    try:
        # No more than belongs there, whatever the file holds.
        content = unpack.decompress(_bytes(entry["codes"], f"{place}.codes"), size + 1)
    except zlib.error as error:
        raise InputError(f"{place}.codes is not compressed by zlib: {error}") from error
    if len(content) != size or not unpack.eof or unpack.unused_data:
        raise InputError(f"{place}.codes does not hold {size} bytes, as {dtype} of shape {shape} do")
    codes = np.frombuffer(content, np.dtype(dtype).newbyteorder("<")).astype(dtype).reshape(shape)
    step = [_numbers(row, f"{place}.step") for row in require_type(entry["step"], list, f"{place}.step")]
    if len(step) != shape[0] or any(len(row) != shape[1] for row in step):
        raise InputError(f"{place}.step is not {shape[0]} rows of {shape[1]} numbers")
    pair = _pair(entry["pair"], f"{place}.pair")
    return pair, WeightMap(codes, np.array(step, dtype=np.float64).reshape(shape[:2]))


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


def _decode_truth(entry: Any, place: str, *, sizes: dict[str, int]) -> tuple[Pair, Tensor]:
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
    _one_of(entry["mime"], ("image/png", "image/jpeg"), "image.mime")
    image = load_image(_bytes(entry["data"], "image.data"))
    if [*image.size] != entry["size"]:
        raise InputError(f"image.size is {short(entry['size'])}, but the picture has {list(image.size)}")
    return image


def _decode_sound(entry: Any) -> Waveform:
    record(entry, "sound", required=("mime", "rate", "seconds", "data"))
    _one_of(entry["mime"], ("audio/flac",), "sound.mime")
    rate = require_type(entry["rate"], int, "sound.rate")
    if rate > RATE:
        raise InputError(f"sound.rate is {short(rate)}, expected at most {RATE}")
    sound = load_sound(_bytes(entry["data"], "sound.data"), rate, LONGEST)
    seconds = _number(entry["seconds"], "sound.seconds")
    if abs(seconds - sound.seconds) > 0.1:
        raise InputError(f"sound.seconds is {seconds}, but the sound lasts {sound.seconds:.3f} s")
    return replace(sound, seconds=seconds)


def _one_of(value: Any, expected: tuple[str, ...], place: str) -> None:
    if type(value) is not str or value not in expected:
        raise InputError(f"{place} is {short(value)}, expected {' or '.join(expected)}")


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
    # A float's largest; an integer may be larger.
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise InputError(f"{place} is {short(value)}, expected a finite number")
    return float(value)


def _numbers(value: Any, place: str) -> list[float]:
    return [_number(item, place) for item in require_type(value, list, place)]
