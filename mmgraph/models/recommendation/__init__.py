"""Recommenders: models of which item suits which user, one a file, each as its paper says."""

from mmgraph.models.recommendation.aligned_graphs import AlignedGraphs
from mmgraph.models.recommendation.bm3 import BM3
from mmgraph.models.recommendation.build_recommendation_graph import build_recommendation_graph
from mmgraph.models.recommendation.co_interaction_graph import co_interaction_graph
from mmgraph.models.recommendation.denoise import agreement, denoise
from mmgraph.models.recommendation.drop_edges import drop_edges
from mmgraph.models.recommendation.freedom import FREEDOM
from mmgraph.models.recommendation.fused_graph import fused_graph
from mmgraph.models.recommendation.grcn import GRCN
from mmgraph.models.recommendation.item_graph import ItemGraph
from mmgraph.models.recommendation.knowledge_graphs import item_facts, shared_facts_graph
from mmgraph.models.recommendation.lattice import LATTICE
from mmgraph.models.recommendation.light_gcn_recommender import LightGCNRecommender
from mmgraph.models.recommendation.make import RECOMMENDERS, make_recommender
from mmgraph.models.recommendation.matrix_factorisation import MatrixFactorisation
from mmgraph.models.recommendation.mmgcn import MMGCN
from mmgraph.models.recommendation.modality_graph import modality_graph
from mmgraph.models.recommendation.ngcf import NGCF
from mmgraph.models.recommendation.popularity import Popularity
from mmgraph.models.recommendation.recommendation_graph import RecommendationGraph
from mmgraph.models.recommendation.recommender import Embedded, Recommender, Resampling, Triplets
from mmgraph.models.recommendation.sampled_light_gcn import SampledLightGCN
from mmgraph.models.recommendation.slmrec import SLMRec
from mmgraph.models.recommendation.vbpr import VBPR

__all__ = [
    "BM3",
    "FREEDOM",
    "GRCN",
    "LATTICE",
    "MMGCN",
    "NGCF",
    "RECOMMENDERS",
    "VBPR",
    "AlignedGraphs",
    "Embedded",
    "ItemGraph",
    "LightGCNRecommender",
    "MatrixFactorisation",
    "Popularity",
    "RecommendationGraph",
    "Recommender",
    "Resampling",
    "SLMRec",
    "SampledLightGCN",
    "Triplets",
    "agreement",
    "build_recommendation_graph",
    "co_interaction_graph",
    "denoise",
    "drop_edges",
    "fused_graph",
    "item_facts",
    "make_recommender",
    "modality_graph",
    "shared_facts_graph",
]
