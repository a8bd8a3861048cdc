"""How fast recommenders learn and rank, and how items find their neighbours.

    OMP_NUM_THREADS=1 python -m experiments.benchmarks.recommendation --json recommendation.json
    OMP_NUM_THREADS=1 python -m experiments.benchmarks.recommendation --only ranking --quick

Four sections, each described in its module: `epoch` (recommendation_epoch), an epoch of LightGCN; `negatives`
(recommendation_negatives), items that users did not choose; `ranking` (recommendation_ranking), the best
items of all users; `item_graph` (recommendation_item_graph), each item's nearest neighbours.
"""

from collections.abc import Sequence
from importlib import import_module

import torch

from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.timing import write_figures

SECTIONS = ("epoch", "negatives", "ranking", "item_graph")


def main(quick: bool = False, json: str | None = None, only: Sequence[str] | None = None) -> None:
    """Measure the sections one after the other, with one thread.

    Args:
        quick: smaller data, and fewer rounds.
        json: where the figures go, as a flat JSON object.
        only: the sections; all if None.
    """
    torch.set_num_threads(1)
    figures: dict[str, float] = {}
    for section in SECTIONS if only is None else only:
        torch.manual_seed(0)
        # One at a time, so that what a section's peers load does not lie beside the others.
        figures |= import_module(f"experiments.benchmarks.recommendation_{section}").figures(quick)
    write_figures(figures, json)


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "smaller data, and fewer rounds", SECTIONS)))
