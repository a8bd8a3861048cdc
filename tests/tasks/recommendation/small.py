"""A small world, and small files in the layout of the data sets, for the tests of recommendation."""

import gzip
import importlib
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from mmgraph.comparison import Report
from mmgraph.data.recommendation import Knowledge, Preferences, movielens
from mmgraph.interop.write_atomically import write_atomically
from mmgraph.models.recommendation import RecommendationGraph, shared_facts_graph
from mmgraph.tasks.recommendation import (
    ModelSettings,
    Recommendation,
    RecommendationSource,
    RecommenderBudget,
)
from tests.models.recommendation.world import ITEMS, features, interactions, world

WORLD = Preferences(num_users=40, num_items=30, interactions=8, missing=0.2)


def small_task(source: RecommendationSource | None = None, **changes) -> Recommendation:
    """Two epochs on the small world."""
    settings = {
        "data": source or RecommendationSource(preferences=WORLD, neighbours=3),
        "budget": RecommenderBudget(epochs=2, batch_size=128, learning_rate=0.01),
        "models": {name: ModelSettings({"dim": 8}) for name in ("aligned", "lightgcn", "freedom")},
        **changes,
    }
    return Recommendation(**settings)


def trained(folder: Path, task: Recommendation | None = None, arm: str = "aligned", seed: int = 0) -> Path:
    """The folder of a run, where a comparison would have it."""
    task, data = task or small_task(), folder / "data"
    task.prepare("train", data)
    run = folder / "cells" / arm.replace(":", "-") / f"seed{seed}"
    task.train(arm, seed, data, run)
    return run


def facts() -> Knowledge:
    """Who made some of the items of `world`, and of what kind they are; the last item has no facts."""
    makers = ["Ann", "Ann", "Bob", "Bob", "Bob", "Cy"]
    triples = [(f"e{item}", "made_by", makers[item // 2]) for item in range(ITEMS - 1)]
    triples += [("List", "names", f"e{item}") for item in range(0, ITEMS - 1, 5)]
    links = {str(item): f"e{item}" for item in range(ITEMS - 1)}
    return Knowledge.of(triples, links, list(map(str, range(ITEMS))))


def known_world() -> RecommendationGraph:
    """Users, items with two modalities that some of them lack, and neighbours by these and by facts."""
    plain, knowledge = world(torch.float32), facts()
    similar = {**plain.similar, "knowledge": shared_facts_graph(knowledge, 3, most=0.6)}
    return RecommendationGraph.of(
        interactions(),
        plain.num_users,
        plain.num_items,
        features(torch.float32),
        similar,
        knowledge=knowledge,
    )


def work_here(monkeypatch) -> None:
    """Comparisons work in this process, without figures: to start others, or to draw, takes seconds."""

    def work_all(task, cells, stage, data, workers):
        for cell in cells:
            cell.folder.mkdir(parents=True, exist_ok=True)
            found = (task.train if stage == "train" else task.test)(cell.arm, cell.seed, data, cell.folder)
            file = {"train": "results.json", "test": "test.json"}[stage]
            write_atomically(cell.folder / file, json.dumps(dict(found)).encode())

    monkeypatch.setattr(importlib.import_module("mmgraph.comparison.compare"), "work_all", work_all)
    monkeypatch.setattr(Report, "_draw", lambda self, folder: None)


def write_tiktok(folder: Path) -> Path:
    """Twelve users and sixteen videos as DiffMM's files have them, without a test part."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    chosen = rng.random((12, 16)) < 0.6
    part = rng.random((12, 16)) < 0.8
    for name, mask in (("trn", chosen & part), ("val", chosen & ~part)):
        rows, columns = np.nonzero(mask)
        np.savez(folder / f"{name}.npz", row=rows, col=columns, shape=np.array([12, 16]))
    for name, width in (("image", 6), ("audio", 5)):
        np.save(folder / f"{name}_feat.npy", rng.standard_normal((16, width)).astype(np.float32))
    return folder


def write_ml100k(folder: Path) -> Path:
    """Eight people and twelve films in the files of MovieLens-100K, with posters, plots and facts."""
    (folder / "posters").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rated = [(user, item) for user in range(1, 9) for item in range(1, 13) if rng.random() < 0.9]
    rows = "".join(f"{user}\t{item}\t{1 + item % 5}\t{user * 100 + item}\n" for user, item in rated)
    (folder / "ml-100k.inter").write_text(
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + rows
    )
    titles = "".join(f"{item}\tThe {item}\t1995\tDrama\n" for item in range(1, 13))
    (folder / "ml-100k.item").write_text(
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n" + titles
    )
    triples = "".join(f"m.{item}\tby\tm.x{item % 4}\n" for item in range(1, 13))
    (folder / "ml-100k.kg").write_text("head_id:token\trelation_id:token\ttail_id:token\n" + triples)
    links = "".join(f"{item}\tm.{item}\n" for item in range(1, 13))
    (folder / "ml-100k.link").write_text("item_id:token\tentity_id:token\n" + links)
    words = ("dog", "cat", "ship", "war")
    plots = [
        {
            "movie_id": item,
            "description": f"a {words[item % 4]} {item}",
            "director": ["Al Bo"],
            "cast": ["Cy"],
        }
        for item in range(1, 13)
    ]
    (folder / movielens.DETAILS).write_bytes(gzip.compress(json.dumps(plots).encode()))
    places = "".join(f"{item}\t{item}\n" for item in range(1, 12))
    (folder / movielens.POSTER_MAP).write_text("ml100k_item_id\tml1m_movie_id\n" + places)
    for item in range(1, 12):
        colour = tuple(int(value) for value in rng.integers(0, 255, 3))
        Image.new("RGB", (8, 12), colour).save(folder / "posters" / f"{item}.jpg")
    return folder
