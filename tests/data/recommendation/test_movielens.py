import gzip
import importlib.util
import json
import sys

import pytest
import torch
from PIL import Image

from mmgraph.data.recommendation import load_ml100k, movielens
from mmgraph.errors import InputError

INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + "".join(
    f"{user}\t{item}\t{1 + (user + item) % 5}\t{user * 100 + item}\n"
    for user in (1, 2)
    for item in range(1, 11)
)


def film(number: int, plot: str) -> dict[str, object]:
    return {"movie_id": number, "description": plot, "director": ["Al Bo"], "cast": ["Cy Dee", "Al Fox"]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Ten films that two people rated, and one that nobody did."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (tmp_path / "ml-100k.inter.gz").write_bytes(gzip.compress(INTER.encode()))
    titles = "".join(f"{item}\tThe {item}\t1995\tDrama\n" for item in range(1, 12))
    (tmp_path / "ml-100k.item").write_text(
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n" + titles
    )
    (tmp_path / "ml-100k.kg").write_text(
        "head_id:token\trelation_id:token\ttail_id:token\nm.1\tby\tm.x\nm.2\tby\tm.x\n"
    )
    (tmp_path / "ml-100k.link").write_text("item_id:token\tentity_id:token\n3\tm.1\n11\tm.2\n")
    plots = [film(3, "a dog barks"), film(11, "a dog sleeps"), film(4, movielens.NO_PLOT + "\nBe the first")]
    (tmp_path / movielens.DETAILS).write_bytes(gzip.compress(json.dumps(plots).encode()))
    (tmp_path / movielens.POSTER_MAP).write_text("ml100k_item_id\tml1m_movie_id\n11\t7\n1\t11\n5\t\n")
    (tmp_path / "posters").mkdir()
    for name, colour in (("7", "red"), ("11", "blue"), ("900", "green")):
        Image.new("RGB", (8, 12), colour).save(tmp_path / "posters" / f"{name}.jpg")
    return tmp_path


def test_all_ratings_are_positive_and_split_by_user(folder):
    found = load_ml100k(folder, features=False)
    assert found.catalogue.user_ids == ("1", "2")
    assert found.catalogue.item_ids == tuple(map(str, range(1, 12)))
    for part, count in ((found.train, 8), (found.validation, 1), (found.open_test(), 1)):
        assert torch.bincount(part.users).tolist() == [count, count]
    assert found.cold_items[10]
    assert found.catalogue.title(10) == "The 11"
    assert not found.catalogue.features


def test_posters_are_found_by_their_number_in_the_larger_movielens(folder):
    found = load_ml100k(folder).catalogue
    image = found.features["image"]
    assert image.present.nonzero()[:, 0].tolist() == [0, 10]
    assert {item: file.name for item, file in found.media["image"].items()} == {0: "11.jpg", 10: "7.jpg"}
    # Standardised over two films: the red one is above the mean in red, the blue one below it.
    assert image.x[10, 0] > 0.9
    assert image.x[0, 0] < -0.9


def test_a_film_without_a_plot_has_no_text(folder):
    found = load_ml100k(folder).catalogue.features["text"]
    assert found.present.nonzero()[:, 0].tolist() == [2, 10]
    cosine = float(found.x[2] @ found.x[10])
    assert 0.2 < cosine < 0.8


def test_casts_are_words_too_and_whole_names(folder):
    found = load_ml100k(folder, casts=True).catalogue.features["text"]
    assert found.present.nonzero()[:, 0].tolist() == [2, 3, 10]
    plots = movielens._plots(folder / movielens.DETAILS, casts=True)
    assert plots["3"] == "a dog barks AlBo CyDee AlFox"


def test_facts_are_joined_to_the_films(folder):
    found = load_ml100k(folder, features=False).catalogue.knowledge
    assert found.entities == ("m.1", "m.2", "m.x")
    assert found.item_entity.tolist() == [-1, -1, 0, -1, -1, -1, -1, -1, -1, -1, 1]


def test_what_is_missing_is_left_out(folder):
    for name in ("ml-100k.item", "ml-100k.kg", movielens.DETAILS, movielens.POSTER_MAP):
        (folder / name).unlink()
    for file in (folder / "posters").iterdir():
        file.unlink()
    (folder / "posters").rmdir()
    found = load_ml100k(folder).catalogue
    assert (found.titles, found.knowledge, found.features, found.media) == (None, None, {}, {})
    assert found.num_items == 10


def test_interactions_may_come_from_another_file(folder, tmp_path):
    (tmp_path / "mine.inter").write_text("user_id:token\titem_id:token\n9\t3\n")
    found = load_ml100k(folder, inter=tmp_path / "mine.inter", features=False)
    assert found.catalogue.user_ids == ("9",)
    with pytest.raises(InputError, match="there is no file of interactions"):
        load_ml100k(folder, inter=tmp_path / "none.inter")


def test_interactions_may_come_with_the_package_which_is_not_imported(folder, tmp_path, monkeypatch):
    home = tmp_path / "site" / "recbole"
    (home / "dataset_example" / "ml-100k").mkdir(parents=True)
    (home / "__init__.py").write_text("raise SystemExit('imported')")
    (home / "dataset_example" / "ml-100k" / "ml-100k.inter").write_text(INTER)
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "recbole", raising=False)
    found = load_ml100k()
    assert (found.catalogue.num_items, len(found.train)) == (10, 16)
    assert "recbole" not in sys.modules


