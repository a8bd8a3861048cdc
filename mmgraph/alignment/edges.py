"""The alignment that a graph's own edges state."""

from mmgraph.alignment.base import Alignment
from mmgraph.errors import InputError
from mmgraph.graph import EdgeType, HeteroGraph
from mmgraph.ops.blocks import blocks

__all__ = ["alignment_of_edges"]


def alignment_of_edges(graph: HeteroGraph, edge_type: EdgeType) -> Alignment:
    """The scores of a relation as a plan: what a linker, rather than a model, matched with what.

    Args:
        graph: one or several samples.
        edge_type: (source, relation, target); an edge without a score weighs 1.

    Returns:
        plan `[B, S, T]`, zero where no edge joins a pair, and zero loss; edges of the same pair add up.

    Raises:
        InputError: the graph has no such relation, or a negative score.
    """
    if edge_type not in graph.schema.edges:
        raise InputError(f"the graph has no relation {edge_type}: it has {list(graph.schema.edges)}")
    edges = graph.edges(edge_type)
    score = graph.edge_score.get(edge_type)
    weight = edges.new_ones(edges.shape[1]).float() if score is None else score.float()
    if bool((weight < 0).any()):
        raise InputError(
            f"relation {edge_type} has negative scores, which are no weights: link with a threshold >= 0"
        )
    source, target = (blocks(graph.batch[end], graph.sizes[end]) for end in (edge_type[0], edge_type[2]))
    batch, width = target.mask.shape
    place = source.slot[edges[0]] * width + target.slot[edges[1]] % max(width, 1)
    plan = weight.new_zeros(batch * source.mask.shape[1] * width).index_add(0, place, weight)
    plan = plan.view(batch, source.mask.shape[1], width)
    return Alignment(plan, plan.new_zeros(()))
