"""The relations of a batch, laid out for the layers."""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph.hetero_graph import HeteroGraph
from mmgraph.graph.schema import EdgeType
from mmgraph.ops.blocks import blocks
from mmgraph.ops.relation import Form, Relation, relation_of_edges, relation_of_pairs

__all__ = ["plan", "relations_of"]


def plan(graph: HeteroGraph, form: Form | Mapping[EdgeType, Form] | None = None) -> HeteroGraph:
    """The same batch with its relations laid out for the layers; see `relations_of`.

    Use it where batches are made, in the data worker; the layout goes to the device with the batch:
    `DataLoader(store, sampler=BatchSampler(...), batch_size=None, collate_fn=plan)` over a `GraphStore`. What
    changes the edges or the samples (`with_relation`, `select`, `split`, `collate`) drops the plan.

    Args:
        graph: the batch.
        form: as for `relations_of`.
    """
    return replace(graph, relations=relations_of(graph, form))


def relations_of(
    graph: HeteroGraph, form: Form | Mapping[EdgeType, Form] | None = None
) -> dict[EdgeType, Relation]:
    """Lay out every relation of a batch: as a grid of padded blocks, as sorted edges, or as both.

    On the CPU the planner chooses. On another device, listed edges become CSR unless a form is asked for:
    that no edge stands twice, which a grid cannot hold, is not known without waiting. So plan in the worker.

    Args:
        graph: the batch.
        form: "dense" or "csr" for all relations, or a form for some by edge type; what is not named is the
            planner's choice. A complete relation stays "complete" unless another form is asked for.

    Raises:
        InputError: a form for a relation that is not there, "complete" for listed edges, "dense" where an
            edge stands twice, or an edge that joins two samples.
    """
    if isinstance(form, Mapping) and (unknown := form.keys() - graph.schema.edges.keys()):
        raise InputError(f"form names {min(unknown)}, but the graph has {list(graph.schema.edges)}")
    placed = {key: blocks(graph.batch[key], graph.sizes[key]) for key in graph.schema.nodes}
    found = {}
    for key in graph.schema.edges:
        source, target, index = placed[key[0]], placed[key[2]], graph.edge_index[key]
        wanted = form.get(key) if isinstance(form, Mapping) else form
        if isinstance(index, Tensor):
            count = graph.num_nodes(key[0]), graph.num_nodes(key[2])
            found[key] = relation_of_edges(index, *count, source, target, wanted)
        else:
            found[key] = relation_of_pairs(source, target, graph.num_edges(key), wanted)
    return found
