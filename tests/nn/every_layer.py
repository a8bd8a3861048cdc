"""An example of every public layer, over one small batch: what the common properties run on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from mmgraph import nn as layers
from mmgraph.graph import COMPLETE, EdgeSpec, EdgeType, HeteroGraph, NodeSpec, Schema, relations_of
from mmgraph.graph.relations import plan
from mmgraph.ops.blocks import blocks

WIDTH = 6
NEAR, INFORMS = ("region", "near", "region"), ("token", "informs", "region")
NEXT, HEARS = ("token", "next", "token"), ("segment", "resembles", "region")
BACK = ("region", "resembles", "token")
FEATURES, CLASSES = 3, ("a", "b")
SCHEMA = Schema(
    {key: NodeSpec(WIDTH) for key in ("region", "token", "segment")},
    {
        NEAR: EdgeSpec(complete=True),
        INFORMS: EdgeSpec(complete=True),
        NEXT: EdgeSpec(classes=CLASSES),
        HEARS: EdgeSpec(attr_dim=FEATURES),
        BACK: EdgeSpec(),
    },
)
SIZES = {"region": (3, 0, 5, 0, 2), "token": (4, 3, 0, 0, 5), "segment": (2, 4, 1, 0, 0)}
"""A sample of everything, three that lack a modality, and one without any node."""

Outputs = dict[str, Tensor]


def batch(dtype: torch.dtype = torch.float64) -> HeteroGraph:
    """Five samples with complete, listed, classed and featured relations."""
    random = torch.Generator().manual_seed(0)
    edges = {key: _edges(key, random) for key in (NEXT, HEARS, BACK)}
    count = {key: index.shape[1] for key, index in edges.items()}
    return HeteroGraph.create(
        SCHEMA,
        len(SIZES["region"]),
        sizes=SIZES,
        x={
            key: torch.randn(sum(sizes), WIDTH, generator=random, dtype=dtype) for key, sizes in SIZES.items()
        },
        edge_index={**edges, NEAR: COMPLETE, INFORMS: COMPLETE},
        edge_attr={
            NEXT: torch.randint(0, len(CLASSES), (count[NEXT],), generator=random),
            HEARS: torch.randn(count[HEARS], FEATURES, generator=random, dtype=dtype),
        },
    )


def _edges(key: EdgeType, random: torch.Generator) -> Tensor:
    samples = [torch.repeat_interleave(torch.arange(5), torch.tensor(SIZES[end])) for end in (key[0], key[2])]
    together = samples[0][:, None] == samples[1][None, :]
    chosen = torch.rand(together.shape, generator=random) < 0.6
    return (together & chosen).nonzero().T.contiguous()


@dataclass(frozen=True)
class Example:
    """A layer and how it is called.

    Args:
        make: the layer.
        call: from the layer and a planned batch to outputs by name; a row for each node of the type that the
            name begins with, or for each sample if it begins with "sample".
        unread: names of weights that this batch has no use for.
    """

    make: Callable[[], nn.Module]
    call: Callable[[nn.Module, HeteroGraph], Outputs]
    unread: tuple[str, ...] = ()


class Each(nn.Module):
    """A layer over one relation, once for each of some relations."""

    def __init__(self, make: Callable[[EdgeType], nn.Module], keys: tuple[EdgeType, ...]) -> None:
        super().__init__()
        self.keys = keys
        self.parts = nn.ModuleList([make(key) for key in keys])

    def forward(self, graph: HeteroGraph, edge_attr: Mapping[EdgeType, Tensor]) -> Outputs:
        found = {}
        for key, part in zip(self.keys, self.parts, strict=True):
            source, target = graph.x[key[0]], graph.x[key[2]]
            x = source if key[0] == key[2] else (source, target)
            attr = [edge_attr[key]] if key in edge_attr else []
            found[f"{key[2]} {key[1]}"] = part(x, graph.relations[key], *attr)
        return found


PLAIN = (NEAR, INFORMS, NEXT, HEARS, BACK)


def each(
    make: Callable[[EdgeType], nn.Module],
    keys: tuple[EdgeType, ...] = PLAIN,
    attr: tuple[EdgeType, ...] = (),
) -> Example:
    """A layer over one relation."""
    return Example(
        lambda: Each(make, keys),
        lambda layer, graph: layer(graph, {key: graph.edge_attr[key] for key in attr}),
    )


def hetero(
    make: Callable[[], nn.Module], attr: tuple[EdgeType, ...] = (), unread: tuple[str, ...] = ()
) -> Example:
    """A layer over all relations."""

    def call(layer: nn.Module, graph: HeteroGraph) -> Outputs:
        return layer(graph.x, graph.relations, {key: graph.edge_attr[key] for key in attr})

    return Example(make, call, unread=unread)


def relational(make: Callable[[], nn.Module]) -> Example:
    """A layer over all relations that reads nothing of their edges."""
    return Example(make, lambda layer, graph: layer(graph.x, graph.relations))


def pool(make: Callable[[], nn.Module]) -> Example:
    """A layer from the nodes of a sample to one vector."""

    def call(layer: nn.Module, graph: HeteroGraph) -> Outputs:
        return {
            f"sample {key}": layer(graph.x[key], blocks(graph.batch[key], graph.sizes[key]))
            for key in graph.x
        }

    return Example(make, call)


def fused(make: Callable[[], nn.Module]) -> Example:
    """A layer over the nodes of all types, given their blocks."""

    def call(layer: nn.Module, graph: HeteroGraph) -> Outputs:
        return layer(graph.x, {key: blocks(graph.batch[key], graph.sizes[key]) for key in graph.x})

    return Example(make, call)


def co_pooled(make: Callable[[], nn.Module]) -> Example:
    """A layer from the nodes of two types to a vector of each."""

    def call(layer: nn.Module, graph: HeteroGraph) -> Outputs:
        keys = ("region", "token")
        placed = tuple(blocks(graph.batch[key], graph.sizes[key]) for key in keys)
        found = layer(tuple(graph.x[key] for key in keys), placed)
        return {f"sample {key}": value for key, value in zip(keys, found, strict=True)}

    return Example(make, call)


def packed(make: Callable[[], nn.Module]) -> Example:
    """A layer over the nodes of all types, end to end."""

    def call(layer: nn.Module, graph: HeteroGraph) -> Outputs:
        whole = layer(torch.cat(list(graph.x.values())), layers.lay_out(graph))
        counts = [len(value) for value in graph.x.values()]
        return dict(zip(graph.x, whole.split(counts), strict=True))

    return Example(make, call)


def light(layer: nn.Module, graph: HeteroGraph) -> Outputs:
    """Propagation between two types, in both directions."""
    outputs = {}
    for source, name, target in (INFORMS, HEARS):
        x = graph.x[source], graph.x[target]
        found = layer(x, graph.relations[source, name, target])
        outputs |= {f"{source} {name}": found[0], f"{target} {name}": found[1]}
    return outputs


def edge_dim(key: EdgeType) -> int | None:
    return FEATURES if key == HEARS else None


EXAMPLES: dict[str, Example] = {
    "AttentionPool": pool(lambda: layers.AttentionPool(WIDTH)),
    "CrossModalAttention": each(
        lambda key: layers.CrossModalAttention(WIDTH, 2, score=("additive" if key == BACK else "scaled"))
    ),
    "FusionInTransformer": fused(lambda: layers.FusionInTransformer(tuple(SIZES), WIDTH, 2)),
    "GATConv": each(
        lambda key: layers.GATConv((WIDTH, WIDTH), 2, 3, edge_dim=edge_dim(key), residual=True), attr=(HEARS,)
    ),
    "GATv2Conv": each(
        lambda key: layers.GATv2Conv((WIDTH, WIDTH), 2, 3, edge_dim=edge_dim(key), residual=True),
        attr=(HEARS,),
    ),
    "GCNConv": each(lambda key: layers.GCNConv(WIDTH, 4)),
    "GINConv": each(lambda key: layers.GINConv(nn.Linear(WIDTH, 4), train_eps=True)),
    "GINEConv": each(lambda key: layers.GINEConv(nn.Linear(WIDTH, 4), WIDTH, FEATURES), (HEARS,), (HEARS,)),
    "GraphLayer": packed(lambda: layers.GraphLayer(SCHEMA, WIDTH, 2)),
    "HANConv": relational(lambda: layers.HANConv(WIDTH, WIDTH, SCHEMA, 2)),
    "HGTConv": hetero(
        lambda: layers.HGTConv(WIDTH, WIDTH, SCHEMA, 2),
        attr=(HEARS, NEXT),
        unread=("out_lin.lins.segment.weight", "out_lin.lins.segment.bias", "skip.segment"),
    ),
    "HeteroConv": hetero(
        lambda: layers.HeteroConv({key: layers.GATConv((WIDTH, WIDTH), 2, 3) for key in PLAIN}, "softmax")
    ),
    "LightGCN": Example(layers.LightGCN, light),
    "MaxPool": pool(layers.MaxPool),
    "MeanPool": pool(layers.MeanPool),
    "PooledCoAttention": co_pooled(lambda: layers.PooledCoAttention(WIDTH)),
    "RGCNConv": each(lambda key: layers.RGCNConv((WIDTH, WIDTH), 4, len(CLASSES)), (NEXT,), (NEXT,)),
    "RelationalAttention": packed(lambda: layers.RelationalAttention(SCHEMA, WIDTH, 2)),
    "SAGEConv": each(lambda key: layers.SAGEConv((WIDTH, WIDTH), 4)),
    "SchemaConv": packed(lambda: layers.SchemaConv(SCHEMA, WIDTH, "transformer", 2)),
    "Set2Set": pool(lambda: layers.Set2Set(WIDTH, 2)),
    "SoftClusterPool": pool(lambda: layers.SoftClusterPool(WIDTH, 3)),
    "SumPool": pool(layers.SumPool),
    "TopKPool": pool(lambda: layers.TopKPool(WIDTH, 0.5)),
    "TransformerConv": each(
        lambda key: layers.TransformerConv((WIDTH, WIDTH), 2, 3, edge_dim=edge_dim(key)), attr=(HEARS,)
    ),
}


def planned(graph: HeteroGraph, form: str | None = None) -> HeteroGraph:
    """The batch in one layout; a complete relation is written out if a form is asked for."""
    return plan(graph) if form is None else replace(graph, relations=relations_of(graph, form))
