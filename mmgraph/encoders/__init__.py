"""Encoders: from what builders put on nodes and edges to numbers that layers work on."""

from mmgraph.encoders.edge_scaler import EdgeScaler
from mmgraph.encoders.node_encoder import NodeEncoder

__all__ = ["EdgeScaler", "NodeEncoder"]
