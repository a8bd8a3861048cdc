"""Why did the model say that? Weights between nodes and of nodes, by several methods, and their fidelity."""

from mmgraph.explanation.attention import attention
from mmgraph.explanation.attribution import Attribution, Fidelity, Pair
from mmgraph.explanation.edge_mask import edge_mask
from mmgraph.explanation.explain import explain, explain_answer
from mmgraph.explanation.explanation import Explanation, Path, Prediction, skeleton
from mmgraph.explanation.fidelity import chance_fidelity, fidelity, node_scores
from mmgraph.explanation.integrated_gradients import integrated_gradients
from mmgraph.explanation.leave_one_out import leave_one_out
from mmgraph.explanation.make import DEFAULT_METHODS, METHODS, MethodKind
from mmgraph.explanation.modality_weights import modality_weights
from mmgraph.explanation.paths import best_paths
from mmgraph.explanation.plan import plan
from mmgraph.explanation.relevance import relevance
from mmgraph.explanation.rollout import rollout
from mmgraph.explanation.similarity import similarity
from mmgraph.explanation.subject import Subject
from mmgraph.explanation.transport import transport
from mmgraph.explanation.weight_map import WeightMap

__all__ = [
    "DEFAULT_METHODS",
    "METHODS",
    "Attribution",
    "Explanation",
    "Fidelity",
    "MethodKind",
    "Pair",
    "Path",
    "Prediction",
    "Subject",
    "WeightMap",
    "attention",
    "best_paths",
    "chance_fidelity",
    "edge_mask",
    "explain",
    "explain_answer",
    "fidelity",
    "integrated_gradients",
    "leave_one_out",
    "modality_weights",
    "node_scores",
    "plan",
    "relevance",
    "rollout",
    "similarity",
    "skeleton",
    "transport",
]
