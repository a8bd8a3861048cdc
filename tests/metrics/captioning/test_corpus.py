import pytest

from mmgraph.errors import InputError
from mmgraph.metrics.captioning import in_words


def test_captions_and_references_become_words_by_id_or_by_number():
    found = in_words({"x": "A dog."}, {"x": ["a cat", "Dogs!"]})
    assert (found["x"].candidate, found["x"].references) == (("a", "dog"), (("a", "cat"), ("dogs",)))
    assert list(in_words(["a", "b"], [["c"], ["d"]])) == [0, 1]
    assert in_words(["A.b"], [["C"]], str.split)[0].candidate == ("A.b",)


@pytest.mark.parametrize(
    ("candidates", "references", "message"),
    [
        ({"img_7": "a"}, {}, "image 'img_7' has no reference: give at least one"),
        ({1: "a", 2: "a", 3: "a"}, {1: ["b"]}, r"image 2 has no reference \(and 1 more\)"),
        ({1: "a"}, {1: ["b"], 9: ["b"]}, "image 9 has references but no candidate"),
        ({1: "a"}, {1: []}, "image 1 has no reference"),
        ({1: "a"}, {1: "b"}, "the references of image 1 are one string, expected a list of strings"),
        (["a", "b"], [["c"]], "image 1 has no reference"),
        ("a", [["c"]], "candidates are one string, expected a dict"),
    ],
)
def test_what_is_missing_is_named_with_its_image(candidates, references, message):
    with pytest.raises(InputError, match=message):
        in_words(candidates, references)
