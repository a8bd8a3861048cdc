"""A graph as one document of plain values, in which something of the file's choice stands for each tensor."""

from collections.abc import Callable
from itertools import chain
from typing import Any

from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph.hetero_graph import COMPLETE, HeteroGraph
from mmgraph.graph.schema import EdgeType, NodeType
from mmgraph.interop.checked import record, require_type, short
from mmgraph.interop.plain import as_edge_type, decode_samples, decode_schema, encode_samples, encode_schema
from mmgraph.interop.stores import EDGE_FIELDS, NODE_FIELDS, field_tensors
from mmgraph.ops import ragged

__all__ = ["FORMAT", "VERSION", "decode_graph", "encode_graph"]

FORMAT, VERSION = "mmgraph.graph", 1

Write = Callable[[Tensor, str], Any]
"""Takes a tensor and its place in the graph; returns what stands for it."""

Read = Callable[[Any, str], Tensor]
"""Takes what stands for a tensor and its place in the graph; returns the tensor."""

Fields = dict[str, dict[Any, Any]]


def encode_graph(graph: HeteroGraph, write: Write) -> dict[str, Any]:
    """The document of a graph."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "schema": encode_schema(graph.schema),
        "samples": encode_samples(graph.samples),
        "nodes": {key: _encode_nodes(graph, key, write) for key in graph.schema.nodes},
        "edges": [_encode_edges(graph, key, write) for key in graph.schema.edges],
        "target": {name: write(value, _place("target", name)) for name, value in graph.target.items()},
    }


def _encode_nodes(graph: HeteroGraph, key: NodeType, write: Write) -> dict[str, Any]:
    entry: dict[str, Any] = {"sizes": list(graph.sizes[key])}
    if key in graph.label:
        entry["label"] = list(graph.label[key])
    return entry | _encode_fields(graph, key, write)


def _encode_edges(graph: HeteroGraph, key: EdgeType, write: Write) -> dict[str, Any]:
    index = graph.edge_index[key]
    stored = write(index, _place("edge_index", key)) if isinstance(index, Tensor) else COMPLETE.value
    entry = {"type": list(key), "edge_index": stored}
    return entry | _encode_fields(graph, key, write)


def _encode_fields(graph: HeteroGraph, key: NodeType | EdgeType, write: Write) -> dict[str, Any]:
    tensors = field_tensors(graph, key).items()
    entry: dict[str, Any] = {name: write(value, _place(name, key)) for name, value in tensors}
    if key in graph.extra:
        extra = graph.extra[key].items()
        entry["extra"] = {name: write(value, _place("extra", key, name)) for name, value in extra}
    return entry


def decode_graph(document: Any, read: Read) -> HeteroGraph:
    """The graph of a document that `encode_graph` made. It is not validated yet.

    Raises:
        InputError: names the first value that is missing, unknown or of the wrong kind.
    """
    _check_version(document)
    keys = ("format", "version", "schema", "samples", "nodes", "edges", "target")
    record(document, "the document", required=keys)
    schema, samples = decode_schema(document["schema"]), decode_samples(document["samples"])
    found: Fields = {
        name: {} for name in ("sizes", "label", "extra", "edge_index", *NODE_FIELDS, *EDGE_FIELDS)
    }
    nodes = record(document["nodes"], "nodes", required=schema.nodes)
    for node_type in schema.nodes:
        _decode_nodes(node_type, nodes[node_type], len(samples), found, read)
    for number, entry in enumerate(require_type(document["edges"], list, "edges")):
        _decode_edges(f"edges[{number}]", entry, found, read)
    target = require_type(document["target"], dict, "target")
    return HeteroGraph(
        schema=schema,
        samples=samples,
        batch={key: ragged.sample_of(sizes) for key, sizes in found["sizes"].items()},
        target={name: read(value, _place("target", name)) for name, value in target.items()},
        **found,
    )


def _check_version(document: Any) -> None:
    require_type(document, dict, "the document")
    if document.get("format") != FORMAT:
        raise InputError(f"format is {short(document.get('format'))}, expected {FORMAT!r}")
    if type(document.get("version")) is not int or document["version"] != VERSION:
        raise InputError(
            f"version is {short(document.get('version'))}, but this mmgraph reads version {VERSION}: "
            "read it with the mmgraph that wrote it"
        )


def _decode_nodes(key: NodeType, entry: Any, num_graphs: int, found: Fields, read: Read) -> None:
    place = f"nodes[{key!r}]"
    record(entry, place, required=("sizes", "x"), optional=("pos", "label", "extra"))
    sizes = require_type(entry["sizes"], list, f"{place}.sizes")
    for size in sizes:
        if require_type(size, int, f"{place}.sizes") < 0:
            raise InputError(f"{place}.sizes has {short(size)}, expected counts >= 0")
    _decode_fields(key, entry, NODE_FIELDS, place, found, read)
    x = found["x"][key]
    # Here and not only in validate: the batch vector is as long as the sizes say.
    if len(sizes) != num_graphs or x.ndim == 0 or sum(sizes) != len(x):
        raise InputError(
            f"{place}.sizes has {len(sizes)} counts, {short(sum(sizes))} in all, but there are {num_graphs} "
            f"samples, and x has the shape {list(x.shape)}"
        )
    found["sizes"][key] = tuple(sizes)
    if "label" in entry:
        label = require_type(entry["label"], list, f"{place}.label")
        found["label"][key] = tuple(require_type(item, str, f"{place}.label") for item in label)


def _decode_edges(place: str, entry: Any, found: Fields, read: Read) -> None:
    record(entry, place, required=("type", "edge_index"), optional=(*EDGE_FIELDS, "extra"))
    key = as_edge_type(entry["type"], f"{place}.type")
    if key in found["edge_index"]:
        raise InputError(f"{place}: edge type {key} stands twice")
    index = entry["edge_index"]
    complete = type(index) is str and index == COMPLETE.value
    found["edge_index"][key] = COMPLETE if complete else read(index, _place("edge_index", key))
    _decode_fields(key, entry, EDGE_FIELDS, place, found, read)


def _decode_fields(
    key: NodeType | EdgeType,
    entry: dict[str, Any],
    names: tuple[str, ...],
    place: str,
    found: Fields,
    read: Read,
) -> None:
    for name in names:
        if name in entry:
            found[name][key] = read(entry[name], _place(name, key))
    if "extra" in entry:
        extra = require_type(entry["extra"], dict, f"{place}.extra").items()
        found["extra"][key] = {name: read(value, _place("extra", key, name)) for name, value in extra}


def _place(field: str, *keys: str | EdgeType) -> str:
    """Where a tensor stands, which is also its name in a file: x/region, edge_score/token/informs/region."""
    parts = chain.from_iterable([key] if isinstance(key, str) else key for key in keys)
    return "/".join([field, *(part.replace("%", "%25").replace("/", "%2F") for part in parts)])
