"""A trained recommender read back from the folder of its run."""

import os
from pathlib import Path

from torch import nn

from mmgraph.data.recommendation import Catalogue, InteractionTable, RecommendationData
from mmgraph.models.recommendation import RecommendationGraph, Recommender
from mmgraph.tasks.recommendation.arms import arm
from mmgraph.tasks.recommendation.recipe import Recipe
from mmgraph.tasks.recommendation.recommendations import Recommendations
from mmgraph.tasks.recommendation.task import Recommendation
from mmgraph.tasks.settings_of import settings_of
from mmgraph.training import load_weights

__all__ = ["load_recommendations"]


def load_recommendations(folder: str | os.PathLike[str], cache: Path | None = None) -> Recommendations:
    """The trained model of a run, with its graph: what recommends. Nothing in the files is executed.

    Args:
        folder: of a run, such as OUT/cells/ARM/seed0 of a comparison.
        cache: where the data's features and neighbours are kept; by default OUT/data of a comparison, and
            nowhere for a run that lies elsewhere.

    Raises:
        InputError: no such run, or what is wrong with its files.
    """
    place = Path(folder).resolve()
    recipe = Recipe.load(place)
    task: Recommendation = settings_of(Recommendation, recipe.settings, "settings")
    chosen = arm(recipe.arm)
    kept = _data_folder(place) if cache is None else cache
    data = task.data.load(kept)

    def build(catalogue: Catalogue, interactions: InteractionTable) -> RecommendationGraph:
        own = RecommendationData(catalogue, interactions, data.validation, None, name=data.name)
        return chosen.sees(task.data.graph(own, kept), recipe.seed)

    def make(graph: RecommendationGraph) -> Recommender:
        return task.new(chosen, graph, recipe.seed)

    model = make(build(data.catalogue, data.train))
    assert isinstance(model, nn.Module)
    load_weights(model, place / "model.safetensors")
    model.eval()
    return Recommendations(model, make, build, data.catalogue, data.train)


def _data_folder(run: Path) -> Path | None:
    """The one of a run's comparison; None for a run that is in none."""
    return run.parents[2] / "data" if run.parents[1:2] and run.parents[1].name == "cells" else None
