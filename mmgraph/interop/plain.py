"""Schemas and the records of samples as plain JSON values, and back with every value checked."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from mmgraph.errors import InputError
from mmgraph.graph.hetero_graph import Sample
from mmgraph.graph.schema import POS_WIDTH, EdgeSpec, EdgeType, NodeSpec, Schema
from mmgraph.interop.checked import record, require_type, short

__all__ = [
    "as_edge_type",
    "decode_sample",
    "decode_samples",
    "decode_schema",
    "encode_sample",
    "encode_samples",
    "encode_schema",
]


def encode_schema(schema: Schema) -> dict[str, Any]:
    """A schema as plain values; what has its default value is left out."""
    return {
        "nodes": {key: {"dim": spec.dim, **_without_defaults(spec)} for key, spec in schema.nodes.items()},
        "edges": [{"type": list(key), **_without_defaults(spec)} for key, spec in schema.edges.items()],
    }


def encode_sample(sample: Sample) -> dict[str, Any]:
    """The record of a sample as plain values; what is not known is left out."""
    return {"id": sample.id, **_without_defaults(sample)}


def encode_samples(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """The records of samples as plain values."""
    return [encode_sample(sample) for sample in samples]


def _without_defaults(item: NodeSpec | EdgeSpec | Sample) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for entry in fields(item):
        value = getattr(item, entry.name)
        if isinstance(value, Mapping):
            value = dict(value)
        if value != ({} if entry.name == "files" else entry.default):
            plain[entry.name] = list(value) if isinstance(value, tuple) else value
    return plain


def decode_schema(value: Any, place: str = "schema") -> Schema:
    """The schema of what `encode_schema` wrote.

    Raises:
        InputError: names the first value that is missing, unknown or of the wrong kind.
    """
    record(value, place, required=("nodes", "edges"))
    nodes = require_type(value["nodes"], dict, f"{place}.nodes")
    edges = {}
    for number, entry in enumerate(require_type(value["edges"], list, f"{place}.edges")):
        where = f"{place}.edges[{number}]"
        names = [item.name for item in fields(EdgeSpec)]
        record(entry, where, required=("type",), optional=names)
        edge_type = as_edge_type(entry["type"], f"{where}.type")
        if edge_type in edges:
            raise InputError(f"{where}: edge type {edge_type} stands twice")
        edges[edge_type] = _decode_edge_spec(entry, where)
    return Schema(
        {key: _decode_node_spec(entry, f"{place}.nodes[{key!r}]") for key, entry in nodes.items()}, edges
    )


def as_edge_type(value: Any, place: str) -> EdgeType:
    """Three strings as an edge type."""
    names = [require_type(name, str, place) for name in require_type(value, list, place)]
    if len(names) != 3:
        raise InputError(f"{place} is {short(value)}, expected [source type, relation, target type]")
    return (names[0], names[1], names[2])


def _decode_node_spec(value: Any, place: str) -> NodeSpec:
    record(value, place, required=("dim",), optional=("num_ids", "pos"))
    pos = value.get("pos")
    if pos is not None and (type(pos) is not str or pos not in POS_WIDTH):
        raise InputError(f"{place}.pos is {short(pos)}, expected one of {sorted(POS_WIDTH)}")
    num_ids = value.get("num_ids")
    if num_ids is not None:
        _count(num_ids, f"{place}.num_ids")
    return NodeSpec(_count(value["dim"], f"{place}.dim"), num_ids=num_ids, pos=pos)


def _decode_edge_spec(value: dict[str, Any], place: str) -> EdgeSpec:
    return EdgeSpec(
        complete=require_type(value.get("complete", False), bool, f"{place}.complete"),
        attr_dim=_count(value.get("attr_dim", 0), f"{place}.attr_dim"),
        classes=_items(value.get("classes", []), str, f"{place}.classes"),
        inverse=_items(value.get("inverse", []), int, f"{place}.inverse"),
        symmetric=require_type(value.get("symmetric", False), bool, f"{place}.symmetric"),
        scored=require_type(value.get("scored", False), bool, f"{place}.scored"),
        origins=_items(value.get("origins", []), str, f"{place}.origins"),
    )


def decode_samples(value: Any, place: str = "samples") -> tuple[Sample, ...]:
    """The records of a list of samples."""
    samples = require_type(value, list, place)
    return tuple(decode_sample(entry, f"{place}[{number}]") for number, entry in enumerate(samples))


def decode_sample(value: Any, place: str) -> Sample:
    """The record of one sample."""
    record(value, place, required=("id",), optional=("text", "image_size", "seconds", "files"))
    text, seconds, size = value.get("text"), value.get("seconds"), value.get("image_size")
    if text is not None:
        require_type(text, str, f"{place}.text")
    if size is not None and len(_items(size, int, f"{place}.image_size")) != 2:
        raise InputError(f"{place}.image_size has {len(size)} numbers, expected width and height")
    files = require_type(value.get("files", {}), dict, f"{place}.files")
    return Sample(
        id=require_type(value["id"], str, f"{place}.id"),
        text=text,
        image_size=None if size is None else (size[0], size[1]),
        seconds=None if seconds is None else _finite(seconds, f"{place}.seconds"),
        files={name: require_type(path, str, f"{place}.files") for name, path in files.items()},
    )


def _count(value: Any, place: str) -> int:
    if require_type(value, int, place) < 0:
        raise InputError(f"{place} is {short(value)}, expected a count >= 0")
    return value


def _items(value: Any, kind: type, place: str) -> tuple[Any, ...]:
    return tuple(require_type(item, kind, place) for item in require_type(value, list, place))


def _finite(value: Any, place: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
        raise InputError(f"{place} is {short(value)}, expected a finite number")
    return float(value)
