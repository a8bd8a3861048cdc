"""Encoders: from what builders put on the nodes to vectors that layers work on."""

from mmgraph.encoders.node_encoder import NodeEncoder

__all__ = ["NodeEncoder"]
