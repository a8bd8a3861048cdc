"""Training: the loop, the folder that a run leaves, the weights' files."""

from mmgraph.training.checkpoint import load_weights, save_weights
from mmgraph.training.fit import Fitted, fit
from mmgraph.training.run import Run

__all__ = ["Fitted", "Run", "fit", "load_weights", "save_weights"]
