"""A batch in the order of types that a model was made for."""

from dataclasses import replace

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, Schema

__all__ = ["in_order_of"]


def in_order_of(schema: Schema, graph: HeteroGraph) -> HeteroGraph:
    """The batch with the model's schema: schemas are equal in any order, weights are laid out in one.

    Raises:
        InputError: the batch has another schema.
    """
    if graph.schema is schema:
        return graph
    if graph.schema != schema:
        raise InputError(
            f"the model was made for another schema: {schema.difference(graph.schema)}; "
            "build the graphs with the builder that the model was trained with"
        )
    return replace(graph, schema=schema)
