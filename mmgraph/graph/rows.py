"""Chosen rows of what a graph knows of its nodes and edges."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from mmgraph.graph.hetero_graph import HeteroGraph
from mmgraph.graph.schema import EdgeType, NodeType

__all__ = ["rows_of", "take_rows"]


def rows_of(samples: Bool[np.ndarray, " B"], counts: Sequence[int]) -> Int[Tensor, " R"]:
    """The rows that belong to the chosen samples, where sample after sample has `counts` rows."""
    return torch.from_numpy(samples.repeat(np.asarray(counts, dtype=np.int64)).nonzero()[0])


def take_rows(graph: HeteroGraph, rows: Mapping[NodeType | EdgeType, Tensor]) -> HeteroGraph:
    """The same graph with the chosen rows, in the order given, of the tensors and labels of some types.

    Sizes, batch vectors and the edges themselves stay as they are: those are for the caller. The layout is
    dropped.

    Args:
        graph: a batch.
        rows: numbers of rows by node type or edge type; a type that is not named keeps all.
    """
    chosen = {key: value.to(graph.device) for key, value in rows.items()}

    def taken(key: NodeType | EdgeType, value: Tensor) -> Tensor:
        return value.index_select(0, chosen[key]) if key in chosen else value

    label = dict(graph.label)
    for key in label.keys() & rows.keys():
        label[key] = tuple(label[key][row] for row in rows[key].tolist())
    return replace(
        graph,
        x={key: taken(key, value) for key, value in graph.x.items()},
        pos={key: taken(key, value) for key, value in graph.pos.items()},
        edge_attr={key: taken(key, value) for key, value in graph.edge_attr.items()},
        edge_score={key: taken(key, value) for key, value in graph.edge_score.items()},
        edge_origin={key: taken(key, value) for key, value in graph.edge_origin.items()},
        label=label,
        extra={
            key: {name: taken(key, value) for name, value in values.items()}
            for key, values in graph.extra.items()
        },
        relations={},
    )
