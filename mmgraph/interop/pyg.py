"""Graphs as PyG's HeteroData and Batch, and back, without loss.

`x`, `pos`, `edge_index`, `edge_attr`, `batch` and `ptr` have PyG's names. Scores and origins are `edge_score`
and `edge_origin`, labels a list of strings `label` in the node store; extra tensors lie in the stores, and
targets in the data object, under their own names. The schema and the samples' records travel as JSON text in
`data.mmgraph_schema` and `data.mmgraph_sample`.

PyG gives names a meaning: what contains "batch", or "index" in an edge store, is shifted when samples are put
into a batch. Extra tensors and targets of such a name, or of one that is taken, are written as `tensor_0`,
`tensor_1`, ... and get their name again on the way back.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data, HeteroData

from mmgraph.errors import InputError
from mmgraph.graph.collate import in_sample_order
from mmgraph.graph.hetero_graph import COMPLETE, EdgeIndex, HeteroGraph, Sample
from mmgraph.graph.schema import EdgeSpec, EdgeType, NodeSpec, NodeType, Schema
from mmgraph.graph.validate import validate
from mmgraph.interop.checked import parse, record, require_type, short
from mmgraph.interop.plain import as_edge_type, decode_sample, decode_schema, encode_sample, encode_schema
from mmgraph.interop.stores import (
    EDGE_FIELDS,
    NODE_FIELDS,
    expected_fields,
    field_tensors,
    require_complete,
    safe_names,
)
from mmgraph.ops import ragged

__all__ = ["from_pyg", "to_pyg"]

SCHEMA, SAMPLE = "mmgraph_schema", "mmgraph_sample"

Key = NodeType | EdgeType | None
"""Of a node store, of an edge store, or of the data object itself."""

Names = dict[Key, dict[str, str]]
"""For each store, the name in the graph of each extra tensor or target -> the name that is written."""

Stores = dict[Any, dict[str, Any]]
"""What is in the stores, by key and name."""


# ---------------------------------------------------------------------- to PyG


def to_pyg(graph: HeteroGraph) -> HeteroData:
    """A graph as PyG data: HeteroData for one sample, a Batch for several.

    The Batch is the one that PyG makes of the samples: `num_graphs`, `to_data_list()` and `batch[i]` are
    right, also where a sample lacks a modality. Complete relations are written out, so that PyG's layers find
    their `edge_index`. Edges that do not lie sample after sample are put into that order, as `split` does.

    Raises:
        InputError: the graph has no sample at all, which PyG cannot hold.
    """
    if graph.num_graphs == 0:
        raise InputError(
            "to_pyg got a graph of no samples, and PyG has no such Batch: give at least one sample"
        )
    graph = in_sample_order(graph)
    several = graph.num_graphs > 1
    data = Batch(_base_cls=HeteroData) if several else HeteroData()
    for key, values in _written(graph).items():
        store = _store(data, key)
        for name, value in values.items():
            store[name] = value if several or not isinstance(value, list) else value[0]
    if several:
        _finish_batch(data, graph)
    return data


def _store(data: HeteroData, key: Key) -> Any:
    if key is None:
        return data.stores[0]
    return data.get_node_store(key) if isinstance(key, str) else data.get_edge_store(*key)


def _written(graph: HeteroGraph) -> Stores:
    """Everything that is written, by store and name; lists have an item for each sample."""
    names = _names(graph)
    stores: Stores = {
        None: {names[None][name]: value for name, value in graph.target.items()}
        | {
            SCHEMA: [_schema_text(graph, names)] * graph.num_graphs,
            SAMPLE: [json.dumps(encode_sample(sample)) for sample in graph.samples],
        }
    }
    for node_type in graph.schema.nodes:
        stores[node_type] = dict(field_tensors(graph, node_type))
        if node_type in graph.label:
            ends = pairwise(accumulate(graph.sizes[node_type], initial=0))
            stores[node_type]["label"] = [list(graph.label[node_type][start:end]) for start, end in ends]
    for edge_type in graph.schema.edges:
        stores[edge_type] = {"edge_index": graph.edges(edge_type), **field_tensors(graph, edge_type)}
    for key, extra in graph.extra.items():
        stores[key] |= {names[key][name]: value for name, value in extra.items()}
    return stores


def _names(graph: HeteroGraph) -> Names:
    types = {*graph.schema.nodes, *(key[1] for key in graph.schema.edges)}
    names: Names = {None: safe_names(graph.target, {SCHEMA, SAMPLE, *types}, _is_special)}
    for key, extra in graph.extra.items():
        taken = {
            "edge_index",
            *expected_fields(graph.schema, key),
            *(["label"] if key in graph.label else []),
        }
        names[key] = safe_names(extra, taken, _is_special_of_edges if isinstance(key, tuple) else _is_special)
    return names


def _is_special(name: str) -> bool:
    """Whether PyG does more with a tensor of this name than to put the samples' rows together."""
    return "batch" in name or name in ("ptr", "num_nodes")


