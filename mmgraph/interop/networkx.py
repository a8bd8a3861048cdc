"""Graphs as NetworkX's MultiDiGraph, and back, without loss.

A node is `(node_type, number in the batch)`, with the attributes `type`, `sample`, `index` and, where there
are any, `x`, `pos`, `label` and `extra`. An edge has its relation as key and the attributes `relation`,
`index` and, where there are any, `class` or `attr`, `score`, `origin`, `complete` and `extra`. The graph's
attributes are `samples`, `target`, `schema` and what else is needed for the way back. All values are plain
Python, so that `networkx.node_link_data` gives JSON; what is not finite is "NaN", "Infinity" or "-Infinity".
"""

from collections.abc import Mapping
from typing import Any

import networkx as nx
import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph.hetero_graph import COMPLETE, EdgeIndex, HeteroGraph
from mmgraph.graph.schema import EdgeSpec, EdgeType, NodeType, Schema
from mmgraph.graph.validate import validate
from mmgraph.interop.checked import record, require_type, short
from mmgraph.interop.nested import (
    dtype_name,
    from_nested,
    from_plain,
    read_dtype,
    shape_of,
    to_nested,
    to_plain,
)
from mmgraph.interop.plain import as_edge_type, decode_samples, decode_schema, encode_samples, encode_schema
from mmgraph.interop.stores import field_tensors, require_complete
from mmgraph.ops import ragged

__all__ = ["from_networkx", "to_networkx"]

FORMAT, VERSION = "mmgraph.networkx", 1
ABOUT = ("format", "version", "schema", "samples", "target", "labelled", "extra", "tensors")
BELONGING = ("type", "sample", "relation", "index", "complete")
ATTRIBUTES = {"x": "x", "pos": "pos", "edge_attr": "attr", "edge_score": "score", "edge_origin": "origin"}
"""Field of the graph -> attribute of a node or edge."""

Rows = list[dict[Any, Any]]
"""The attributes of each node of a type, or of each edge."""


# ---------------------------------------------------------------------- to NetworkX


def to_networkx(graph: HeteroGraph) -> nx.MultiDiGraph:
    """A graph, or a batch, as one MultiDiGraph of plain Python values.

    The pairs of a complete relation are written out, with their classes, and marked `complete=True`. Every
    float comes back exactly as it was. It is for drawing, inspecting and graph algorithms: the time is linear
    in nodes and edges, in Python.

    Raises:
        InputError: a tensor of a dtype that has no plain values, such as complex numbers.
    """
    out = nx.MultiDiGraph(
        format=FORMAT,
        version=VERSION,
        schema=encode_schema(graph.schema),
        samples=encode_samples(graph.samples),
        target={name: to_plain(value, f"target[{name!r}]") for name, value in graph.target.items()},
        labelled=list(graph.label),
        extra=[_plain_key(key) for key in graph.extra],
        tensors=[],
    )
    for node_type in graph.schema.nodes:
        rows = _rows(graph, node_type, graph.num_nodes(node_type), out.graph["tensors"])
        sample = graph.batch[node_type].tolist()
        for index, row in enumerate(rows):
            if node_type in graph.label:
                row["label"] = graph.label[node_type][index]
            out.add_node((node_type, index), type=node_type, sample=sample[index], index=index, **row)
    for edge_type in graph.schema.edges:
        _add_edges(out, graph, edge_type)
    return out


def _rows(graph: HeteroGraph, key: NodeType | EdgeType, count: int, tensors: list[dict[str, Any]]) -> Rows:
    """The attributes of each node or edge; the form of each tensor is put down in `tensors`."""
    rows: Rows = [{} for _ in range(count)]
    for name, tensor in field_tensors(graph, key).items():
        tensors.append(_form(key, name, None, tensor))
        for row, value in zip(rows, to_nested(tensor), strict=True):
            row[ATTRIBUTES[name]] = value
    for name, tensor in graph.extra.get(key, {}).items():
        tensors.append(_form(key, "extra", name, tensor))
        for row, value in zip(rows, to_nested(tensor), strict=True):
            row.setdefault("extra", {})[name] = value
    return rows


def _plain_key(key: NodeType | EdgeType) -> str | list[str]:
    return key if isinstance(key, str) else list(key)


def _form(key: NodeType | EdgeType, field: str, name: str | None, tensor: Tensor) -> dict[str, Any]:
    """What the rows alone do not say of a tensor."""
    place = f"{field}[{key!r}]" + (f"[{name!r}]" if name is not None else "")
    return {
        "key": _plain_key(key),
        "field": field,
        "name": name,
        "dtype": dtype_name(tensor, place),
        "shape": list(tensor.shape[1:]),
    }


