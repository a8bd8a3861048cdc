"""`examples.html`: a few users with what they get and why, and how much each modality counts."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from mmgraph.data.recommendation import InteractionTable
from mmgraph.errors import MissingExtraError
from mmgraph.models.recommendation import Recommender
from mmgraph.tasks.choose_examples import choose_examples
from mmgraph.tasks.recommendation.evaluate import evaluate_ranking
from mmgraph.tasks.recommendation.neighbourhood import neighbourhood
from mmgraph.tasks.recommendation.recommendations import Recommendations
from mmgraph.training import load_weights
from mmgraph.visualization import modality_weights_figure, save_figure, save_recommendations

__all__ = ["modality_weights", "write_examples"]

SHOWN = 10
"""How many recommended items a page shows of each user."""

NOTE = (
    "Best and worst are the users whose held-out items stand highest and lowest in their lists of 10; the "
    "others are drawn at random. Held out is the validation split, which the model has not seen."
)


def write_examples(
    found: Recommendations,
    held_out: InteractionTable,
    folder: Path,
    each: int = 2,
    weights: Sequence[dict[str, float]] = (),
    name: str = "the model",
) -> Path:
    """Write `examples.html` and, where modalities have weights, `modality_weights.png` with the extra `plot`.

    Args:
        found: what recommends.
        held_out: the validation split.
        folder: where to; it is made.
        each: how many of the best, the worst and the random users.
        weights: of the modalities, for each seed.
        name: of the model, in titles.

    Returns:
        the page to open.
    """
    # What was chosen is masked also where a control takes it out of the graph.
    scores = evaluate_ranking(
        found.embedded, found.graph, held_out, [SHOWN], found.interactions, groups=False, metrics=["ndcg"]
    )
    users, quality = scores.overall.users.tolist(), scores.per_user(f"ndcg@{SHOWN}").tolist()
    chosen = choose_examples(quality, [0.0] * len(users), each)
    shown = []
    for group, places in chosen.items():
        for user in (users[place] for place in places):
            own = held_out.items[held_out.users == user].tolist()
            one = neighbourhood(found, user, found.recommend(user, SHOWN), own)
            shown.append(replace(one, user=f"{one.user} ({group})"))
    by_name = {name: weights} if weights else None
    page = folder / "examples.html"
    save_recommendations(shown, page, f"Recommended by {name}", by_name, NOTE)
    picture = folder / "modality_weights.png"
    picture.unlink(missing_ok=True)
    if by_name is not None:
        with contextlib.suppress(MissingExtraError):
            save_figure(modality_weights_figure(by_name, "How much each modality counts"), picture)
    return page


def modality_weights(found: Recommendations, runs: Sequence[Path]) -> list[dict[str, float]]:
    """The learned weight of each modality in each run of one arm; none where its model has no such weights.

    Args:
        found: the arm, from any of its runs.
        runs: folders of its runs, one for each seed.

    Raises:
        InputError: weights that do not fit the model.
    """
    weights = []
    for folder in runs:
        model = found.make(found.graph)
        if not hasattr(model, "modality_weights"):
            return []
        load_weights(_module(model), folder / "model.safetensors")
        weights.append(dict(model.modality_weights()))
    return weights if all(weights) else []


def _module(model: Recommender) -> nn.Module:
    assert isinstance(model, nn.Module)
    return model
