"""Why did the model say that? Weights between nodes and of nodes, by several methods, and their fidelity."""

from mmgraph.explanation.attribution import Attribution, Fidelity, Pair
from mmgraph.explanation.explanation import Explanation, Path, Prediction, skeleton
from mmgraph.explanation.weight_map import WeightMap

__all__ = ["Attribution", "Explanation", "Fidelity", "Pair", "Path", "Prediction", "WeightMap", "skeleton"]
