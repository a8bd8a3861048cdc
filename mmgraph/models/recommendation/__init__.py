"""Recommenders: models of which item suits which user, one a file, each as its paper says."""

from mmgraph.models.recommendation.aligned_graphs import AlignedGraphs
from mmgraph.models.recommendation.bm3 import BM3
from mmgraph.models.recommendation.freedom import FREEDOM
from mmgraph.models.recommendation.grcn import GRCN
from mmgraph.models.recommendation.item_graph import ItemGraph
from mmgraph.models.recommendation.lattice import LATTICE
from mmgraph.models.recommendation.light_gcn_recommender import LightGCNRecommender
from mmgraph.models.recommendation.make import RECOMMENDERS, make_recommender
from mmgraph.models.recommendation.matrix_factorisation import MatrixFactorisation
from mmgraph.models.recommendation.mmgcn import MMGCN
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
    "make_recommender",
]
