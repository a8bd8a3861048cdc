import json
from dataclasses import replace

import pytest

from mmgraph.data.recommendation import Catalogue
from mmgraph.tasks.recommendation import Connection, Reason, why
from mmgraph.tasks.recommendation.why import detail_of, reason_as_dict, share_of

CATALOGUE = Catalogue(("u",), ("a", "b"), titles=("Alien", "Babe"))
SHARES = {"image": 0.342, "text": 0.1, "knowledge": 0.12, "interactions": 0.8}
LOOKS = Reason(SHARES, "image", 0, 0.2, Connection("image"))


def joined(relation, **facts):
    return replace(LOOKS, path=Connection(relation, **facts))


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (LOOKS, "because you chose Alien: both look alike (image 34 %)"),
        (
            joined("text"),
            "because you chose Alien: both read alike (text 10 %); of what the items are like, image "
            "counts most (34 %)",
        ),
        (
            replace(joined("users", users=(3, 1)), speaks=None),
            "because you chose Alien: 2 others chose both (interactions 80 %)",
        ),
        (
            replace(joined("knowledge", facts=("film.directed_by: Jane",)), speaks="knowledge"),
            "because you chose Alien: in common: directed by Jane (knowledge 12 %)",
        ),
        (
            replace(LOOKS, path=None, speaks=None),
            "because you chose Alien: without it the score falls by 20 %, but no single step joins the two",
        ),
        (replace(LOOKS, fall=0.0, speaks=None), "no single item that you chose counts for it"),
        (
            Reason(SHARES, "image", None, 0.0, None),
            "you have chosen nothing yet; of what the items are like, image counts most (34 %)",
        ),
    ],
)
def test_a_reason_is_one_plain_sentence(reason, sentence):
    assert why(reason, CATALOGUE) == sentence


def test_a_share_that_rises_has_a_minus_sign():
    negative = replace(LOOKS, shares={"image": -0.05}, speaks=None)
    assert why(negative, CATALOGUE) == "because you chose Alien: both look alike (image −5 %)"


def test_the_share_is_of_what_joins_the_two_and_of_interactions_for_users():
    assert share_of(LOOKS) == ("image", 0.342)
    assert share_of(joined("users")) == ("interactions", 0.8)
    assert share_of(replace(LOOKS, path=None)) is None
    assert share_of(replace(LOOKS, fall=-0.1)) is None


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (["genre: drama", "directed_by: Jane"], "in common: genre drama, directed by Jane"),
        # Codes of Freebase and Wikidata are no names: they are counted.
        (
            ["film.film.actor: m.0x1", "film.film.actor: m.0x2", "film.genre: Q42"],
            "in common: actor (2), genre",
        ),
        # A fact that the graph has in both directions is one.
        (["film.films_in_this_genre of: m.07", "film.film.genre: m.07"], "in common: genre"),
        ([f"cast: {name}" for name in "abcde"], "in common: cast a, cast b, cast c and 2 more"),
    ],
)
def test_facts_are_said_by_their_last_word(facts, words):
    assert detail_of(Connection("knowledge", facts=tuple(facts))) == words


def test_one_user_is_an_other_and_many_have_commas():
    assert detail_of(Connection("users", users=(1,))) == "1 other chose both"
    assert detail_of(Connection("users", users=tuple(range(1204)))) == "1,204 others chose both"
    assert detail_of(Connection("knowledge")) == "shared facts"


def test_as_json_a_reason_has_every_number():
    found = json.loads(json.dumps(reason_as_dict(joined("users", users=(3,)), CATALOGUE)))
    assert found["because"] == {"item": 0, "title": "Alien"}
    assert found["path"] == {"relation": "users", "users": [3], "facts": []}
    assert found["shares"] == SHARES
    assert found["why"].startswith("because you chose Alien: 1 other chose both")
    assert reason_as_dict(replace(LOOKS, because=None, path=None), CATALOGUE)["because"] is None
