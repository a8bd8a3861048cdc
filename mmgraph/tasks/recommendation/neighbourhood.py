"""A user with the chosen and the recommended items, as it is drawn."""

from collections.abc import Collection, Sequence

from mmgraph.data.recommendation import Catalogue
from mmgraph.tasks.recommendation.reason import Reason
from mmgraph.tasks.recommendation.recommendations import Recommendations, Recommended
from mmgraph.tasks.recommendation.why import detail_of, share_of, why
from mmgraph.visualization import Neighbourhood, ShownItem, ShownReason

__all__ = ["neighbourhood"]


def neighbourhood(
    found: Recommendations,
    user: int,
    recommended: Sequence[Recommended],
    held_out: Collection[int] = (),
) -> Neighbourhood:
    """What `recommendations_figure` and `save_recommendations` show of a user.

    ```python
    found = load_recommendations("runs/recommendation/cells/aligned/seed0")
    shown = neighbourhood(found, 3, found.recommend(3))
    save_figure(recommendations_figure(shown), "user3.png")
    ```

    Pictures are those of the catalogue, where it has any.

    Args:
        found: what recommended.
        user: by number.
        recommended: what `found.recommend` gave for this user.
        held_out: items that the user did choose, which the model has not seen.

    Raises:
        InputError: nothing is recommended.
    """
    interactions = found.interactions
    chosen = interactions.items[interactions.users == user].unique().tolist()
    place = {item: number for number, item in enumerate(chosen)}
    known = found.catalogue
    name = known.user_ids[user]
    return Neighbourhood(
        f"user {name}" if name.isdecimal() else name,
        [_item(known, item) for item in chosen],
        [_item(known, one.item) for one in recommended],
        [_reason(one.reason, known, place) for one in recommended],
        frozenset(number for number, one in enumerate(recommended) if one.item in set(held_out)),
    )


def _item(catalogue: Catalogue, item: int) -> ShownItem:
    return ShownItem(catalogue.title(item), catalogue.media.get("image", {}).get(item))


def _reason(reason: Reason | None, catalogue: Catalogue, place: dict[int, int]) -> ShownReason:
    if reason is None:
        return ShownReason()
    sentence = why(reason, catalogue)
    if reason.because is None or reason.fall <= 0:
        return ShownReason(sentence)
    path = reason.path
    return ShownReason(
        sentence,
        place[reason.because],
        None if path is None else path.relation,
        share_of(reason),
        "" if path is None else detail_of(path),
    )
