"""Check that a graph is what it says it is, and say where it is not."""

import math
from collections.abc import Callable, Iterator, Mapping, Set
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph.hetero_graph import COMPLETE, HeteroGraph
from mmgraph.graph.schema import POS_WIDTH, EdgeType, NodeType, PosKind
from mmgraph.ops import ragged

__all__ = ["validate"]

TOLERANCE = 1e-4
"""How far a box may lie outside its image, or a segment beyond its end: rounding of float32."""

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8)
LARGEST = torch.iinfo(torch.int64).max


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
        yield f"label has {sorted(map(str, unknown))}, which the schema does not"
    if strange := set(graph.extra) - set(graph.schema.nodes) - set(graph.schema.edges):
        yield f"extra has {sorted(map(str, strange))}, which the schema does not"
    yield from _sample_faults(graph)
    kinds = list(_kind_faults(graph))
    yield from kinds
    if kinds:
        return
    yield from _device_faults(graph)
    for key in graph.schema.nodes.keys() & graph.sizes.keys() & graph.batch.keys():
        yield from _batch_faults(graph, key)


def _sample_faults(graph: HeteroGraph) -> Iterator[str]:
    for sample in graph.samples:
        if sample.seconds is not None and not (math.isfinite(sample.seconds) and sample.seconds >= 0):
            yield f"sample {sample.id!r}: seconds is {sample.seconds}, expected a finite length >= 0"
        if sample.image_size is not None and min(sample.image_size) < 1:
            yield f"sample {sample.id!r}: image_size is {sample.image_size}, expected width and height >= 1"


def _key_faults(name: str, found: Set[Any], expected: Set[Any]) -> Iterator[str]:
    if missing := expected - found:
        yield (
            f"{name} lacks {sorted(map(str, missing))}: give zero rows where there are none "
            "(HeteroGraph.create fills them in)"
        )
    if unknown := found - expected:
        yield f"{name} has {sorted(map(str, unknown))}, which the schema does not give it"


def _kind_faults(graph: HeteroGraph) -> Iterator[str]:
    """Values that are no tensors, or tensors without values at fixed places."""
    for name, keys, value in _leaves(graph):
        if not isinstance(value, Tensor):
            yield f"{_place(name, keys)} is {type(value).__name__}, expected a tensor"
        elif value.is_nested or value.layout != torch.strided:
            yield f"{_place(name, keys)} is a nested or {value.layout} tensor, expected a dense one"
        elif value.is_meta:
            yield f"{_place(name, keys)} is on the meta device and has no values to check"
    for key, sizes in graph.sizes.items():
        whole = set(map(type, sizes)) <= {int} and min(sizes, default=0) >= 0
        if not whole or len(sizes) != graph.num_graphs:
            yield (
                f"sizes[{key!r}] is {_few(sizes)}, expected one count >= 0 for each of the "
                f"{graph.num_graphs} samples"
            )
    for key, label in graph.label.items():
        if any(not issubclass(kind, str) for kind in set(map(type, label))):
            yield f"label[{key!r}] is {_few(label)}, expected strings"


def _device_faults(graph: HeteroGraph) -> Iterator[str]:
    device = graph.device
    for name, keys, tensor in _leaves(graph):
        if tensor.device != device:
            yield f"{_place(name, keys)} is on {tensor.device}, the rest on {device}: call graph.to(device)"


def _batch_faults(graph: HeteroGraph, key: NodeType) -> Iterator[str]:
    sizes, batch = graph.sizes[key], graph.batch[key]
    if batch.dtype != torch.long or list(batch.shape) != [sum(sizes)]:
        yield f"batch[{key!r}] is {batch.dtype} {list(batch.shape)}, expected int64 [{sum(sizes)}]"
    elif not torch.equal(batch.cpu(), ragged.sample_of(sizes)):
        yield f"batch[{key!r}] is not what sizes[{key!r}] = {_few(sizes)} says: use HeteroGraph.create"


def _leaves(graph: HeteroGraph) -> Iterator[tuple[str, tuple[Any, ...], Any]]:
    """Each value that is to be a tensor, and where it stands: a field's name, and keys."""
    for name in ("x", "batch", "edge_index", "pos", "edge_attr", "edge_score", "edge_origin", "target"):
        values: Mapping[Any, Any] = getattr(graph, name)
        for key, value in values.items():
            if not (name == "edge_index" and value is COMPLETE):
                yield name, (key,), value
    for key, extra in graph.extra.items():
        for name, value in extra.items():
            yield "extra", (key, name), value


def _place(name: str, keys: tuple[Any, ...]) -> str:
    return name + "".join(f"[{key!r}]" for key in keys)


def _few(items: Any) -> str:
    """A sequence in a message: its first items."""
    return repr(tuple(items)[:8])[:-1] + (f", ... {len(items)} in all)" if len(items) > 8 else ")")


# ---------------------------------------------------------------------- nodes