def _is_special_of_edges(name: str) -> bool:
    return _is_special(name) or "index" in name


def _schema_text(graph: HeteroGraph, names: Names) -> str:
    renamed = [
        [list(key) if isinstance(key, tuple) else key, name, new]
        for key, new_names in names.items()
        for name, new in new_names.items()
        if name != new
    ]
    extra = [list(key) if isinstance(key, tuple) else key for key in graph.extra]
    return json.dumps({"schema": encode_schema(graph.schema), "extra": extra, "renamed": renamed})


def _finish_batch(data: HeteroData, graph: HeteroGraph) -> None:
    """Batch vectors, and what PyG needs to take the batch apart again."""
    slices: dict[Any, Any] = {}
    increments: dict[Any, Any] = {}
    one_each = torch.arange(graph.num_graphs + 1)
    nothing = torch.zeros(graph.num_graphs, dtype=torch.long)
    starts = {key: ragged.offsets(sizes) for key, sizes in graph.sizes.items()}
    for name, value in data.stores[0].items():
        slices[name] = one_each
        increments[name] = nothing if isinstance(value, Tensor) else None
    for node_type, store in data.node_items():
        slices[node_type], increments[node_type] = {}, {}
        for name, value in store.items():
            is_list = isinstance(value, list)
            slices[node_type][name] = one_each if is_list else starts[node_type]
            increments[node_type][name] = None if is_list else nothing
        store.batch = graph.batch[node_type]
        store.ptr = starts[node_type].to(graph.device)
    for edge_type, store in data.edge_items():
        rows = ragged.offsets(graph.edge_sizes(edge_type))
        slices[edge_type] = dict.fromkeys(store, rows)
        increments[edge_type] = dict.fromkeys(store, nothing)
        shift = torch.stack([starts[edge_type[0]][:-1], starts[edge_type[2]][:-1]], dim=1)
        increments[edge_type]["edge_index"] = shift[:, :, None]
    data.__dict__ |= {"_num_graphs": graph.num_graphs, "_slice_dict": slices, "_inc_dict": increments}


# ---------------------------------------------------------------------- from PyG


def from_pyg(data: HeteroData | Data) -> HeteroGraph:
    """The graph of PyG data, whether `to_pyg` made it or somebody else.

    Node types and edge types of which `data.mmgraph_schema` says nothing have their specs inferred: a float
    `x [N, D]` is features and an int64 `x [N]` ids; a float `edge_attr [E, D]` is attributes. Every other
    tensor with a row for each node, edge or sample becomes an extra or a target; a list of strings `label`
    becomes the labels. What cannot be carried is an error, never left out, and `to_pyg(from_pyg(data))` has
    the tensors of `data`.

    Raises:
        InputError: names what cannot be carried: a node type without `x`, a tensor with another number of
            rows, a name that PyG shifts in batches, a value that is no tensor; or what is not sound.
    """
    if not isinstance(data, HeteroData):
        raise InputError(
            f"from_pyg got {type(data).__name__}, expected HeteroData: call data.to_heterogeneous()"
        )
    stores: Stores = {store._key: dict(store.items()) for store in data.stores}
    num_graphs = _num_graphs(data)
    schema, extra_keys, names = _take_schema(stores[None], num_graphs)
    samples = _take_samples(stores[None], num_graphs or 1)
    sizes = {key: _take_sizes(stores[key], key, num_graphs) for key in data.node_types}
    schema = _schema_of_all(schema, stores)
    tensors: dict[str, dict[Any, Any]] = {name: {} for name in (*NODE_FIELDS, *EDGE_FIELDS)}
    keys: list[NodeType | EdgeType] = [*schema.nodes, *schema.edges]
    for key in keys:
        for name in expected_fields(schema, key):
            tensors[name][key] = _take(stores[key], key, name)
    edge_index = {key: _take_edges(stores[key], key, spec, sizes) for key, spec in schema.edges.items()}
    label = {
        key: _take_labels(stores[key], key, num_graphs)
        for key in schema.nodes
        if isinstance(stores[key].get("label"), list)
    }
    graph = HeteroGraph(
        schema=schema,
        samples=samples,
        sizes=sizes,
        batch={key: ragged.sample_of(value).to(tensors["x"][key].device) for key, value in sizes.items()},
        edge_index=edge_index,
        label=label,
        **tensors,
    )
    rest = {key: _rest(values, key, graph, names.get(key, {})) for key, values in stores.items()}
    extra = {key: values for key, values in rest.items() if key is not None and (values or key in extra_keys)}
    return validate(replace(graph, extra=extra, target=rest[None]))


