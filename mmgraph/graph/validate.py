"""Check that a graph is what it says it is, and say where it is not."""

from collections.abc import Callable, Iterator, Set
from typing import Any

import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph.hetero_graph import HeteroGraph
from mmgraph.graph.schema import POS_WIDTH, EdgeType, NodeType, PosKind

__all__ = ["validate"]

TOLERANCE = 1e-4
"""How far a box may lie outside its image, or a segment beyond its end: rounding of float32."""


def validate(graph: HeteroGraph) -> HeteroGraph:
    """Return the graph unchanged if it is sound.

    It waits for the device: call it on what comes in, not in a training step.

    Raises:
        InputError: names the sample, the node or edge type and the index of the first fault, and counts the
            others: keys that are not the schema's, an index out of range, an edge between two samples, a box
            outside the image, a segment after the end, characters outside the text, features or scores that
            are not finite, a wrong width, dtype, length or device.
    """
    faults = _faults(graph)
    first = next(faults, None)
    if first is not None:
        more = sum(1 for _ in faults)
        raise InputError(first + (f" (and {more} more faults in this graph)" if more else ""))
    return graph


def _faults(graph: HeteroGraph) -> Iterator[str]:
    """Every fault; what depends on a faulty part is not looked at."""
    structure = list(_structure_faults(graph))
    yield from structure
    if structure:
        return
    for node_type in graph.schema.nodes:
        shape = list(_node_shape_faults(graph, node_type))
        yield from shape or _node_value_faults(graph, node_type)
    for edge_type in graph.schema.edges:
        shape = list(_edge_shape_faults(graph, edge_type))
        yield from shape or _edge_value_faults(graph, edge_type)
    for name, tensor in graph.target.items():
        if tensor.ndim == 0 or len(tensor) != graph.num_graphs:
            yield (
                f"target[{name!r}] has shape {list(tensor.shape)}, expected one row for each of the "
                f"{graph.num_graphs} samples"
            )


# ---------------------------------------------------------------------- keys, batch vectors, devices


def _structure_faults(graph: HeteroGraph) -> Iterator[str]:
    for name in ("x", "batch", "sizes"):
        yield from _key_faults(name, set(getattr(graph, name)), set(graph.schema.nodes))
    yield from _key_faults("edge_index", set(graph.edge_index), set(graph.schema.edges))
    edges, nodes = graph.schema.edges.items(), graph.schema.nodes.items()
    yield from _key_faults("pos", set(graph.pos), {key for key, spec in nodes if spec.pos is not None})
    yield from _key_faults("edge_attr", set(graph.edge_attr), {key for key, spec in edges if spec.has_attr})
    yield from _key_faults("edge_score", set(graph.edge_score), {key for key, spec in edges if spec.scored})
    several = {key for key, spec in edges if len(spec.origins) > 1}
    yield from _key_faults("edge_origin", set(graph.edge_origin), several)
    if unknown := set(graph.label) - set(graph.schema.nodes):
        yield f"label has {sorted(unknown)}, which the schema does not"
    if strange := set(graph.extra) - set(graph.schema.nodes) - set(graph.schema.edges):
        yield f"extra has {sorted(map(str, strange))}, which the schema does not"
    for place, tensor in _tensors(graph):
        if tensor.device != graph.device:
            yield f"{place} is on {tensor.device}, the rest on {graph.device}: call graph.to(device)"
    for key in graph.schema.nodes.keys() & graph.sizes.keys() & graph.batch.keys():
        yield from _batch_faults(graph, key)


def _key_faults(name: str, found: Set[Any], expected: Set[Any]) -> Iterator[str]:
    if missing := expected - found:
        yield (
            f"{name} lacks {sorted(map(str, missing))}: give zero rows where there are none "
            "(HeteroGraph.create fills them in)"
        )
    if unknown := found - expected:
        yield f"{name} has {sorted(map(str, unknown))}, which the schema does not give it"


def _batch_faults(graph: HeteroGraph, key: NodeType) -> Iterator[str]:
    sizes, batch = graph.sizes[key], graph.batch[key]
    if len(sizes) != graph.num_graphs or min(sizes, default=0) < 0:
        yield f"sizes[{key!r}] is {sizes}, expected one count >= 0 for each of the {graph.num_graphs} samples"
        return
    if batch.dtype != torch.long or batch.ndim != 1:
        yield f"batch[{key!r}] is {batch.dtype} {list(batch.shape)}, expected int64 [{sum(sizes)}]"
        return
    expected = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes, dtype=torch.long))
    if not torch.equal(batch.cpu(), expected):
        yield f"batch[{key!r}] is not what sizes[{key!r}] = {sizes} says: HeteroGraph.create builds both"


