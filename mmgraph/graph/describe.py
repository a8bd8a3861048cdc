"""A graph in words: shapes in one line each, counts, missing modalities, isolated nodes, warnings."""

from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import torch

from mmgraph.graph.hetero_graph import COMPLETE, HeteroGraph
from mmgraph.graph.schema import EdgeType, NodeType
from mmgraph.ops.crossover import WORKS, Work, grid_is_faster

__all__ = ["Description", "EdgeCount", "NodeCount", "describe", "summary"]


@dataclass(frozen=True)
class NodeCount:
    """Nodes of one type: in all, per sample, in how many samples none, and joined to nothing."""

    type: NodeType
    nodes: int
    per_sample: tuple[int, float, int]
    missing: int
    isolated: int
    dim: int


@dataclass(frozen=True)
class EdgeCount:
    """Edges of one type: how many, of how many possible, who made them, how often each class stands.

    `layout` says, for each kind of a layer's work, whether the planner lets it run on a grid of padded blocks
    or on sorted edges; `padded` is the share of the padded blocks' pairs that are edges.
    """

    type: EdgeType
    edges: int
    complete: bool
    density: float
    origins: tuple[str, ...]
    classes: dict[str, int]
    padded: float
    layout: dict[Work, str]


@dataclass(frozen=True)
class Description:
    """What `HeteroGraph.describe` returns: print it, or take `as_dict` for a machine."""

    samples: int
    nodes: tuple[NodeCount, ...]
    edges: tuple[EdgeCount, ...]
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The same as nested dicts and lists that JSON can hold."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [f"{self.samples} sample{'s' * (self.samples != 1)}"]
        for node in self.nodes:
            low, mean, high = node.per_sample
            lines.append(
                f"  {node.type:<10} {node.nodes:>6} nodes, {low} to {high} a sample (mean {mean:.1f}), "
                f"missing in {node.missing}, {node.isolated} isolated"
            )
        for edge in self.edges:
            kind = "complete" if edge.complete else f"density {edge.density:.3f}"
            origin = f", by {', '.join(edge.origins)}" if edge.origins else ""
            lines.append(f"  {_arrow(edge.type):<36} {edge.edges:>6} edges, {kind}{origin}")
            if edge.edges and not edge.complete:
                lines.append(f"      {_layout(edge)}")
            if present := {name: count for name, count in edge.classes.items() if count}:
                lines.append("      " + ", ".join(f"{name} {count}" for name, count in present.items()))
        lines += [f"  warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)

    __repr__ = __str__


def describe(graph: HeteroGraph) -> Description:
    """Count what a graph holds, and warn of what looks like a mistake. It waits for the device."""
    touched = _touched(graph)
    nodes = tuple(_node_count(graph, key, touched[key]) for key in graph.schema.nodes)
    edges = tuple(_edge_count(graph, key) for key in graph.schema.edges)
    return Description(graph.num_graphs, nodes, edges, tuple(_warnings(graph, nodes, edges)))


def summary(graph: HeteroGraph) -> str:
    """The `repr` of a graph: one line a type, with shapes."""
    lines = [f"HeteroGraph({graph.num_graphs} sample{'s' * (graph.num_graphs != 1)}, {graph.device})"]
    for key, spec in graph.schema.nodes.items():
        shape = list(graph.x[key].shape)
        parts = [f"x {shape}" if spec.dim else f"x {shape} ids of {spec.num_ids}"]
        if spec.pos is not None:
            parts.append(f"pos {list(graph.pos[key].shape)} {spec.pos}")
        missing = sum(size == 0 for size in graph.sizes[key])
        parts += [f"missing in {missing}"] * bool(missing)
        lines.append(f"  {key}: " + ", ".join(parts))
    for edge_type, edge in graph.schema.edges.items():
        index = graph.edge_index[edge_type]
        shape_text = "COMPLETE" if index is COMPLETE else f"[2, {graph.num_edges(edge_type)}]"
        parts = [shape_text]
        parts += [f"{len(edge.classes)} classes"] * bool(edge.classes)
        parts += [f"attr {edge.attr_dim}"] * bool(edge.attr_dim)
        parts += ["scored"] * edge.scored
        lines.append(f"  {_arrow(edge_type)}: " + ", ".join(parts))
    return "\n".join(lines)


def _arrow(edge_type: EdgeType) -> str:
    return f"{edge_type[0]} -{edge_type[1]}-> {edge_type[2]}"


def _touched(graph: HeteroGraph) -> dict[NodeType, torch.Tensor]:
    """For each node, whether some edge joins it to another node."""
    touched = {key: torch.zeros(graph.num_nodes(key), dtype=torch.bool) for key in graph.schema.nodes}
    for source, name, target in graph.schema.edges:
        index = graph.edge_index[source, name, target]
        if isinstance(index, torch.Tensor):
            index = index.cpu()
            other = index[:, index[0] != index[1]] if source == target else index
            touched[source][other[0]] = True
            touched[target][other[1]] = True
        else:
            alone = 1 if source == target else 0
            for end, partner in ((source, target), (target, source)):
                partners = torch.tensor(graph.sizes[partner], dtype=torch.long)[graph.batch[end].cpu()]
                touched[end] |= partners > alone
    return touched


def _node_count(graph: HeteroGraph, key: NodeType, touched: torch.Tensor) -> NodeCount:
    sizes = graph.sizes[key]
    mean = sum(sizes) / max(len(sizes), 1)
    return NodeCount(
        type=key,
        nodes=sum(sizes),
        per_sample=(min(sizes, default=0), mean, max(sizes, default=0)),
        missing=sum(size == 0 for size in sizes),
        isolated=int((~touched).sum()),
        dim=graph.schema.nodes[key].dim,
    )


def _edge_count(graph: HeteroGraph, key: EdgeType) -> EdgeCount:
    spec, count = graph.schema.edges[key], graph.num_edges(key)
    possible = sum(s * t for s, t in zip(graph.sizes[key[0]], graph.sizes[key[2]], strict=True))
    classes = {}
    if spec.classes:
        counts = torch.bincount(graph.edge_attr[key].cpu(), minlength=len(spec.classes))
        classes = dict(zip(spec.classes, counts.tolist(), strict=True))
    shape = graph.num_graphs, max(graph.sizes[key[2]], default=0), max(graph.sizes[key[0]], default=0)
    gridded = {work: spec.complete or grid_is_faster(work, count, *shape) for work in WORKS}
    return EdgeCount(
        type=key,
        edges=count,
        complete=spec.complete,
        density=count / max(possible, 1),
        origins=spec.origins,
        classes=classes,
        padded=count / max(prod(shape), 1),
        layout={work: "grid" if grid else "list" for work, grid in gridded.items()},
    )


def _layout(edge: EdgeCount) -> str:
    """In words, how a planner on the CPU lays listed edges out, and from what."""
    grid, listed = ([work for work in WORKS if edge.layout[work] == how] for how in ("grid", "list"))
    parts = [f"{how} for {', '.join(works)}" for how, works in (("grid", grid), ("list", listed)) if works]
    layout = "; ".join(parts) if grid and listed else f"{'grid' if grid else 'list'} for any work"
    return f"layout: {layout} ({100 * edge.padded:.0f} % of the padded pairs are edges)"


def _warnings(graph: HeteroGraph, nodes: tuple[NodeCount, ...], edges: tuple[EdgeCount, ...]) -> list[str]:
    warnings = [
        f"sample {graph.samples[i].id!r} has no nodes at all"
        for i in range(graph.num_graphs)
        if not any(sizes[i] for sizes in graph.sizes.values())
    ]
    warnings += [f"no sample has {node.type} nodes" for node in nodes if not node.nodes and graph.num_graphs]
    by_type = {node.type: node for node in nodes}
    for edge in edges:
        if not edge.edges and by_type[edge.type[0]].nodes and by_type[edge.type[2]].nodes:
            warnings.append(f"{_arrow(edge.type)} has no edges, though both ends have nodes")
        if not edge.complete and edge.edges:
            distinct = torch.unique(graph.edges(edge.type).cpu(), dim=1).shape[1]
            if distinct < edge.edges:
                warnings.append(f"{_arrow(edge.type)} has {edge.edges - distinct} repeated edges")
    warnings += [
        f"{node.isolated} of {node.nodes} {node.type} nodes are isolated: no edge joins them to another node"
        for node in nodes
        if node.isolated
    ]
    return warnings