def _place(key: Key) -> str:
    return "data" if key is None else f"data[{key!r}]"


def _num_graphs(data: HeteroData) -> int | None:
    """How many samples a Batch has; None for data that is no Batch."""
    if not isinstance(data, Batch):
        return None
    try:
        return int(data.num_graphs)
    except (ValueError, AttributeError) as error:
        raise InputError(f"from_pyg cannot tell how many samples the Batch has: {error}") from error


def _take(values: dict[str, Any], key: Key, name: str) -> Tensor:
    value = values.pop(name, None)
    if not isinstance(value, Tensor):
        came = "missing" if value is None else f"{type(value).__name__}"
        raise InputError(f"{_place(key)}.{name} is {came}, expected a tensor")
    return value


def _take_schema(values: dict[str, Any], num_graphs: int | None) -> tuple[Schema, set[Key], Names]:
    """The schema that `to_pyg` wrote, which types have extras, and names to put back; or all empty."""
    texts = _take_texts(values, SCHEMA, num_graphs)
    if texts is None:
        return Schema(), set(), {}
    if len(set(texts)) != 1:
        raise InputError(
            f"data.{SCHEMA} has {len(set(texts))} different schemas: batch samples of one schema"
        )
    place = f"data.{SCHEMA}"
    written = record(parse(texts[0]), place, required=("schema", "extra", "renamed"))
    names: Names = {}
    for entry in require_type(written["renamed"], list, place):
        if len(require_type(entry, list, place)) != 3:
            raise InputError(f"{place} renames {short(entry)}, expected [type, name, written name]")
        name, new = (require_type(item, str, place) for item in entry[1:])
        names.setdefault(_read_key(entry[0], place), {})[new] = name
    extra_keys = {_read_key(key, place) for key in require_type(written["extra"], list, place)}
    return decode_schema(written["schema"], place), extra_keys, names


def _read_key(value: Any, place: str) -> Key:
    return value if value is None or isinstance(value, str) else as_edge_type(value, place)


def _take_samples(values: dict[str, Any], count: int) -> tuple[Sample, ...]:
    texts = _take_texts(values, SAMPLE, count)
    if texts is None:
        return tuple(Sample(str(number)) for number in range(count))
    return tuple(decode_sample(parse(text), f"data.{SAMPLE}") for text in texts)


def _take_texts(values: dict[str, Any], name: str, num_graphs: int | None) -> list[str] | None:
    """One text for each sample, if there are any."""
    texts = values.pop(name, None)
    if texts is None:
        return None
    texts = [texts] if isinstance(texts, str) else texts
    is_list = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    if not is_list or len(texts) != (num_graphs or 1):
        raise InputError(f"data.{name} is not one text for each of the {num_graphs or 1} samples")
    return texts


