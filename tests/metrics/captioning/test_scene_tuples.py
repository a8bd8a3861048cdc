import pytest

from mmgraph.metrics.captioning import scene_tuples, tokenize


def tuples(caption):
    """As text, in order: "dog", "dog brown" and "dog on grass"."""
    return sorted((" ".join(one) for one in scene_tuples(tokenize(caption))), key=lambda one: one.split())


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("A brown dog", "dog | dog brown"),
        (
            "A small red circle left of a large blue square",
            "circl | circl left of squar | circl red | circl small | squar | squar blue | squar larg",
        ),
        ("a man riding a horse", "hors | man | man ride hors"),
        ("A man rides a horse.", "hors | man | man ride hors"),
        ("a ride on a horse", "hors | ride | ride on hors"),
        ("A dog runs through the grass .", "dog | dog run | dog through grass | grass"),
        ("The sky is blue and clear", "sky | sky blue | sky clear"),
        ("a red, white and blue shirt", "shirt | shirt blue | shirt red | shirt white"),
        (
            "Two dogs and a cat are playing with a ball",
            "ball | cat | cat play | cat with ball | dog | dog play | dog two | dog with ball",
        ),
        ("a man holding a bat and a ball", "ball | bat | man | man hold ball | man hold bat"),
        (
            "A man riding a bike and a woman walking a dog",
            "bike | dog | man | man ride bike | woman | woman walk dog",
        ),
        ("two women", "woman | woman two"),
        ("a tall building", "build | build tall"),
        ("There is a cup on top of a box", "box | cup | cup on box"),
        ("a cat sleeps while a dog watches", "cat | cat sleep | dog | dog watch"),
        (
            "a man eats a pizza while holding a phone",
            "man | man eat pizza | man hold phone | phone | pizza",
        ),
        (
            "a man in a hat is standing on the grass",
            "grass | hat | man | man in hat | man on grass | man stand",
        ),
        ("", ""),
        ("of the and", ""),
    ],
)
def test_captions_say_what_they_say(caption, expected):
    assert " | ".join(tuples(caption)) == expected


def test_the_same_scene_in_other_words_gives_the_same_tuples():
    assert tuples("a cup next to a plate") == tuples("A cup beside the plate")
    assert tuples("a man rides a horse") == tuples("the man is riding a horse")
