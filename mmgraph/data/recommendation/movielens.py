"""MovieLens-100K with posters, plots and facts: who rated which film.

Harper and Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5(4), 2015.
"""

import gzip
import importlib.util
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

from mmgraph.data.bounded_json import field, integer_or_text
from mmgraph.data.recommendation.atomic import AtomicFile, read_atomic, read_inter, read_kg
from mmgraph.data.recommendation.bounded_text import find_packed
from mmgraph.data.recommendation.catalogue import Catalogue
from mmgraph.data.recommendation.columns import in_order
from mmgraph.data.recommendation.item_features import ItemFeatures
from mmgraph.data.recommendation.knowledge import Knowledge
from mmgraph.data.recommendation.raw_features import media_files, picture_features, text_features
from mmgraph.data.recommendation.recommendation_data import RecommendationData
from mmgraph.data.recommendation.splits import RATIOS, split_randomly
from mmgraph.errors import InputError
from mmgraph.interop.checked import parse, require_type

__all__ = ["load_ml100k"]

POSTER_MAP = "poster_map.tsv"
DETAILS = "movielens100k_details.json.gz"
MAX_DETAILS = 2**28
"""The most that the file of plots may unpack to: 256 MiB."""

NO_PLOT = "It looks like we don't have any Plot Summaries for this title yet."
"""What the file of plots says of a film without one."""


def load_ml100k(
    folder: str | os.PathLike[str] | None = None,
    inter: str | os.PathLike[str] | None = None,
    ratios: Sequence[float | int] = RATIOS,
    seed: int = 0,
    features: bool = True,
    casts: bool = False,
    progress: bool = True,
) -> RecommendationData:
    """Read MovieLens-100K under RecBole's protocol: all ratings are positive, a random split of each user's.

    What comes with it: titles from `ml-100k.item`; "image" from posters and "text" from plots, made here
    (`picture_features`, standardised, and `text_features`); facts from `ml-100k.kg` with `ml-100k.link`.
    Each of them is left out where its files are missing.

    Args:
        folder: has those files (each may end in `.gz`), `posters/<film>.jpg` named by MovieLens-1M with
            `poster_map.tsv`, and the plots in `movielens100k_details.json.gz`. None for the interactions
            alone.
        inter: the file of interactions; by default `ml-100k.inter` of the folder, or else that which comes
            with the package `recbole`, if it is installed; it is not imported.
        ratios: of training, validation and test of each user.
        seed: of the split.
        features: make features of posters and plots; without it there are none. It takes about 20 s: keep the
            result, as with `mmgraph.data.recommendation.ItemFeatures`.
        casts: directors and cast are words of a film's text too.
        progress: show a bar, where there is a terminal.

    Raises:
        InputError: no interactions anywhere, or a damaged file.
    """
    place = None if folder is None else Path(folder)
    if place is not None and not place.is_dir():
        raise InputError(f"there is no folder {os.fspath(place)!r}: give that of MovieLens-100K, or None")
    rows = read_inter(_inter_file(place, inter))
    films = _optional(place, "ml-100k.item")
    known = () if films is None else films.names("item_id").names
    item_ids = in_order([*rows.items.names, *known])
    catalogue = Catalogue(
        rows.users.names,
        item_ids,
        features=_features(place, item_ids, casts, progress) if place is not None and features else {},
        titles=None if films is None else _titles(films, item_ids),
        media={} if place is None else _media(place, item_ids),
        knowledge=None if place is None else _knowledge(place, item_ids),
    )
    parts = split_randomly(rows.table(item_ids=item_ids), ratios, seed)
    return RecommendationData(catalogue, *parts, name="MovieLens-100K")


def _inter_file(folder: Path | None, given: str | os.PathLike[str] | None) -> Path:
    if given is not None:
        found = find_packed(given)
        if found is None:
            raise InputError(f"there is no file of interactions {os.fspath(given)!r}")
        return found
    package = importlib.util.find_spec("recbole")
    homes = [] if folder is None else [folder]
    for home in [] if package is None else package.submodule_search_locations or []:
        homes += [Path(home) / "dataset_example" / "ml-100k"]
    found = next((file for home in homes if (file := find_packed(home / "ml-100k.inter"))), None)
    if found is None:
        raise InputError(
            "there is no ml-100k.inter in "
            + (" or ".join(map(str, homes)) or "any place that is known")
            + ": it comes with the package recbole (pip install recbole), or give inter= the path of the file"
        )
    return found


def _optional(folder: Path | None, name: str) -> AtomicFile | None:
    file = None if folder is None else find_packed(folder / name)
    return None if file is None else read_atomic(file)


def _titles(films: AtomicFile, item_ids: Sequence[str]) -> tuple[str, ...]:
    title = dict(zip(films.names("item_id"), films.texts("movie_title"), strict=True))
    return tuple(title.get(item, item) for item in item_ids)


def _media(folder: Path, item_ids: Sequence[str]) -> dict[str, dict[int, Path]]:
    """The posters, which are named by the films' numbers in MovieLens-1M."""
    if not (folder / "posters").is_dir():
        return {}
    if not (folder / POSTER_MAP).is_file():
        raise InputError(
            f"{folder} has posters, but no {POSTER_MAP} that says which film each is: add it, with the "
            "columns ml100k_item_id and ml1m_movie_id, or take the posters away"
        )
    films = read_atomic(folder / POSTER_MAP)
    number = dict(zip(films.names("ml100k_item_id"), films.names("ml1m_movie_id"), strict=True))
    names = [number.get(item, "") for item in item_ids]
    return {"image": media_files(folder / "posters", names, (".jpg", ".png"))}


def _features(folder: Path, item_ids: Sequence[str], casts: bool, progress: bool) -> dict[str, ItemFeatures]:
    found = {}
    posters = _media(folder, item_ids).get("image", {})
    if posters:
        found["image"] = picture_features(posters, len(item_ids), progress=progress).standardised()
    if (folder / DETAILS).is_file():
        plots = _plots(folder / DETAILS, casts)
        found["text"] = text_features([plots.get(item) for item in item_ids])
    return found


def _plots(file: Path, casts: bool) -> dict[str, str]:
    """The text of each film by its id."""
    try:
        with gzip.open(file) as opened:
            content = opened.read(MAX_DETAILS + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{file}: cannot be read: {error}") from error
    if len(content) > MAX_DETAILS:
        raise InputError(f"{file} unpacks to more than {MAX_DETAILS} bytes: it is no file of plots")
    try:
        films = require_type(parse(content), list, "the file")
        return {
            str(integer_or_text(film, "movie_id", f"[{number}]")): _text(film, f"[{number}]", casts)
            for number, film in enumerate(films)
        }
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


def _text(film: object, place: str, casts: bool) -> str:
    people = (
        [name for part in ("director", "cast") for name in field(film, part, list, place)] if casts else []
    )
    # A name is one word, so that two first names never meet.
    joined = [str(name).replace(" ", "") for name in people]
    plot = field(film, "description", str, place)
    return " ".join(["" if plot.startswith(NO_PLOT) else plot, *joined])


def _knowledge(folder: Path, item_ids: Sequence[str]) -> Knowledge | None:
    kg, link = (find_packed(folder / f"ml-100k.{suffix}") for suffix in ("kg", "link"))
    return None if kg is None or link is None else read_kg(kg, link, item_ids)