def _node_shape_faults(graph: HeteroGraph, key: NodeType) -> Iterator[str]:
    spec, x, count, owner = graph.schema.nodes[key], graph.x[key], graph.num_nodes(key), _owner(graph)
    shape = [count, spec.dim] if spec.dim else [count]
    if list(x.shape) != shape:
        yield f"{owner}x[{key!r}] has shape {list(x.shape)}, expected {shape} (nodes, width)"
    if spec.dim and x.dtype not in FLOATS:
        yield f"{owner}x[{key!r}] is {x.dtype}, expected floating-point features of width {spec.dim}"
    if not spec.dim and x.dtype != torch.long:
        yield f"{owner}x[{key!r}] is {x.dtype}, expected int64 ids"
    if spec.pos is not None:
        pos = graph.pos[key]
        shape = [count, POS_WIDTH[spec.pos]]
        if list(pos.shape) != shape:
            yield f"{owner}pos[{key!r}] has shape {list(pos.shape)}, expected {shape} ({spec.pos})"
        if pos.dtype not in ((torch.long,) if spec.pos == "characters" else FLOATS):
            wanted = "int64" if spec.pos == "characters" else "floating point"
            yield f"{owner}pos[{key!r}] is {pos.dtype}, expected {wanted} ({spec.pos})"
    if key in graph.label and len(graph.label[key]) != count:
        yield f"{owner}label[{key!r}] has {len(graph.label[key])} strings for {count} nodes"
    yield from _extra_faults(graph, key, count)


def _extra_faults(graph: HeteroGraph, key: NodeType | EdgeType, count: int) -> Iterator[str]:
    for name, extra in graph.extra.get(key, {}).items():
        if extra.ndim == 0 or len(extra) != count:
            yield (
                f"{_owner(graph)}extra[{key!r}][{name!r}] has shape {list(extra.shape)}, "
                f"expected {count} rows"
            )


def _owner(graph: HeteroGraph) -> str:
    """Whose a whole tensor is, where that is one sample."""
    return f"sample {graph.samples[0].id!r}: " if graph.num_graphs == 1 else ""


def _node_value_faults(graph: HeteroGraph, key: NodeType) -> Iterator[str]:
    spec, x = graph.schema.nodes[key], graph.x[key].detach().cpu()
    if spec.dim:
        if not _is_finite(x):
            yield from _fault(graph, key, ~x.isfinite().all(1), "x", x, "features that are not finite", "")
    elif spec.num_ids is not None and not _is_within(x, 0, spec.num_ids - 1):
        wrong = (x < 0) | (x > min(spec.num_ids - 1, LARGEST))
        yield from _fault(graph, key, wrong, "x", x, f"an id outside 0..{spec.num_ids - 1}", "")
    if spec.pos is not None:
        yield from _pos_faults(graph, key, spec.pos)


def _is_finite(value: Tensor) -> bool:
    """Whether all numbers are finite. Their sum says so many times faster, unless it overflows."""
    return bool(value.sum().isfinite()) or bool(value.isfinite().all())


def _is_within(value: Tensor, least: int | float, most: int | float) -> bool:
    """Whether all numbers are; NaN is not."""
    if not value.numel():
        return True
    low, high = value.aminmax()
    return low.item() >= least and high.item() <= most


def _pos_faults(graph: HeteroGraph, key: NodeType, kind: PosKind) -> Iterator[str]:
    pos = graph.pos[key].detach().cpu()
    if kind == "box":
        if not _is_within(pos, -TOLERANCE, 1 + TOLERANCE):
            yield from _fault(graph, key, ~pos.isfinite().all(1), "pos", pos, "a box that is not finite", "")
            outside = ((pos < -TOLERANCE) | (pos > 1 + TOLERANCE)).any(1)
            advice = "positions are xyxy in 0..1 of the image: divide pixels by its width and height"
            yield from _fault(graph, key, outside, "pos", pos, "a box outside the image", advice)
        empty = (pos[:, 2:] < pos[:, :2]).any(1)
        yield from _fault(
            graph, key, empty, "pos", pos, "a box with x2 < x1 or y2 < y1", "order is x1, y1, x2, y2"
        )
        return
    if kind == "seconds":
        if not _is_finite(pos):
            yield from _fault(
                graph, key, ~pos.isfinite().all(1), "pos", pos, "a segment that is not finite", ""
            )
        ends = [sample.seconds for sample in graph.samples]
        # Seconds are rounded to the dtype of pos, the more the longer the sound.
        rounding = 2 * torch.finfo(pos.dtype).eps
        name, unit, slack = "a segment", "s", TOLERANCE
    else:
        ends = [None if sample.text is None else len(sample.text) for sample in graph.samples]
        name, unit, slack, rounding = "a token", "characters", 0.0, 0.0
    known = [math.inf if end is None else float(end) for end in ends]
    limit = torch.tensor(known, dtype=torch.float64)[graph.batch[key].cpu()]
    after = pos[:, 1] > limit * (1 + rounding) + slack
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
    items = [
        f"{item:.4g}" if isinstance(item, float) else str(item) for item in value.reshape(-1)[:4].tolist()
    ]
    if value.ndim == 0:
        return items[0]
    return "[" + ", ".join(items) + (f", ... {value.numel()} in all]" if value.numel() > 4 else "]")


# ---------------------------------------------------------------------- edges


