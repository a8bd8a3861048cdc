"""The graph: its types, its schema, batches, checks and descriptions."""

from mmgraph.graph.collate import collate, join, split
from mmgraph.graph.describe import Description, describe
from mmgraph.graph.hetero_graph import COMPLETE, HeteroGraph, Sample
from mmgraph.graph.modalities import with_modalities, without
from mmgraph.graph.relations import plan, relations_of
from mmgraph.graph.schema import EdgeSpec, EdgeType, NodeSpec, NodeType, Schema
from mmgraph.graph.shuffle import shuffle_edges
from mmgraph.graph.store import GraphStore, select
from mmgraph.graph.subgraph import subgraph
from mmgraph.graph.validate import validate

__all__ = [
    "COMPLETE",
    "Description",
    "EdgeSpec",
    "EdgeType",
    "GraphStore",
    "HeteroGraph",
    "NodeSpec",
    "NodeType",
    "Sample",
    "Schema",
    "collate",
    "describe",
    "join",
    "plan",
    "relations_of",
    "select",
    "shuffle_edges",
    "split",
    "subgraph",
    "validate",
    "with_modalities",
    "without",
]
