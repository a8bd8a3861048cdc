"""The data of a comparison: drawn, from the folders of known data sets, or from files of one's own."""

import csv
import importlib.util

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mmgraph.data.recommendation import (
    InteractionTable,
    Preferences,
    split_in_time,
    split_randomly,
    split_users_in_time,
)
from mmgraph.errors import InputError, MMGraphWarning
from mmgraph.tasks.recommendation import OwnFiles, RecommendationSource
from tests.tasks.recommendation.small import WORLD, write_ml100k, write_tiktok

USERS, ITEMS = 5, 12

KINDS = ("csv", "tsv", "inter", "parquet", "npz")


def rows():
    """User, item, time and part of each interaction; names of users and items have more than one digit."""
    rng = np.random.default_rng(0)
    chosen = [(u, i) for u in range(USERS) for i in range(ITEMS) if rng.random() < 0.8]
    times = rng.permutation(len(chosen)) * 1.5
    parts = rng.integers(0, 3, len(chosen))
    return [(u, i, float(t), int(p)) for (u, i), t, p in zip(chosen, times, parts, strict=True)]


ROWS = rows()


def table():
    users, items, times, _ = zip(*ROWS, strict=True)
    return InteractionTable(
        torch.tensor(users), torch.tensor(items), times=torch.tensor(times, dtype=torch.float64)
    )


def write(folder, kind):
    """The rows as a file of a kind, in an order of its own."""
    path = folder / f"mine.{kind}"
    shuffled = [ROWS[place] for place in np.random.default_rng(1).permutation(len(ROWS))]
    if kind in ("csv", "tsv"):
        with path.open("w", newline="") as file:
            writer = csv.writer(file, delimiter="," if kind == "csv" else "\t")
            writer.writerows([("who", "what", "when", "part"), *shuffled])
    elif kind == "inter":
        head = "user_id:token\titem_id:token\ttimestamp:float\tx_label:float\n"
        path.write_text(head + "".join("\t".join(map(str, row)) + "\n" for row in shuffled))
    elif kind == "parquet":
        arrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        columns = zip(*shuffled, strict=True)
        names = ("who", "what", "when", "part")
        parquet.write_table(arrow.table(dict(zip(names, map(list, columns), strict=True))), path)
    else:
        users, items = (np.array(column) for column in list(zip(*shuffled, strict=True))[:2])
        np.savez(path, row=users, col=items, shape=np.array([USERS, ITEMS]))
    return path


def own(path, split="random", features=None):
    named = path.suffix in (".csv", ".tsv", ".parquet")
    columns = {"user": "who", "item": "what"} if named else {}
    columns |= {"time": "when"} if named and "time" in split else {}
    columns |= {"part": "part"} if named and split == "given" else {}
    return OwnFiles(str(path), **columns, features=features or {}, split=split)


def load(files, **options):
    return RecommendationSource("files", files=files, **options).load()


def same(found, expected):
    """The same pairs in each part."""
    parts = found.train, found.validation, found.open_test()
    for part, other in zip(parts, expected, strict=True):
        assert len(other)
        assert sorted(part.edge_index.T.tolist()) == sorted(other.edge_index.T.tolist())


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_any_kind_is_split_at_random_by_the_seed(kind, tmp_path):
    files = own(write(tmp_path, kind))
    found = load(files, seed=3)
    same(found, split_randomly(table(), seed=3))
    assert found.catalogue.user_ids == tuple(map(str, range(USERS)))
    assert found.catalogue.item_ids == tuple(map(str, range(ITEMS)))
    assert found.name == f"mine.{kind}"
    assert sorted(load(files, seed=4).train.edge_index.T.tolist()) != sorted(
        found.train.edge_index.T.tolist()
    )


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_a_file_of_any_kind_is_split_in_time_and_as_given(kind, tmp_path):
    path = write(tmp_path, kind)
    same(load(own(path, "time")), split_users_in_time(table()))
    same(load(own(path, "global_time")), split_in_time(table()))
    by_part = [[[u, i] for u, i, _, part in ROWS if part == number] for number in range(3)]
    found = load(own(path, "given"))
    for part, expected in zip((found.train, found.validation, found.open_test()), by_part, strict=True):
        assert sorted(part.edge_index.T.tolist()) == sorted(expected)


def test_pairs_have_neither_times_nor_parts(tmp_path):
    path = write(tmp_path, "npz")
    with pytest.raises(InputError, match=r"mine\.npz has no column of parts: give --task\.data\.files\.part"):
        load(own(path, "given"))
    for split in ("time", "global_time"):
        with pytest.raises(InputError, match="a split in time needs times"):
            load(own(path, split))