def _tensors(graph: HeteroGraph) -> Iterator[tuple[str, Tensor]]:
    for name in ("x", "batch", "edge_index", "pos", "edge_attr", "edge_score", "edge_origin", "target"):
        for key, value in getattr(graph, name).items():
            if isinstance(value, Tensor):
                yield f"{name}[{key!r}]", value
    for key, values in graph.extra.items():
        for name, value in values.items():
            yield f"extra[{key!r}][{name!r}]", value


# ---------------------------------------------------------------------- nodes


def _node_shape_faults(graph: HeteroGraph, key: NodeType) -> Iterator[str]:
    spec, x, count = graph.schema.nodes[key], graph.x[key], graph.num_nodes(key)
    shape = [count, spec.dim] if spec.dim else [count]
    if list(x.shape) != shape:
        yield f"x[{key!r}] has shape {list(x.shape)}, expected {shape} (nodes, width)"
    if spec.dim and not x.is_floating_point():
        yield f"x[{key!r}] is {x.dtype}, expected floating-point features of width {spec.dim}"
    if not spec.dim and x.dtype != torch.long:
        yield f"x[{key!r}] is {x.dtype}, expected int64 ids"
    if spec.pos is not None:
        pos = graph.pos[key]
        shape = [count, POS_WIDTH[spec.pos]]
        if list(pos.shape) != shape:
            yield f"pos[{key!r}] has shape {list(pos.shape)}, expected {shape} ({spec.pos})"
        if (pos.dtype != torch.long) if spec.pos == "characters" else not pos.is_floating_point():
            wanted = "int64" if spec.pos == "characters" else "floating point"
            yield f"pos[{key!r}] is {pos.dtype}, expected {wanted} ({spec.pos})"
    if key in graph.label and len(graph.label[key]) != count:
        yield f"label[{key!r}] has {len(graph.label[key])} strings for {count} nodes"
    for name, extra in graph.extra.get(key, {}).items():
        if extra.ndim == 0 or len(extra) != count:
            yield f"extra[{key!r}][{name!r}] has shape {list(extra.shape)}, expected {count} rows"


def _node_value_faults(graph: HeteroGraph, key: NodeType) -> Iterator[str]:
    spec, x = graph.schema.nodes[key], graph.x[key].detach().cpu()
    if spec.dim:
        yield from _fault(graph, key, ~x.isfinite().all(1), "x", x, "features that are not finite", "")
    elif spec.num_ids is not None:
        wrong = (x < 0) | (x >= spec.num_ids)
        yield from _fault(graph, key, wrong, "x", x, f"an id outside 0..{spec.num_ids - 1}", "")
    if spec.pos is not None:
        yield from _pos_faults(graph, key, spec.pos)


def _pos_faults(graph: HeteroGraph, key: NodeType, kind: PosKind) -> Iterator[str]:
    pos, batch = graph.pos[key].detach().cpu(), graph.batch[key].cpu()
    if kind == "box":
        yield from _fault(graph, key, ~pos.isfinite().all(1), "pos", pos, "a box that is not finite", "")
        outside = ((pos < -TOLERANCE) | (pos > 1 + TOLERANCE)).any(1)
        advice = "positions are xyxy in 0..1 of the image: divide pixels by its width and height"
        yield from _fault(graph, key, outside, "pos", pos, "a box outside the image", advice)
        empty = (pos[:, 2] < pos[:, 0]) | (pos[:, 3] < pos[:, 1])
        yield from _fault(
            graph, key, empty, "pos", pos, "a box with x2 < x1 or y2 < y1", "order is x1, y1, x2, y2"
        )
        return
    unit = "characters" if kind == "characters" else "s"
    ends = [len(s.text) if s.text is not None else None for s in graph.samples]
    if kind == "seconds":
        yield from _fault(graph, key, ~pos.isfinite().all(1), "pos", pos, "a segment that is not finite", "")
        ends = [s.seconds for s in graph.samples]  # type: ignore[misc]
    limit = torch.tensor([float("inf") if end is None else float(end) for end in ends])[batch]
    name = "a segment" if kind == "seconds" else "a token"
    after = pos[:, 1] > limit + TOLERANCE
    yield from _fault(
        graph, key, after, "pos", pos, f"{name} after the end", "", lambda i: f"{limit[i]:g} {unit}"
    )
    wrong = (pos[:, 0] < 0) | (pos[:, 1] < pos[:, 0])
    yield from _fault(graph, key, wrong, "pos", pos, f"{name} with start < 0 or end < start", "")


def _fault(
    graph: HeteroGraph,
    key: NodeType,
    wrong: Tensor,
    name: str,
    value: Tensor,
    what: str,
    advice: str,
    limit: Callable[[int], str] | None = None,
) -> Iterator[str]:
    """The first node that is wrong, by its sample and its number within the sample."""
    if not bool(wrong.any()):
        return
    node = int(wrong.int().argmax())
    sample = int(graph.batch[key][node])
    local = node - sum(graph.sizes[key][:sample])
    yield (
        f"sample {graph.samples[sample].id!r}: {name}[{key!r}][{local}] is {_short(value[node])}: {what}"
        + (f" ({limit(node)})" if limit else "")
        + (f"; {advice}" if advice else "")
        + (f"; {int(wrong.sum())} {key} nodes are so" if int(wrong.sum()) > 1 else "")
    )


