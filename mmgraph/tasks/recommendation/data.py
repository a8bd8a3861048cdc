"""Which users and items: data sets by name, the user's own files, or a world that is drawn."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mmgraph.data.recommendation import (
    Catalogue,
    InteractionTable,
    NamedInteractions,
    Parts,
    Preferences,
    RecommendationData,
    load_ml100k,
    load_tiktok,
    read_inter,
    read_item_features,
    read_pairs,
    read_table,
    split_as_given,
    split_in_time,
    split_randomly,
    split_users_in_time,
)
from mmgraph.errors import InputError
from mmgraph.models.recommendation import RecommendationGraph, build_recommendation_graph
from mmgraph.tasks.recommendation.kept_features import load_features, save_features

__all__ = ["OwnFiles", "RecommendationSource"]


@dataclass(frozen=True)
class OwnFiles:
    """Interactions in a file of your own, and features of the items.

    Args:
        interactions: an `.inter`, `.csv`, `.tsv`, `.parquet` or `.npz` file.
        user: the column of users; of an `.inter` file it is known.
        item: the column of items; likewise.
        time: the column of times, where there is one.
        part: the column that says 0, 1 or 2 for training, validation and test, where there is one.
        features: of each modality, a `.npy` or `.safetensors` file with a row for each item, in the order of
            their sorted names, or by number.
        split: "random" or "time" within each user, "global_time", or "given" by `part`.
    """

    interactions: str = ""
    user: str | None = None
    item: str | None = None
    time: str | None = None
    part: str | None = None
    features: dict[str, str] = field(default_factory=dict)
    split: Literal["random", "time", "global_time", "given"] = "random"


@dataclass(frozen=True)
class RecommendationSource:
    """The data of a comparison.

    Args:
        source: "preferences" for a world that is drawn, "tiktok", "ml100k", or "files".
        preferences: the world.
        folder: of the data set; `$NAME` stands for an environment variable. By default the one in
            `$MMGRAPH_DATA`, and for MovieLens none where there is no such folder.
        inter: MovieLens' file of interactions, where it lies elsewhere than in the folder or in the package
            `recbole`.
        files: files of your own.
        modalities: which ones, with commas between them; all if None.
        neighbours: how many nearest items each item has in each modality, and by shared facts.
        knowledge: whether facts about the items are part of the graph, where there are any.
        cold_share: the share of items with features whose training interactions are held out.
        seed: of the split.
    """

    source: Literal["preferences", "tiktok", "ml100k", "files"] = "preferences"
    preferences: Preferences = field(default_factory=Preferences)
    folder: str | None = None
    inter: str | None = None
    files: OwnFiles = field(default_factory=OwnFiles)
    modalities: str | None = None
    neighbours: int = 10
    knowledge: bool = True
    cold_share: float = 0.0
    seed: int = 0

    def load(self, cache: Path | None = None) -> RecommendationData:
        """The data, split; features that are made of pictures and texts are kept in the folder `cache`."""
        if self.source == "preferences":
            found = self.preferences.data
        elif self.source == "tiktok":
            found = load_tiktok(self._folder("rec_tiktok_diffmm"))
        elif self.source == "ml100k":
            found = self._movielens(cache)
        else:
            found = _own(self.files, self.seed)
        return found.with_cold_items(self.cold_share, self.seed) if self.cold_share else found

    def graph(self, data: RecommendationData, folder: Path | None = None) -> RecommendationGraph:
        """The graph of the data; neighbours are kept in `folder`."""
        wanted = None if self.modalities is None else [name.strip() for name in self.modalities.split(",")]
        facts = self.neighbours if self.knowledge else 0
        return build_recommendation_graph(
            data, self.neighbours, wanted, self.knowledge, cache=folder, facts=facts
        )

    def _movielens(self, cache: Path | None) -> RecommendationData:
        folder = self._optional_folder("ml100k_mm")
        path = None if cache is None else cache / "features.safetensors"
        if path is None or not path.exists():
            found = load_ml100k(folder, self.inter, seed=self.seed)
            if path is not None:
                save_features(found.catalogue.features, path)
            return found
        found = load_ml100k(folder, self.inter, seed=self.seed, features=False)
        return found.with_features(load_features(path))

    def _folder(self, name: str) -> Path:
        given = f"$MMGRAPH_DATA/{name}" if self.folder is None else self.folder
        folder = Path(os.path.expandvars(given))
        if not folder.is_dir():
            raise InputError(f"there is no folder {given!r}: set MMGRAPH_DATA, or give --task.data.folder")
        return folder

    def _optional_folder(self, name: str) -> Path | None:
        if self.folder is not None:
            return self._folder(name)
        folder = Path(os.path.expandvars(f"$MMGRAPH_DATA/{name}"))
        return folder if folder.is_dir() else None


def _own(files: OwnFiles, seed: int) -> RecommendationData:
    if not files.interactions:
        raise InputError("source=files needs --task.data.files.interactions, a file of interactions")
    path = Path(files.interactions)
    if path.suffix == ".npz":
        pairs = read_pairs(path)
        users, items = (tuple(map(str, range(count))) for count in pairs.shape)
        table, part = pairs.table(), None
    else:
        named = _named(files)
        users, items, (table,) = named.users.names, named.items.names, [named.table()]
        part = named.part
    features = {name: read_item_features(file, items) for name, file in files.features.items()}
    parts = _split(files, table, part, seed)
    return RecommendationData(Catalogue(users, items, features), *parts, name=path.name)


def _named(files: OwnFiles) -> NamedInteractions:
    if ".inter" in Path(files.interactions).suffixes:
        return read_inter(files.interactions, files.user, files.item, None, files.time, files.part)
    columns = files.user or "user", files.item or "item"
    return read_table(files.interactions, *columns, None, files.time, files.part)


def _split(files: OwnFiles, table: InteractionTable, part: object, seed: int) -> Parts:
    if files.split == "given":
        if part is None:
            raise InputError(f"{files.interactions} has no column of parts: give --task.data.files.part")
        return split_as_given(table, part)  # type: ignore[arg-type]
    if files.split == "time":
        return split_users_in_time(table)
    return split_in_time(table) if files.split == "global_time" else split_randomly(table, seed=seed)
