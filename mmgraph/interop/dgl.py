"""Graphs as DGL's heterographs, and back, without loss. DGL is the extra `dgl`: 1.1.3 or later, below 2.

Node data are `x`, `pos` and the extra tensors, edge data `edge_attr`, `edge_score`, `edge_origin` and the
extra tensors, under their own names; an extra tensor whose name is taken is written as `tensor_0`, ... What
DGL has no place for hangs on the graph object as the dict `mmgraph`: schema, samples, labels, targets. DGL
keeps it in `graph.to(device)` and `copy.copy`, and loses it in `dgl.batch`, `dgl.unbatch`, `dgl.save_graphs`
and whatever else makes a new graph: use `mmgraph.collate`, `mmgraph.split` and `graph.save` instead.
"""

import os
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from mmgraph.errors import InputError, MissingExtraError
from mmgraph.extras import require
from mmgraph.graph.collate import in_sample_order
from mmgraph.graph.hetero_graph import COMPLETE, EdgeIndex, HeteroGraph
from mmgraph.graph.schema import EdgeType, NodeType, Schema
from mmgraph.graph.validate import validate
from mmgraph.interop.stores import expected_fields, field_tensors, require_complete, safe_names
from mmgraph.ops import ragged

__all__ = ["from_dgl", "to_dgl"]

ABOUT = "mmgraph"
NO_RELATION = "mmgraph_none"
"""DGL has no graph without an edge type: where the schema has none, this one stands in, without edges."""


def to_dgl(graph: HeteroGraph) -> Any:
    """A graph, or a batch, as a `dgl.DGLGraph` on the same device.

    Samples are DGL's batch: `batch_size`, `batch_num_nodes` and the readout functions work. Complete
    relations are written out. Edges that do not lie sample after sample are put into that order, as `split`
    does.

    Raises:
        MissingExtraError: DGL is not installed, does not import, or is version 2 or later.
        InputError: the schema has no node type, or there are no samples, which DGL cannot hold.
    """
    dgl = _dgl()
    if not graph.schema.nodes or graph.num_graphs == 0:
        raise InputError(
            f"to_dgl got {len(graph.schema.nodes)} node types and {graph.num_graphs} samples, "
            "but DGL needs one of each"
        )
    graph = in_sample_order(graph)
    out = dgl.heterograph(
        _edges(graph),
        num_nodes_dict={key: graph.num_nodes(key) for key in graph.schema.nodes},
        idtype=torch.int64,
        device=graph.device,
    )
    names = {}
    keys: list[NodeType | EdgeType] = [*graph.schema.nodes, *graph.schema.edges]
    for key in keys:
        extra = graph.extra.get(key, {})
        names[key] = safe_names(extra, expected_fields(graph.schema, key))
        frame = _frame(out, key)
        for name, tensor in field_tensors(graph, key).items():
            frame[name] = tensor
        for name, tensor in extra.items():
            frame[names[key][name]] = tensor
    _set_batch(out, graph)
    setattr(
        out,
        ABOUT,
        {
            "schema": graph.schema,
            "samples": graph.samples,
            "label": dict(graph.label),
            "target": dict(graph.target),
            "extra": {key: {new: name for name, new in names[key].items()} for key in graph.extra},
        },
    )
    return out


def _dgl() -> ModuleType:
    """The package, or how to install the version that works."""
    # Without it, DGL asks for a backend by writing a file into the home folder.
    os.environ.setdefault("DGLBACKEND", "pytorch")
    advice = "mmgraph works with dgl>=1.1.3,<2 on Python 3.11: pip install 'dgl>=1.1.3,<2'"
    try:
        dgl = require("dgl")
    except MissingExtraError as error:
        raise MissingExtraError(f"{error}; {advice}") from error
    version = str(getattr(dgl, "__version__", "0"))
    if version.partition(".")[0] not in ("0", "1"):
        raise MissingExtraError(f"dgl {version} is installed, but {advice}")
    return dgl


def _edges(graph: HeteroGraph) -> dict[EdgeType, tuple[Tensor, Tensor]]:
    edges = {key: tuple(graph.edges(key)) for key in graph.schema.edges}
    if not edges:
        first, nothing = next(iter(graph.schema.nodes)), torch.zeros(0, dtype=torch.long, device=graph.device)
        edges[first, NO_RELATION, first] = (nothing, nothing)
    return edges