def _add_edges(out: nx.MultiDiGraph, graph: HeteroGraph, edge_type: EdgeType) -> None:
    source_type, relation, target_type = edge_type
    spec, index = graph.schema.edges[edge_type], graph.edges(edge_type)
    rows = _rows(graph, edge_type, index.shape[1], out.graph["tensors"])
    for number, (source, target, row) in enumerate(zip(*index.tolist(), rows, strict=True)):
        if spec.classes:
            row["class"] = spec.classes[row.pop("attr")]
        if spec.origins:
            row["origin"] = spec.origins[row.get("origin", 0)]
        if spec.complete:
            row["complete"] = True
        ends = (source_type, source), (target_type, target)
        key = relation
        while out.has_edge(*ends, key):
            key = f"{relation} #{number}" if key == relation else key + "#"
        out.add_edge(*ends, key, relation=relation, index=number, **row)


# ---------------------------------------------------------------------- from NetworkX


def from_networkx(graph: nx.Graph) -> HeteroGraph:
    """The graph of what `to_networkx` made, also after `networkx.node_link_graph` read it from JSON.

    Nodes and edges may have been taken away or added: nodes are numbered anew by `sample` and `index`, edges
    by `index`.

    Raises:
        InputError: names the node, edge or attribute that is missing, unknown or of the wrong kind; a
            complete relation that lacks a pair; or what is not sound.
    """
    about = _check_about(graph)
    schema, samples = decode_schema(about["schema"]), decode_samples(about["samples"])
    nodes, edges = _nodes_by_type(graph, schema, len(samples)), _edges_by_type(graph, schema)
    number = {node: i for members in nodes.values() for i, node in enumerate(members)}
    sizes = {key: _sizes([graph.nodes[node]["sample"] for node in nodes[key]], len(samples)) for key in nodes}
    edge_index: dict[EdgeType, EdgeIndex] = {}
    for key, spec in schema.edges.items():
        pairs = [[number[source], number[target]] for source, target, _ in edges[key]]
        index = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).T.contiguous()
        if spec.complete:
            require_complete(index, key, sizes, f"relation {key}")
        edge_index[key] = COMPLETE if spec.complete else index
    rows: dict[Any, Rows] = {
        key: [_own(graph.nodes[node], f"node {node!r}") for node in nodes[key]] for key in nodes
    }
    rows |= {key: [_edge_row(row, schema.edges[key], key) for _, _, row in edges[key]] for key in edges}
    labelled = require_type(about["labelled"], list, "labelled")
    label = {
        key: tuple(
            require_type(item, str, f"the label of a {key} node") for item in _take(rows, key, "label")
        )
        for key in labelled
    }
    fields = _take_fields(rows, about["tensors"], about["extra"])
    _require_nothing_left(rows)
    target = require_type(about["target"], dict, "target")
    return validate(
        HeteroGraph(
            schema=schema,
            samples=samples,
            sizes=sizes,
            batch={key: ragged.sample_of(value) for key, value in sizes.items()},
            edge_index=edge_index,
            label=label,
            target={name: from_plain(value, f"target[{name!r}]") for name, value in target.items()},
            **fields,
        )
    )


def _check_about(graph: nx.Graph) -> dict[str, Any]:
    """The attributes of the graph."""
    if not isinstance(graph, nx.MultiDiGraph) or graph.graph.get("format") != FORMAT:
        raise InputError(
            f"from_networkx got a {type(graph).__name__} without format={FORMAT!r}, "
            "expected what to_networkx made"
        )
    if graph.graph.get("version") != VERSION:
        raise InputError(f"the graph's version is {short(graph.graph.get('version'))}, expected {VERSION}")
    return record(graph.graph, "the graph's attributes", required=ABOUT)


def _nodes_by_type(graph: nx.MultiDiGraph, schema: Schema, num_graphs: int) -> dict[NodeType, list[Any]]:
    """The nodes of each type, in order of sample and index."""
    found: dict[NodeType, list[Any]] = {key: [] for key in schema.nodes}
    for node, row in graph.nodes(data=True):
        place, node_type, sample = f"node {node!r}", row.get("type"), row.get("sample")
        if type(node_type) is not str or node_type not in found:
            raise InputError(f"{place} has the type {short(node_type)}, expected one of {list(found)}")
        if type(sample) is not int or not 0 <= sample < num_graphs:
            raise InputError(f"{place} has the sample {short(sample)}, expected 0 to {num_graphs - 1}")
        require_type(row.get("index"), int, f"the index of {place}")
        found[node_type].append(node)
    for members in found.values():
        members.sort(key=lambda node: (graph.nodes[node]["sample"], graph.nodes[node]["index"]))
    return found


