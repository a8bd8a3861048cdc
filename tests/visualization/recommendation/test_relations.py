import pytest

from mmgraph.visualization.recommendation.relations import meaning, percent_text, relation_places


def test_known_relations_have_their_colours_whatever_else_is_there():
    assert relation_places(["users", "image"]) == {"image": 0, "users": 4}
    assert relation_places(["motion", "text", "depth"]) == {"text": 1, "depth": 5, "motion": 6}
    assert relation_places([]) == {}


def test_there_are_never_more_places_than_colours():
    assert set(relation_places(f"m{n}" for n in range(40)).values()) <= set(range(12))


@pytest.mark.parametrize(
    ("share", "words"),
    [
        *[(0.344, "34 %"), (0.0, "0 %"), (-0.03, "−3 %"), (-0.001, "0 %"), (1.2, "120 %")],
        *[(1e9, "over 999 %"), (-1e9, "under −999 %")],
    ],
)
def test_shares_are_whole_per_cent(share, words):
    assert percent_text(share) == words


def test_what_a_relation_means_is_said_in_words():
    assert meaning("image") == "both look alike"
    assert meaning("motion") == "both are alike in motion"
