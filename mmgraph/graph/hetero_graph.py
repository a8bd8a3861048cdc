"""One sample or a batch of samples as one heterogeneous graph."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph.schema import POS_WIDTH, EdgeSpec, EdgeType, NodeType, Schema
from mmgraph.ops import ragged
from mmgraph.ops.relation import Relation

if TYPE_CHECKING:
    from dgl import DGLGraph
    from networkx import MultiDiGraph
    from torch_geometric.data import Batch, HeteroData

    from mmgraph.graph.describe import Description

__all__ = ["COMPLETE", "Complete", "EdgeIndex", "HeteroGraph", "Sample"]


class Complete(Enum):
    """Stands in `edge_index` for a complete relation."""

    COMPLETE = "complete"

    def __repr__(self) -> str:
        return "COMPLETE"


COMPLETE: Literal[Complete.COMPLETE] = Complete.COMPLETE
"""Every (source, target) pair within a sample, never stored as edges."""

EdgeIndex = Tensor | Complete


@dataclass(frozen=True)
class Sample:
    """What is known of one sample besides its tensors.

    Args:
        id: the sample's name, used in messages.
        text: the text that character positions count in.
        image_size: width and height of the image, in pixels.
        seconds: length of the sound.
        files: where the media came from, by input name ("image", "text", "audio").
    """

    id: str = ""
    text: str | None = None
    image_size: tuple[int, int] | None = None
    seconds: float | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    def merge(self, other: "Sample") -> "Sample":
        """Both samples' knowledge in one; this one's id where both have one.

        Raises:
            InputError: two different texts, images or sounds: a sample has one of each.
        """
        for name in ("text", "image_size", "seconds"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine is not None and theirs is not None and mine != theirs:
                raise InputError(
                    f"sample {self.id!r} gets two values of {name}, {mine!r} and {theirs!r}: a graph "
                    "holds one text, one image and one sound of each sample; build a second graph"
                )
        return Sample(
            id=self.id or other.id,
            text=other.text if self.text is None else self.text,
            image_size=other.image_size if self.image_size is None else self.image_size,
            seconds=other.seconds if self.seconds is None else self.seconds,
            files={**other.files, **self.files},
        )


@dataclass(frozen=True, eq=False, repr=False)
class HeteroGraph:
    """A heterogeneous graph; a batch is a graph, and one sample is a batch of one.

    Nodes of a type lie sample after sample. Every node type and edge type of the schema is a key of `x` and
    `edge_index`, also where no sample has any: a missing modality is zero nodes.

    Args:
        schema: the node types and edge types.
        samples: one record for each sample; its length is `num_graphs`.
        sizes: for each node type, the number of nodes of each sample, as Python ints.
        x: features `[N, D]`, or integer ids `[N]`.
        batch: the sample that a node belongs to, `[N]`, ascending.
        edge_index: `[2, E]` int64, row 0 source and row 1 target, numbered through the batch; or COMPLETE.
        pos: region `[N, 4]` xyxy in 0..1; token `[N, 2]` characters; segment `[N, 2]` seconds.
        edge_attr: float `[E, D]` or integer classes `[E]`. A complete relation's are in the order of
            `mmgraph.ops.ragged.complete_pairs`.
        edge_score: how sure the maker of an edge was, `[E]`.
        edge_origin: index into the spec's origins, `[E]` int8, where there are several origins.
        label: one string for each node, where the type has labels (words, detector classes, times).
        extra: further tensors by node type or edge type, with a row for each node or edge.
        target: tensors with a row for each sample, such as answers.
        relations: how the edges are laid out for the layers, where `mmgraph.graph.plan` did it; the planner's
            work, not the graph's content, so it is neither compared nor saved.
    """

    schema: Schema
    samples: tuple[Sample, ...]
    sizes: Mapping[NodeType, tuple[int, ...]]
    x: Mapping[NodeType, Tensor]
    batch: Mapping[NodeType, Tensor]
    edge_index: Mapping[EdgeType, EdgeIndex]
    pos: Mapping[NodeType, Tensor] = field(default_factory=dict)
    edge_attr: Mapping[EdgeType, Tensor] = field(default_factory=dict)
    edge_score: Mapping[EdgeType, Tensor] = field(default_factory=dict)
    edge_origin: Mapping[EdgeType, Tensor] = field(default_factory=dict)
    label: Mapping[NodeType, tuple[str, ...]] = field(default_factory=dict)
    extra: Mapping[NodeType | EdgeType, Mapping[str, Tensor]] = field(default_factory=dict)
    target: Mapping[str, Tensor] = field(default_factory=dict)
    relations: Mapping[EdgeType, Relation] = field(default_factory=dict)

    @classmethod
    def create(
        cls,
        schema: Schema,
        samples: int | Sequence[Sample] = 1,
        *,
        sizes: Mapping[NodeType, Sequence[int]] | None = None,
        x: Mapping[NodeType, Tensor] | None = None,
        edge_index: Mapping[EdgeType, EdgeIndex] | None = None,
        pos: Mapping[NodeType, Tensor] | None = None,
        edge_attr: Mapping[EdgeType, Tensor] | None = None,
        edge_score: Mapping[EdgeType, Tensor] | None = None,
        edge_origin: Mapping[EdgeType, Tensor] | None = None,
        label: Mapping[NodeType, Sequence[str]] | None = None,
        extra: Mapping[Any, Mapping[str, Tensor]] | None = None,
        target: Mapping[str, Tensor] | None = None,
    ) -> "HeteroGraph":
        """A graph from what there is; everything else that the schema names is filled in empty.

        Args:
            schema: the node types and edge types.
            samples: the samples' records, or how many samples there are.
            sizes: nodes of each sample; may be left out for a single sample.
            x: features by node type; a type left out has zero nodes.
            edge_index: edges by edge type; a type left out has zero edges, or is COMPLETE if its
                spec says so.
            pos: positions by node type.
            edge_attr: attributes by edge type.
            edge_score: scores by edge type.
            edge_origin: indices into the spec's origins, by edge type.
            label: one string for each node.
            extra: further rows for nodes or edges.
            target: further rows for samples.

        Raises:
            InputError: sizes are missing for more than one sample.
        """
        x, edge_index, pos = dict(x or {}), dict(edge_index or {}), dict(pos or {})
        edge_attr, edge_score = dict(edge_attr or {}), dict(edge_score or {})
        edge_origin = dict(edge_origin or {})
        records = (
            tuple(Sample(str(i)) for i in range(samples)) if isinstance(samples, int) else tuple(samples)
        )
        counts = {key: tuple(int(n) for n in value) for key, value in (sizes or {}).items()}
        device = next((t.device for t in [*x.values(), *pos.values()]), torch.device("cpu"))
        for node_type, node in schema.nodes.items():
            if node_type not in x:
                shape = (0, node.dim) if node.dim else (0,)
                x[node_type] = torch.zeros(
                    shape, dtype=torch.get_default_dtype() if node.dim else torch.long, device=device
                )
            if node_type not in counts:
                if len(records) != 1 and len(x[node_type]):
                    raise InputError(
                        f"sizes[{node_type!r}] is missing: with {len(records)} samples, say how many "
                        f"of the {len(x[node_type])} nodes belong to each"
                    )
                counts[node_type] = (len(x[node_type]),) if len(records) == 1 else (0,) * len(records)
            if node.pos is not None and node_type not in pos:
                dtype = torch.long if node.pos == "characters" else torch.get_default_dtype()
                pos[node_type] = torch.zeros(0, POS_WIDTH[node.pos], dtype=dtype, device=device)
        for edge_type, edge in schema.edges.items():
            if edge_type not in edge_index:
                edge_index[edge_type] = (
                    COMPLETE if edge.complete else torch.zeros(2, 0, dtype=torch.long, device=device)
                )
            if edge.attr_dim and edge_type not in edge_attr:
                edge_attr[edge_type] = torch.zeros(0, edge.attr_dim, device=device)
            if edge.classes and edge_type not in edge_attr:
                edge_attr[edge_type] = torch.zeros(0, dtype=torch.long, device=device)
            if edge.scored and edge_type not in edge_score:
                edge_score[edge_type] = torch.zeros(0, device=device)
            if len(edge.origins) > 1 and edge_type not in edge_origin:
                edge_origin[edge_type] = torch.zeros(0, dtype=torch.int8, device=device)
        return cls(
            schema=schema,
            samples=records,
            sizes=counts,
            x=x,
            batch={key: ragged.sample_of(counts[key]).to(device) for key in schema.nodes},
            edge_index=edge_index,
            pos=pos,
            edge_attr=edge_attr,
            edge_score=edge_score,
            edge_origin=edge_origin,
            label={key: tuple(value) for key, value in (label or {}).items()},
            extra={key: dict(value) for key, value in (extra or {}).items()},
            target=dict(target or {}),
        )

    # ------------------------------------------------------------------ what it holds

    @property
    def num_graphs(self) -> int:
        """How many samples there are."""
        return len(self.samples)

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return next((tensor.device for tensor in self.batch.values()), torch.device("cpu"))

    def num_nodes(self, node_type: NodeType) -> int:
        """How many nodes of a type there are, over all samples."""
        return sum(self.sizes[node_type])

    def num_edges(self, edge_type: EdgeType) -> int:
        """How many edges of a type there are; pairs, for a complete relation."""
        index = self.edge_index[edge_type]
        if isinstance(index, Tensor):
            return index.shape[1]
        source, _, target = edge_type
        return sum(s * t for s, t in zip(self.sizes[source], self.sizes[target], strict=True))

    def edges(self, edge_type: EdgeType) -> Int[Tensor, "2 E"]:
        """The edges of a type; the pairs of a complete relation are written out."""
        index = self.edge_index[edge_type]
        if isinstance(index, Tensor):
            return index
        source, _, target = edge_type
        return ragged.complete_pairs(self.sizes[source], self.sizes[target]).to(self.device)

    def present(self, node_type: NodeType) -> Bool[Tensor, " B"]:
        """True for each sample that has nodes of this type."""
        flags = torch.zeros(self.num_graphs, dtype=torch.bool, device=self.device)
        return flags.index_fill(0, self.batch[node_type], True)

    def edge_sizes(self, edge_type: EdgeType) -> tuple[int, ...]:
        """How many edges of a type each sample has."""
        source, _, target = edge_type
        index = self.edge_index[edge_type]
        if isinstance(index, Tensor):
            counts = torch.bincount(self.batch[source][index[0]], minlength=self.num_graphs)
            return tuple(counts.tolist())
        return tuple(s * t for s, t in zip(self.sizes[source], self.sizes[target], strict=True))

    # ------------------------------------------------------------------ where it lies

    def apply(self, function: Callable[[Tensor], Tensor]) -> "HeteroGraph":
        """The same graph with `function` applied to every tensor."""
        changed: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "extra":
                changed["extra"] = {k: {n: function(t) for n, t in v.items()} for k, v in value.items()}
            elif item.name == "relations":
                changed["relations"] = {k: relation.apply(function) for k, relation in value.items()}
            elif item.name not in ("schema", "samples", "sizes", "label"):
                changed[item.name] = {
                    k: function(t) if isinstance(t, Tensor) else t for k, t in value.items()
                }
        return replace(self, **changed)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "HeteroGraph":
        """The graph on another device; `non_blocking` copies from pinned memory without waiting."""
        return self.apply(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> "HeteroGraph":
        """The graph in page-locked memory; a torch DataLoader calls this with `pin_memory=True`."""
        return self.apply(lambda tensor: tensor.pin_memory())

    def equal(self, other: "HeteroGraph") -> bool:
        """Whether two graphs have the same schema, samples, labels and exactly the same tensors."""
        return not self.difference(other)

    def difference(self, other: "HeteroGraph") -> str:
        """In words, the first thing in which two graphs differ; empty if they are equal."""
        if self.schema != other.schema:
            return "schema: " + self.schema.difference(other.schema)
        for item in fields(self):
            if item.name not in ("schema", "relations"):
                place = _difference(getattr(self, item.name), getattr(other, item.name), item.name)
                if place:
                    return place
        return ""

    # ------------------------------------------------------------------ relations

    def with_relation(
        self,
        edge_type: EdgeType,
        spec: EdgeSpec,
        edge_index: EdgeIndex,
        *,
        attr: Tensor | None = None,
        score: Tensor | None = None,
    ) -> "HeteroGraph":
        """This graph with one more relation, or with more edges in a relation that it has.

        Edges that join a relation which another maker began keep apart by their origin.

        Args:
            edge_type: (source type, relation, target type).
            spec: what the relation is, with the one origin of these edges.
            edge_index: `[2, E]`, or COMPLETE.
            attr: attributes of the edges, as the spec says.
            score: scores of the edges, as the spec says.

        Raises:
            InputError: the relation exists and is not made for more edges of this kind; attributes or scores
                are given though the spec has none, or the other way round.
        """
        for name, value, wanted in (("attr", attr, spec.has_attr), ("score", score, spec.scored)):
            if (value is not None) != wanted:
                raise InputError(
                    f"relation {edge_type} got {'no ' * (value is None)}{name}, but its spec is {spec}"
                )
        if isinstance(edge_index, Tensor) == spec.complete:
            raise InputError(f"relation {edge_type} got {_kind(edge_index)}, but its spec is {spec}")
        old = self.schema.edges.get(edge_type)
        if old is None:
            return replace(
                self,
                schema=self.schema.with_edge(edge_type, spec),
                edge_index={**self.edge_index, edge_type: edge_index},
                edge_attr=self.edge_attr if attr is None else {**self.edge_attr, edge_type: attr},
                edge_score=self.edge_score if score is None else {**self.edge_score, edge_type: score},
                relations={},
            )
        return self._extend(edge_type, old, spec, edge_index, attr, score)

    def _extend(
        self,
        edge_type: EdgeType,
        old: EdgeSpec,
        spec: EdgeSpec,
        edge_index: EdgeIndex,
        attr: Tensor | None,
        score: Tensor | None,
    ) -> "HeteroGraph":
        before, back = self.edge_index[edge_type], (edge_type[2], f"rev_{edge_type[1]}", edge_type[0])
        if back in self.schema.edges:
            raise InputError(f"relation {edge_type} has its reverse: add edges before with_reverse")
        same = replace(old, origins=()) == replace(spec, origins=()) and edge_type not in self.extra
        if not (same and isinstance(before, Tensor) and isinstance(edge_index, Tensor)):
            raise InputError(
                f"relation {edge_type} is already there as {old} and cannot take edges of {spec}: "
                "give the second one another relation name"
            )
        one_each = bool(old.origins) and len(spec.origins) == 1
        if not (one_each or old.origins == spec.origins == ()):
            raise InputError(
                f"relation {edge_type} is there with the origins {old.origins} and gets edges of "
                f"{spec.origins}: name one origin for each, so that they stay apart"
            )
        origins = tuple(dict.fromkeys([*old.origins, *spec.origins]))
        joined = torch.cat([before, edge_index], dim=1)
        order = torch.argsort(self.batch[edge_type[0]][joined[0]], stable=True)
        graph = replace(
            self,
            schema=self.schema.with_edge(edge_type, replace(old, origins=origins)),
            edge_index={**self.edge_index, edge_type: joined[:, order]},
            relations={},
        )
        if len(origins) > 1:
            code = self.edge_origin.get(edge_type, before.new_zeros(before.shape[1], dtype=torch.int8))
            new_code = code.new_full((edge_index.shape[1],), origins.index(spec.origins[0]))
            merged = torch.cat([code, new_code])[order]
            graph = replace(graph, edge_origin={**self.edge_origin, edge_type: merged})
        if attr is not None:
            merged = torch.cat([self.edge_attr[edge_type], attr])[order]
            graph = replace(graph, edge_attr={**self.edge_attr, edge_type: merged})
        if score is not None:
            merged = torch.cat([self.edge_score[edge_type], score])[order]
            graph = replace(graph, edge_score={**self.edge_score, edge_type: merged})
        return graph

    def with_reverse(self) -> "HeteroGraph":
        """This graph with a `rev_` relation for each relation that is not symmetric and has none yet.

        A reversed edge keeps its score and origin; its class becomes the inverse class where the spec names
        inverses, and stays otherwise.
        """
        graph = self
        for edge_type, spec in self.schema.edges.items():
            source, name, target = edge_type
            back = (target, f"rev_{name}", source)
            if spec.symmetric or name.startswith("rev_") or back in self.schema.edges:
                continue
            graph = graph._with_one_reverse(edge_type, back, spec)
        return graph

    def _with_one_reverse(self, edge_type: EdgeType, back: EdgeType, spec: EdgeSpec) -> "HeteroGraph":
        index = self.edge_index[edge_type]
        attr, score = self.edge_attr.get(edge_type), self.edge_score.get(edge_type)
        extra = dict(self.extra.get(edge_type, {}))
        if attr is not None and spec.inverse:
            attr = torch.tensor(spec.inverse, device=attr.device)[attr]
        if isinstance(index, Tensor):
            index = index.flip(0)
        elif spec.has_attr or spec.scored or extra:
            # Canonical order is source first: the transposed pairs have to be put in order again.
            order = torch.argsort(self.edges(edge_type)[1], stable=True)
            attr = None if attr is None else attr[order]
            score = None if score is None else score[order]
            extra = {name: value[order] for name, value in extra.items()}
        return replace(
            self,
            schema=self.schema.with_edge(back, spec),
            edge_index={**self.edge_index, back: index},
            edge_attr=self.edge_attr if attr is None else {**self.edge_attr, back: attr},
            edge_score=self.edge_score if score is None else {**self.edge_score, back: score},
            edge_origin=_copy_key(self.edge_origin, edge_type, back),
            extra={**self.extra, back: extra} if extra else self.extra,
            relations={},
        )

    # ------------------------------------------------------------------ to other libraries and files

    def to_pyg(self) -> "HeteroData | Batch":
        """As PyG's HeteroData (one sample) or Batch (several); see `mmgraph.interop.pyg`."""
        from mmgraph.interop.pyg import to_pyg

        return to_pyg(self)

    def to_networkx(self) -> "MultiDiGraph":
        """As a NetworkX MultiDiGraph; see `mmgraph.interop.networkx`."""
        from mmgraph.interop.networkx import to_networkx

        return to_networkx(self)

    def to_dgl(self) -> "DGLGraph":
        """As a DGL heterograph; see `mmgraph.interop.dgl`. Needs the extra `dgl`."""
        from mmgraph.interop.dgl import to_dgl

        return to_dgl(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to a `.json` or `.safetensors` file; see `mmgraph.interop.files`."""
        from mmgraph.interop.files import save

        save(self, path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> "HeteroGraph":
        """Read a `.json` or `.safetensors` file that `save` wrote; the graph is validated."""
        from mmgraph.interop.files import load

        return load(path)

    # ------------------------------------------------------------------ in words

    def describe(self) -> "Description":
        """Counts, missing modalities, isolated nodes and warnings, to print or as a dict."""
        from mmgraph.graph.describe import describe

        return describe(self)

    def __repr__(self) -> str:
        from mmgraph.graph.describe import summary

        return summary(self)


def _kind(edge_index: EdgeIndex) -> str:
    return f"{edge_index.shape[-1]} edges" if isinstance(edge_index, Tensor) else repr(edge_index)


def _copy_key(values: Mapping[EdgeType, Tensor], key: EdgeType, back: EdgeType) -> Mapping[EdgeType, Tensor]:
    return {**values, back: values[key]} if key in values else values


def _difference(mine: Any, theirs: Any, place: str) -> str:
    """Where two nested values differ, or an empty string; NaN equals NaN."""
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        if mine.keys() != theirs.keys():
            return f"{place} has the keys {list(mine)} in one and {list(theirs)} in the other"
        places = (_difference(mine[key], theirs[key], f"{place}[{key!r}]") for key in mine)
        return next(filter(None, places), "")
    if isinstance(mine, Tensor) and isinstance(theirs, Tensor):
        if mine.shape != theirs.shape or mine.dtype != theirs.dtype:
            return (
                f"{place} is {mine.dtype} {list(mine.shape)} in one and "
                f"{theirs.dtype} {list(theirs.shape)} in the other"
            )
        same = bool(((mine == theirs) | (mine.isnan() & theirs.isnan())).all())
        return "" if same else f"{place} differs in value"
    return "" if mine == theirs else f"{place} is {mine!r} in one and {theirs!r} in the other"