def _edges_by_type(graph: nx.MultiDiGraph, schema: Schema) -> dict[EdgeType, list[tuple[Any, Any, Any]]]:
    """The edges of each type, in order of index: source, target, attributes."""
    found: dict[EdgeType, list[tuple[Any, Any, Any]]] = {key: [] for key in schema.edges}
    for source, target, row in graph.edges(data=True):
        place, relation = f"edge {source!r} -> {target!r}", row.get("relation")
        require_type(relation, str, f"the relation of {place}")
        require_type(row.get("index"), int, f"the index of {place}")
        edge_type = (graph.nodes[source]["type"], relation, graph.nodes[target]["type"])
        if edge_type not in found:
            raise InputError(f"{place} is of the type {edge_type}, which the schema does not have")
        found[edge_type].append((source, target, row))
    for members in found.values():
        members.sort(key=lambda edge: edge[2]["index"])
    return found


def _sizes(samples: list[int], num_graphs: int) -> tuple[int, ...]:
    return tuple(torch.bincount(torch.tensor(samples, dtype=torch.long), minlength=num_graphs).tolist())


def _own(row: Mapping[str, Any], place: str) -> dict[Any, Any]:
    """A copy of the attributes of a node or edge, without those that say where it belongs."""
    own: dict[Any, Any] = {name: value for name, value in row.items() if name not in BELONGING}
    extra = require_type(own.pop("extra", {}), dict, f"the attribute extra of {place}")
    return own | {("extra", name): value for name, value in extra.items()}


def _edge_row(row: Mapping[str, Any], spec: EdgeSpec, key: EdgeType) -> dict[Any, Any]:
    """The attributes of an edge, names of its class and origin as their numbers."""
    place = f"an edge of {key}"
    own = _own(row, place)
    if spec.classes:
        own["attr"] = _number(own.pop("class", None), spec.classes, f"the class of {place}")
    if spec.origins:
        own["origin"] = _number(own.pop("origin", None), spec.origins, f"the origin of {place}")
    if len(spec.origins) == 1:
        del own["origin"]
    return own


def _number(name: Any, names: tuple[str, ...], place: str) -> int:
    if type(name) is not str or name not in names:
        raise InputError(f"{place} is {short(name)}, expected one of {short(names)}")
    return names.index(name)


def _take(rows: dict[Any, Rows], key: Any, attribute: Any) -> list[Any]:
    """One attribute of all nodes or edges of a type, taken out of their rows."""
    if not isinstance(key, (str, tuple)) or key not in rows:
        raise InputError(f"{attribute} is said to be in {short(key)}, which the schema does not have")
    if any(attribute not in row for row in rows[key]):
        raise InputError(f"a node or edge of {key!r} lacks the attribute {attribute!r}, which the type has")
    return [row.pop(attribute) for row in rows[key]]


def _take_fields(rows: dict[Any, Rows], forms: Any, extra_keys: Any) -> dict[str, dict[Any, Any]]:
    """The tensors that the rows hold."""
    fields: dict[str, dict[Any, Any]] = {name: {} for name in ATTRIBUTES}
    fields["extra"] = {_read_key(key, "extra"): {} for key in require_type(extra_keys, list, "extra")}
    for number, form in enumerate(require_type(forms, list, "tensors")):
        place = f"tensors[{number}]"
        record(form, place, required=("key", "field", "name", "dtype", "shape"))
        key, field, name = (
            _read_key(form["key"], place),
            require_type(form["field"], str, place),
            form["name"],
        )
        if field == "extra":
            values, found = _take(rows, key, ("extra", name)), fields[field].setdefault(key, {})
            found[require_type(name, str, place)] = _column(form, values, f"extra[{key!r}][{name!r}]")
        elif field in ATTRIBUTES:
            fields[field][key] = _column(form, _take(rows, key, ATTRIBUTES[field]), f"{field}[{key!r}]")
        else:
            raise InputError(f"{place}.field is {short(field)}, expected one of {[*ATTRIBUTES, 'extra']}")
    return fields


def _read_key(value: Any, place: str) -> NodeType | EdgeType:
    return as_edge_type(value, place) if isinstance(value, list) else require_type(value, str, place)


def _column(form: dict[str, Any], values: list[Any], place: str) -> Tensor:
    shape = shape_of(form["shape"], f"{place}.shape")
    return from_nested(values, [len(values), *shape], read_dtype(form["dtype"], place), place)


def _require_nothing_left(rows: dict[Any, Rows]) -> None:
    """Nothing stands in the graph that would be left out."""
    for key, members in rows.items():
        for row in members:
            if row:
                raise InputError(
                    f"a {'node' if isinstance(key, str) else 'edge'} of {key!r} has the attribute "
                    f"{short(next(iter(row)))}, for which the graph has no place: remove it"
                )