def _edge_shape_faults(graph: HeteroGraph, key: EdgeType) -> Iterator[str]:
    spec, index, owner = graph.schema.edges[key], graph.edge_index[key], _owner(graph)
    if isinstance(index, Tensor) == spec.complete:
        came = "a tensor" if spec.complete else repr(index)
        yield f"{owner}edge_index[{key}] is {came}, but the schema says {spec}"
        return
    if isinstance(index, Tensor) and (index.ndim != 2 or index.shape[0] != 2 or index.dtype != torch.long):
        yield f"{owner}edge_index[{key}] is {index.dtype} {list(index.shape)}, expected int64 [2, edges]"
        return
    count = graph.num_edges(key)
    attr = (
        ([count], INTEGERS, "integer classes") if spec.classes else ([count, spec.attr_dim], FLOATS, "floats")
    )
    for name, (shape, dtypes, wanted) in {
        "edge_attr": attr,
        "edge_score": ([count], FLOATS, "floats"),
        "edge_origin": ([count], INTEGERS, "integers"),
    }.items():
        value = getattr(graph, name).get(key)
        if value is not None and list(value.shape) != shape:
            yield f"{owner}{name}[{key}] has shape {list(value.shape)}, expected {shape} for {count} edges"
        if value is not None and value.dtype not in dtypes:
            yield f"{owner}{name}[{key}] is {value.dtype}, expected {wanted}: the schema says {spec}"
    yield from _extra_faults(graph, key, count)


def _edge_value_faults(graph: HeteroGraph, key: EdgeType) -> Iterator[str]:
    index, spec = graph.edge_index[key], graph.schema.edges[key]
    if isinstance(index, Tensor):
        index = index.cpu()
        for row, (end, node_type) in enumerate((("source", key[0]), ("target", key[2]))):
            count = graph.num_nodes(node_type)
            if not _is_within(index[row], 0, count - 1):
                wrong = (index[row] < 0) | (index[row] >= count)
                edge = int(wrong.int().argmax())
                sample = _edge_sample(graph, key, index[:, edge])
                yield (
                    f"{sample}edge_index[{key}][:, {edge}] is {index[:, edge].tolist()}: {end} "
                    f"{int(index[row, edge])} is out of range, there are {count} {node_type} nodes"
                )
                return
        source, target = (
            graph.batch[end].cpu().index_select(0, nodes) for end, nodes in zip(key[::2], index, strict=True)
        )
        if not torch.equal(source, target):
            edge = int((source != target).int().argmax())
            names = [repr(graph.samples[int(end[edge])].id) for end in (source, target)]
            yield (
                f"edge_index[{key}][:, {edge}] is {index[:, edge].tolist()}: it joins sample {names[0]} "
                f"to sample {names[1]}; number nodes through the batch, or use collate"
            )
            return
    if spec.classes and not _is_within(graph.edge_attr[key], 0, len(spec.classes) - 1):
        value = graph.edge_attr[key].cpu().long()
        wrong = (value < 0) | (value >= len(spec.classes))
        yield from _edge_fault(
            graph, key, wrong, "edge_attr", value, f"no such class, of {len(spec.classes)}"
        )
    if spec.attr_dim and not _is_finite(graph.edge_attr[key]):
        value = graph.edge_attr[key].detach().cpu()
        yield from _edge_fault(graph, key, ~value.isfinite().all(1), "edge_attr", value, "not finite")
    if spec.scored and not _is_finite(graph.edge_score[key]):
        value = graph.edge_score[key].detach().cpu()
        yield from _edge_fault(graph, key, ~value.isfinite(), "edge_score", value, "not finite")
    if key in graph.edge_origin and not _is_within(graph.edge_origin[key], 0, len(spec.origins) - 1):
        value = graph.edge_origin[key].cpu().long()
        wrong = (value < 0) | (value >= len(spec.origins))
        yield from _edge_fault(graph, key, wrong, "edge_origin", value, f"no such origin, of {spec.origins}")


def _edge_sample(graph: HeteroGraph, key: EdgeType, pair: Tensor) -> str:
    """The sample of whichever end of an edge is a node at all."""
    for end, node_type in zip(pair.tolist(), (key[0], key[2]), strict=True):
        if 0 <= end < graph.num_nodes(node_type):
            return f"sample {graph.samples[int(graph.batch[node_type][end])].id!r}: "
    return ""


def _edge_fault(
    graph: HeteroGraph, key: EdgeType, wrong: Tensor, name: str, value: Tensor, what: str
) -> Iterator[str]:
    """The first edge that is wrong, by its sample and its number in the batch."""
    if not bool(wrong.any()):
        return
    edge = int(wrong.int().argmax())
    index = graph.edge_index[key]
    if isinstance(index, Tensor):
        sample = int(graph.batch[key[0]][index[0, edge]])
    else:
        sample = sum(end <= edge for end in accumulate(graph.edge_sizes(key)))
    yield (
        f"sample {graph.samples[sample].id!r}: {name}[{key}][{edge}] is {_short(value[edge])}: {what}"
        + (f"; {int(wrong.sum())} edges are so" if int(wrong.sum()) > 1 else "")
    )
