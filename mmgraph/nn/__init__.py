"""Graph layers over the typed edges of a batch, and pooling of its nodes."""

from mmgraph.nn.attention_pool import AttentionPool
from mmgraph.nn.graph_layer import GraphLayer
from mmgraph.nn.layout import Layout, lay_out
from mmgraph.nn.relational_attention import RelationalAttention

__all__ = ["AttentionPool", "GraphLayer", "Layout", "RelationalAttention", "lay_out"]