def _frame(graph: Any, key: NodeType | EdgeType) -> Any:
    """DGL's data of a node type or edge type: tensors by name."""
    return graph.nodes[key].data if isinstance(key, str) else graph.edges[key].data


def _set_batch(out: Any, graph: HeteroGraph) -> None:
    def counts(sizes: Any) -> Tensor:
        return torch.tensor(sizes, dtype=torch.long, device=graph.device)

    no_edges = [0] * graph.num_graphs
    out.set_batch_num_nodes({key: counts(graph.sizes[key]) for key in out.ntypes})
    out.set_batch_num_edges(
        {
            key: counts(graph.edge_sizes(key) if key in graph.schema.edges else no_edges)
            for key in out.canonical_etypes
        }
    )


def from_dgl(graph: Any) -> HeteroGraph:
    """The graph of a `dgl.DGLGraph` that `to_dgl` made.

    Node and edge data may have been added, and become extra tensors, or changed, as the schema allows.

    Raises:
        MissingExtraError: DGL is not installed, does not import, or is version 2 or later.
        InputError: the graph does not carry the dict `mmgraph`; its node types, edge types, data or batch are
            not what the schema says; or it is not sound.
    """
    dgl = _dgl()
    about = getattr(graph, ABOUT, None)
    if not isinstance(graph, dgl.DGLGraph) or not isinstance(about, dict):
        raise InputError(
            f"from_dgl got a {type(graph).__name__} without the dict .{ABOUT} that to_dgl hangs on it; "
            "dgl.batch, dgl.unbatch and other functions that make a new graph lose it: use mmgraph.collate "
            "and mmgraph.split, or set new_graph.mmgraph = old_graph.mmgraph where the samples are the same"
        )
    schema: Schema = about["schema"]
    _check_types(graph, schema)
    sizes = {key: tuple(graph.batch_num_nodes(key).tolist()) for key in schema.nodes}
    fields: dict[str, dict[Any, Any]] = {
        name: {} for name in ("x", "pos", "edge_attr", "edge_score", "edge_origin", "extra")
    }
    edge_index: dict[EdgeType, EdgeIndex] = {}
    keys: list[NodeType | EdgeType] = [*schema.nodes, *schema.edges]
    for key in keys:
        _read_frame(graph, key, schema, about["extra"], fields)
    for key, spec in schema.edges.items():
        index = torch.stack(graph.edges(etype=key, order="eid")).long()
        if spec.complete:
            require_complete(index, key, sizes, f"edge type {key}")
        edge_index[key] = COMPLETE if spec.complete else index
    return validate(
        HeteroGraph(
            schema=schema,
            samples=about["samples"],
            sizes=sizes,
            batch={key: ragged.sample_of(value).to(graph.device) for key, value in sizes.items()},
            edge_index=edge_index,
            label=about["label"],
            target={name: tensor.to(graph.device) for name, tensor in about["target"].items()},
            **fields,
        )
    )


def _check_types(graph: Any, schema: Schema) -> None:
    edge_types = {key for key in graph.canonical_etypes if key[1] != NO_RELATION}
    for found, expected, what in (
        (set(graph.ntypes), set(schema.nodes), "node"),
        (edge_types, set(schema.edges), "edge"),
    ):
        if found != expected:
            raise InputError(
                f"the DGL graph has the {what} types {sorted(found)}, its schema {sorted(expected)}"
            )


def _read_frame(
    graph: Any, key: NodeType | EdgeType, schema: Schema, extras: Any, fields: dict[str, dict[Any, Any]]
) -> None:
    frame = dict(_frame(graph, key))
    for name in expected_fields(schema, key):
        if name not in frame:
            raise InputError(f"the DGL graph lacks the data {name!r} of {key!r}, which its schema has")
        fields[name][key] = frame.pop(name)
    names = extras.get(key, {})
    if frame or key in extras:
        fields["extra"][key] = {names.get(name, name): tensor for name, tensor in frame.items()}