def _short(value: Tensor) -> str:
    items = [f"{item:.4g}" for item in value.reshape(-1)[:4].tolist()]
    if value.ndim == 0:
        return items[0]
    return "[" + ", ".join(items) + (f", ... {value.numel()} in all]" if value.numel() > 4 else "]")


# ---------------------------------------------------------------------- edges


def _edge_shape_faults(graph: HeteroGraph, key: EdgeType) -> Iterator[str]:
    spec, index = graph.schema.edges[key], graph.edge_index[key]
    if isinstance(index, Tensor) == spec.complete:
        yield f"edge_index[{key}] is {'a tensor' if spec.complete else index!r}, but the schema says {spec}"
        return
    if isinstance(index, Tensor) and (index.ndim != 2 or index.shape[0] != 2 or index.dtype != torch.long):
        yield f"edge_index[{key}] is {index.dtype} {list(index.shape)}, expected int64 [2, edges]"
        return
    count = graph.num_edges(key)
    attr_shape = [count] if spec.classes else [count, spec.attr_dim]
    for name, shape in (("edge_attr", attr_shape), ("edge_score", [count]), ("edge_origin", [count])):
        value = getattr(graph, name).get(key)
        if value is not None and list(value.shape) != shape:
            yield f"{name}[{key}] has shape {list(value.shape)}, expected {shape} for {count} edges"
    if spec.has_attr and graph.edge_attr[key].is_floating_point() == bool(spec.classes):
        yield f"edge_attr[{key}] is {graph.edge_attr[key].dtype}, but the schema says {spec}"
    if spec.scored and not graph.edge_score[key].is_floating_point():
        yield f"edge_score[{key}] is {graph.edge_score[key].dtype}, expected floating point"
    for name, extra in graph.extra.get(key, {}).items():
        if extra.ndim == 0 or len(extra) != count:
            yield f"extra[{key}][{name!r}] has shape {list(extra.shape)}, expected {count} rows"


def _edge_value_faults(graph: HeteroGraph, key: EdgeType) -> Iterator[str]:
    index, spec = graph.edge_index[key], graph.schema.edges[key]
    if isinstance(index, Tensor):
        index = index.cpu()
        for row, (end, node_type) in enumerate((("source", key[0]), ("target", key[2]))):
            count = graph.num_nodes(node_type)
            wrong = (index[row] < 0) | (index[row] >= count)
            if bool(wrong.any()):
                edge = int(wrong.int().argmax())
                sample = _edge_sample(graph, key, index[:, edge])
                yield (
                    f"{sample}edge_index[{key}][:, {edge}] is {index[:, edge].tolist()}: {end} "
                    f"{int(index[row, edge])} is out of range, there are {count} {node_type} nodes"
                )
                return
        source, target = graph.batch[key[0]].cpu()[index[0]], graph.batch[key[2]].cpu()[index[1]]
        if bool((source != target).any()):
            edge = int((source != target).int().argmax())
            names = [repr(graph.samples[int(end[edge])].id) for end in (source, target)]
            yield (
                f"edge_index[{key}][:, {edge}] is {index[:, edge].tolist()}: it joins sample {names[0]} "
                f"to sample {names[1]}; number nodes through the batch, or use collate"
            )
            return
    if spec.classes:
        value = graph.edge_attr[key].cpu()
        yield from _edge_fault(key, (value < 0) | (value >= len(spec.classes)), "edge_attr", "no such class")
    elif spec.attr_dim:
        yield from _edge_fault(
            key, ~graph.edge_attr[key].detach().cpu().isfinite().all(1), "edge_attr", "not finite"
        )
    if spec.scored:
        yield from _edge_fault(
            key, ~graph.edge_score[key].detach().cpu().isfinite(), "edge_score", "not finite"
        )
    if key in graph.edge_origin:
        code = graph.edge_origin[key].cpu()
        yield from _edge_fault(key, (code < 0) | (code >= len(spec.origins)), "edge_origin", "no such origin")


def _edge_sample(graph: HeteroGraph, key: EdgeType, pair: Tensor) -> str:
    """The sample of whichever end of an edge is a node at all."""
    for end, node_type in zip(pair.tolist(), (key[0], key[2]), strict=True):
        if 0 <= end < graph.num_nodes(node_type):
            return f"sample {graph.samples[int(graph.batch[node_type][end])].id!r}: "
    return ""


def _edge_fault(key: EdgeType, wrong: Tensor, name: str, what: str) -> Iterator[str]:
    if bool(wrong.any()):
        yield f"{name}[{key}][{int(wrong.int().argmax())}]: {what}; {int(wrong.sum())} edges are so"