def test_nothing_anywhere_is_an_error_that_says_where_it_comes_from(folder):
    (folder / "ml-100k.inter.gz").unlink()
    with pytest.raises(InputError, match=r"no ml-100k.inter in .*: it comes with the package recbole"):
        load_ml100k(folder)
    with pytest.raises(InputError, match="in any place that is known"):
        load_ml100k()
    with pytest.raises(InputError, match="there is no folder"):
        load_ml100k(folder / "none")


def test_posters_without_their_map_are_an_error(folder):
    (folder / movielens.POSTER_MAP).unlink()
    with pytest.raises(InputError, match=r"has posters, but no poster_map.tsv"):
        load_ml100k(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"plain", "cannot be read"),
        (gzip.compress(b"{}"), "the file"),
        (gzip.compress(b'[{"movie_id": 1}]'), r"\[0\] lacks 'description'"),
        (gzip.compress(b'[{"movie_id": 1, "description": 2}]'), r"\[0\].description"),
    ],
    # What is packed has the time in it, so names made of it would differ between processes.
    ids=["not packed", "no list", "no description", "a number"],
)
def test_damaged_plots_are_errors(folder, content, message):
    (folder / movielens.DETAILS).write_bytes(content)
    with pytest.raises(InputError, match=f"{movielens.DETAILS}.*{message}"):
        load_ml100k(folder)


def test_plots_that_unpack_to_too_much_are_refused(folder, monkeypatch):
    monkeypatch.setattr(movielens, "MAX_DETAILS", 100)
    with pytest.raises(InputError, match="unpacks to more than 100 bytes"):
        load_ml100k(folder)


def test_the_real_data_is_as_published(data_folder):
    found = load_ml100k(data_folder / "ml100k_mm", features=False)
    sizes = [len(part) for part in (found.train, found.validation, found.open_test())]
    assert (found.catalogue.num_users, found.catalogue.num_items, sum(sizes)) == (943, 1682, 100_000)
    # Each user's tenth is rounded down, and at least one.
    assert sizes == [80_808, 9596, 9596]
    assert len(found.catalogue.media["image"]) == 1146
    assert found.catalogue.title(0) == "Toy Story"


def test_the_packages_own_file_is_read_where_it_is_installed():
    if importlib.util.find_spec("recbole") is None:
        pytest.skip("recbole is not installed")
    found = load_ml100k()
    assert (found.catalogue.num_users, found.catalogue.num_items) == (943, 1682)
    assert len(found.train) == 80_808
