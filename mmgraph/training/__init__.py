"""Training and evaluation: the loop, modality dropout, scores by subset of modalities, the files of a run."""

from mmgraph.training.checkpoint import load_weights, save_weights
from mmgraph.training.distributed import ALONE, LostRankError, Ranks, joined_ranks
from mmgraph.training.evaluate import SubsetScore, SubsetScores, evaluate
from mmgraph.training.fit import Fitted, fit
from mmgraph.training.fit_epochs import fit_epochs
from mmgraph.training.modality_dropout import ModalityDropout
from mmgraph.training.row_adagrad import RowAdagrad
from mmgraph.training.row_adam import RowAdam
from mmgraph.training.run import Run

__all__ = [
    "ALONE",
    "Fitted",
    "LostRankError",
    "ModalityDropout",
    "Ranks",
    "RowAdagrad",
    "RowAdam",
    "Run",
    "SubsetScore",
    "SubsetScores",
    "evaluate",
    "fit",
    "fit_epochs",
    "joined_ranks",
    "load_weights",
    "save_weights",
]