@pytest.mark.parametrize("kind", KINDS)
def test_features_are_those_of_the_items_by_number_whatever_the_order_of_the_rows(kind, tmp_path):
    x = torch.randn(ITEMS, 3)
    np.save(tmp_path / "look.npy", x.numpy())
    save_file({"x": x * 2}, tmp_path / "sound.safetensors")
    files = {"look": str(tmp_path / "look.npy"), "sound": str(tmp_path / "sound.safetensors")}
    found = load(own(write(tmp_path, kind), features=files)).catalogue.features
    assert list(found) == ["look", "sound"]
    assert torch.equal(found["look"].x, x)
    assert torch.equal(found["sound"].x, x * 2)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (OwnFiles(), "source=files needs --task.data.files.interactions"),
        (OwnFiles("none.csv"), "none.csv"),
        (OwnFiles("none.npz"), "there is no file of pairs 'none.npz'"),
        (OwnFiles("none.inter"), "none.inter"),
        (OwnFiles("none.parquet"), "none.parquet"),
        (OwnFiles("mine.xlsx"), r"mine\.xlsx: expected a \.csv, \.tsv or \.parquet file"),
    ],
)
def test_a_file_that_is_not_there_or_of_no_kind_is_named(files, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if files.interactions.endswith("parquet"):
        pytest.importorskip("pyarrow")
    with pytest.raises(InputError, match=message):
        load(files)


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet"])
def test_a_column_that_is_not_there_is_named_with_those_that_are(kind, tmp_path):
    path = write(tmp_path, kind)
    with pytest.raises(InputError, match="has 0 columns 'user', expected one; its columns are who, what"):
        load(OwnFiles(str(path)))
    with pytest.raises(InputError, match="has 0 columns 'hour'"):
        load(OwnFiles(str(path), "who", "what", time="hour", split="time"))
    with pytest.raises(InputError, match="a split in time needs times"):
        load(OwnFiles(str(path), "who", "what", split="time"))
    with pytest.raises(InputError, match=r"has no column of parts: give --task\.data\.files\.part"):
        load(OwnFiles(str(path), "who", "what", split="given"))


def test_a_column_of_an_inter_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"mine\.inter has no column buyer:token; it has user_id:token"):
        load(OwnFiles(str(write(tmp_path, "inter")), user="buyer"))


def test_features_that_are_not_there_or_of_another_number_are_named(tmp_path):
    path = write(tmp_path, "csv")
    with pytest.raises(InputError, match=r"there is no file of features .*none\.npy"):
        load(own(path, features={"look": str(tmp_path / "none.npy")}))
    np.save(tmp_path / "look.npy", np.ones((ITEMS + 1, 2)))
    with pytest.raises(InputError, match=f"look.npy: has {ITEMS + 1} rows for {ITEMS} items"):
        load(own(path, features={"look": str(tmp_path / "look.npy")}))


def test_the_world_is_the_one_that_is_asked_for():
    found = RecommendationSource(preferences=WORLD).load()
    assert torch.equal(found.train.edge_index, WORLD.data.train.edge_index)
    assert RecommendationSource().preferences == Preferences()


@pytest.mark.parametrize("source", ["preferences", "files"])
def test_a_share_of_the_items_is_held_out_of_training(source, tmp_path):
    np.save(tmp_path / "look.npy", np.ones((ITEMS, 2)))
    files = own(write(tmp_path, "csv"), features={"look": str(tmp_path / "look.npy")})
    settings = {"preferences": WORLD, "files": files, "seed": 2}
    plain = RecommendationSource(source, **settings).load()
    found = RecommendationSource(source, cold_share=0.25, **settings).load()
    expected = plain.with_cold_items(0.25, 2)
    assert int(found.cold_items.sum()) > int(plain.cold_items.sum())
    assert torch.equal(found.cold_items, expected.cold_items)
    assert torch.equal(found.open_test().edge_index, expected.open_test().edge_index)


def test_the_graph_has_the_modalities_that_are_named_and_neighbours_of_each():
    source = RecommendationSource(preferences=WORLD, modalities="audio, image", neighbours=2)
    graph = source.graph(source.load())
    assert list(graph.features) == list(graph.similar) == ["audio", "image"]
    for name, one in graph.similar.items():
        count = (neighbours_of(one) > 0).sum(1)
        assert count[graph.features[name].present].tolist() == [2] * int(graph.features[name].present.sum())
    with pytest.raises(InputError, match=r"has no modality 'smell': it has \['audio', 'image', 'text'\]"):
        RecommendationSource(preferences=WORLD, modalities="smell").graph(WORLD.data)