def _take_sizes(values: dict[str, Any], key: NodeType, num_graphs: int | None) -> tuple[int, ...]:
    """How many nodes of a type each sample has."""
    x = values.get("x")
    if not isinstance(x, Tensor) or x.ndim == 0:
        raise InputError(
            f"{_place(key)} has no tensor x, and mmgraph has no nodes without features or ids: "
            "set x = torch.arange(num_nodes) for ids, or x = torch.ones(num_nodes, 1)"
        )
    if (num_nodes := values.pop("num_nodes", len(x))) != len(x):
        raise InputError(f"{_place(key)}.num_nodes is {num_nodes}, but x has {len(x)} rows")
    if num_graphs is None:
        return (len(x),)
    batch, ptr = _take(values, key, "batch"), _take(values, key, "ptr")
    if ptr.ndim != 1 or len(ptr) != num_graphs + 1:
        raise InputError(
            f"{_place(key)}.ptr has the shape {list(ptr.shape)}, expected [{num_graphs + 1}] for "
            f"{num_graphs} samples: PyG loses count where a sample lacks a node type; give zero rows there, "
            "or use mmgraph.collate"
        )
    sizes = tuple(ptr.diff().tolist())
    sound = min(sizes, default=0) >= 0 and sum(sizes) == len(x)
    if not sound or not torch.equal(batch.cpu(), ragged.sample_of(sizes)):
        raise InputError(f"{_place(key)}: batch, ptr and the {len(x)} rows of x do not agree")
    return sizes


def _take_labels(values: dict[str, Any], key: NodeType, num_graphs: int | None) -> tuple[str, ...]:
    label = values.pop("label")
    parts = [label] if num_graphs is None else label
    if not all(isinstance(part, list) and all(isinstance(item, str) for item in part) for part in parts):
        raise InputError(f"{_place(key)}.label is a list, but not one of strings for each sample")
    return tuple(item for part in parts for item in part)


def _take_edges(
    values: dict[str, Any], key: EdgeType, spec: EdgeSpec, sizes: Mapping[NodeType, tuple[int, ...]]
) -> EdgeIndex:
    index = _take(values, key, "edge_index")
    if not spec.complete:
        return index
    require_complete(index, key, sizes, f"{_place(key)}.edge_index")
    return COMPLETE


def _rest(
    values: dict[str, Any], key: Key, graph: HeteroGraph, names: Mapping[str, str]
) -> dict[str, Tensor]:
    """What no field has taken: extra tensors, or the targets."""
    if key is None:
        count, rows = graph.num_graphs, "sample"
    else:
        count = graph.num_nodes(key) if isinstance(key, str) else graph.num_edges(key)
        rows = "node" if isinstance(key, str) else "edge"
    is_special = _is_special_of_edges if isinstance(key, tuple) else _is_special
    found = {}
    for name, value in values.items():
        place = f"{_place(key)}.{name}"
        if is_special(name):
            raise InputError(
                f"{place} cannot be carried: PyG shifts tensors of this name; delete or rename it"
            )
        if not isinstance(value, Tensor):
            raise InputError(f"{place} is {type(value).__name__}, which cannot be carried: delete it")
        if value.ndim == 0 or len(value) != count:
            raise InputError(
                f"{place} has the shape {list(value.shape)} and cannot be carried: expected one row for each "
                f"{rows}, {count} in all; reshape or delete it"
            )
        found[names.get(name, name)] = value
    return found


# ---------------------------------------------------------------------- schemas of others


def _schema_of_all(schema: Schema, stores: Stores) -> Schema:
    """The schema with what the stores have beyond it."""
    for key in [*schema.nodes, *schema.edges]:
        if key not in stores:
            raise InputError(
                f"data lacks {key!r}, which its schema has: give it zero rows, or delete data.{SCHEMA} and "
                f"data.{SAMPLE} to have the schema inferred"
            )
    nodes, edges = dict(schema.nodes), dict(schema.edges)
    for key, values in stores.items():
        if isinstance(key, str) and key not in nodes:
            nodes[key] = _infer_node(values["x"], key)
        elif isinstance(key, tuple) and key not in edges:
            edges[key] = _infer_edge(values)
    return Schema(nodes, edges)


def _infer_node(x: Tensor, key: NodeType) -> NodeSpec:
    if x.is_floating_point() and x.ndim == 2 and x.shape[1]:
        return NodeSpec(x.shape[1])
    if x.dtype == torch.long and x.ndim == 1:
        return NodeSpec(0, num_ids=int(x.max()) + 1 if len(x) else 0)
    raise InputError(
        f"{_place(key)}.x is {x.dtype} {list(x.shape)}, expected floating-point features [nodes, width] or "
        "int64 ids [nodes]"
    )


def _infer_edge(values: dict[str, Any]) -> EdgeSpec:
    attr = values.get("edge_attr")
    if isinstance(attr, Tensor) and attr.is_floating_point() and attr.ndim == 2:
        return EdgeSpec(attr_dim=attr.shape[1])
    return EdgeSpec()
