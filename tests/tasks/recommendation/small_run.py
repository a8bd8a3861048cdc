"""A trained run of a small world, as a comparison leaves it."""

from mmgraph.data.recommendation import Preferences
from mmgraph.tasks.recommendation import Recommendation, RecommendationSource, RecommenderBudget

TASK = Recommendation(
    RecommendationSource(preferences=Preferences(30, 24, interactions=8.0)),
    RecommenderBudget(epochs=2, batch_size=64),
)


def train(folder, arms=("aligned",), seeds=1, task=TASK):
    """Train the arms into `folder/cells/ARM/seedN`; gives the first one's folder."""
    data = folder / "data"
    for split in ("train", "validation"):
        task.prepare(split, data)
    cells = [(arm, seed, folder / "cells" / arm / f"seed{seed}") for arm in arms for seed in range(seeds)]
    for arm, seed, cell in cells:
        task.train(arm, seed, data, cell)
    return cells[0][2]