def neighbours_of(one):
    matrix = torch.zeros(WORLD.num_items, WORLD.num_items)
    matrix[one.csr.target.long(), one.csr.source.long()] = one.weight
    return matrix


def test_neighbours_that_are_kept_give_the_same_graph(tmp_path):
    source = RecommendationSource(preferences=WORLD, neighbours=3)
    first, again = (source.graph(source.load(), tmp_path) for _ in range(2))
    assert any(tmp_path.iterdir())
    for name, one in source.graph(source.load()).similar.items():
        for other in (first, again):
            assert torch.equal(neighbours_of(one), neighbours_of(other.similar[name]))


@pytest.fixture
def no_package(monkeypatch):
    """The package that brings MovieLens' interactions is not installed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def test_folders_of_data_sets_are_found_by_name_or_by_the_environment(tmp_path, monkeypatch, no_package):
    write_tiktok(tmp_path / "rec_tiktok_diffmm")
    write_ml100k(tmp_path / "ml100k_mm")
    monkeypatch.setenv("MMGRAPH_DATA", str(tmp_path))
    monkeypatch.setenv("MINE", str(tmp_path))
    found = RecommendationSource("tiktok").load()
    assert (found.catalogue.num_users, found.catalogue.num_items) == (12, 16)
    given = RecommendationSource("tiktok", folder="$MINE/rec_tiktok_diffmm").load()
    assert torch.equal(given.train.edge_index, found.train.edge_index)
    films = RecommendationSource("ml100k").load()
    assert (films.catalogue.num_users, films.catalogue.num_items) == (8, 12)
    assert list(films.catalogue.features) == ["image", "text"]
    assert films.catalogue.knowledge is not None


def test_a_folder_that_is_not_there_says_what_to_set(monkeypatch, no_package):
    monkeypatch.delenv("MMGRAPH_DATA", raising=False)
    message = (
        r"there is no folder '\$MMGRAPH_DATA/rec_tiktok_diffmm': set MMGRAPH_DATA, or give --task.data.folder"
    )
    with pytest.raises(InputError, match=message):
        RecommendationSource("tiktok").load()
    for source in ("tiktok", "ml100k"):
        with pytest.raises(InputError, match="there is no folder 'none'"):
            RecommendationSource(source, folder="none").load()
    with pytest.raises(InputError, match=r"there is no ml-100k\.inter"):
        RecommendationSource("ml100k").load()


def test_movielens_without_a_folder_is_its_interactions(tmp_path, monkeypatch, no_package):
    monkeypatch.delenv("MMGRAPH_DATA", raising=False)
    folder = write_ml100k(tmp_path / "films")
    found = RecommendationSource("ml100k", inter=str(folder / "ml-100k.inter"), seed=1).load()
    assert not found.catalogue.features
    whole = RecommendationSource("ml100k", folder=str(folder), seed=1).load()
    assert torch.equal(found.train.edge_index, whole.train.edge_index)


def test_features_of_posters_and_plots_are_made_once(tmp_path, monkeypatch, no_package):
    folder = write_ml100k(tmp_path / "films")
    source = RecommendationSource("ml100k", folder=str(folder), neighbours=2)
    cache = tmp_path / "data"
    first = source.load(cache)
    for poster in (folder / "posters").iterdir():
        poster.write_bytes(b"nothing that can be read")
    again = source.load(cache)
    assert list(again.catalogue.features) == list(first.catalogue.features) == ["image", "text"]
    for name, one in first.catalogue.features.items():
        assert torch.equal(again.catalogue.features[name].x, one.x)
    assert torch.equal(again.open_test().edge_index, first.open_test().edge_index)
    with pytest.warns(MMGraphWarning, match="11 of 11 pictures cannot be read"):
        source.load()


def test_facts_are_part_of_the_graph_unless_they_are_left_out(tmp_path, no_package):
    folder = write_ml100k(tmp_path / "films")
    for knowledge in (True, False):
        source = RecommendationSource("ml100k", folder=str(folder), neighbours=2, knowledge=knowledge)
        graph = source.graph(source.load())
        assert (graph.knowledge is not None) == ("knowledge" in graph.similar) == knowledge


def test_the_real_videos_are_found_in_the_folder_of_data(data_folder):
    found = RecommendationSource("tiktok").load()
    assert found.catalogue.num_items == 6710
