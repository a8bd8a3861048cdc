"""Graph layers over the typed edges of a batch, and pooling of its nodes."""

from mmgraph.nn.attention_pool import AttentionPool
from mmgraph.nn.cross_modal_attention import CrossModalAttention
from mmgraph.nn.fusion_in_transformer import FusionInTransformer
from mmgraph.nn.gat_conv import GATConv
from mmgraph.nn.gatv2_conv import GATv2Conv
from mmgraph.nn.gcn_conv import GCNConv
from mmgraph.nn.gin_conv import GINConv
from mmgraph.nn.gine_conv import GINEConv
from mmgraph.nn.graph_layer import GraphLayer, LayerKind
from mmgraph.nn.han_conv import HANConv
from mmgraph.nn.hetero_conv import HeteroConv
from mmgraph.nn.hgt_conv import HGTConv
from mmgraph.nn.layout import Layout, lay_out
from mmgraph.nn.light_gcn import LightGCN
from mmgraph.nn.max_pool import MaxPool
from mmgraph.nn.mean_pool import MeanPool
from mmgraph.nn.pooled_co_attention import PooledCoAttention
from mmgraph.nn.relational_attention import RelationalAttention
from mmgraph.nn.rgcn_conv import RGCNConv
from mmgraph.nn.sage_conv import SAGEConv
from mmgraph.nn.schema_conv import SchemaConv
from mmgraph.nn.set2set import Set2Set
from mmgraph.nn.soft_cluster_pool import SoftClusterPool
from mmgraph.nn.sum_pool import SumPool
from mmgraph.nn.top_k_pool import TopKPool
from mmgraph.nn.transformer_conv import TransformerConv

__all__ = [
    "AttentionPool",
    "CrossModalAttention",
    "FusionInTransformer",
    "GATConv",
    "GATv2Conv",
    "GCNConv",
    "GINConv",
    "GINEConv",
    "GraphLayer",
    "HANConv",
    "HGTConv",
    "HeteroConv",
    "LayerKind",
    "Layout",
    "LightGCN",
    "MaxPool",
    "MeanPool",
    "PooledCoAttention",
    "RGCNConv",
    "RelationalAttention",
    "SAGEConv",
    "SchemaConv",
    "Set2Set",
    "SoftClusterPool",
    "SumPool",
    "TopKPool",
    "TransformerConv",
    "lay_out",
]
