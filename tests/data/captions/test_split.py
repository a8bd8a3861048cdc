import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.data.captions import CaptionedImage, given_split, read_flickr, split_by_image
from mmgraph.errors import InputError


def images(count, start=0):
    return [CaptionedImage(f"{n}.jpg", f"{n}.jpg", ("a", "b")) for n in range(start, start + count)]


def parts(found):
    return {item.id: name for name, items in found.items() for item in items}


@given(st.integers(1, 80), st.floats(0, 0.4), st.floats(0, 0.4), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_every_picture_is_in_exactly_one_part_in_the_order_given(count, validation, test, seed):
    given_images = images(count)
    found = split_by_image(given_images, validation, test, seed)
    ids = [item.id for items in found.values() for item in items]
    assert sorted(ids) == sorted(item.id for item in given_images)
    for items in found.values():
        assert items == [item for item in given_images if item in items]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_with_shares_no_picture_moves_when_others_come(count, more, seed):
    before = parts(split_by_image(images(count), 0.2, 0.2, seed))
    after = parts(split_by_image(images(count + more), 0.2, 0.2, seed))
    assert after.items() >= before.items()


@given(st.integers(10, 60), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_with_counts_a_picture_that_comes_moves_one_other_at_each_border_at_most(count, seed):
    before = parts(split_by_image(images(count), 4, 3, seed))
    after = parts(split_by_image(images(count + 1), 4, 3, seed))
    assert sum(after[name] != part for name, part in before.items()) <= 2


def test_counts_are_exact_and_shares_are_about_right():
    counted = split_by_image(images(500), 120, 50)
    assert {name: len(items) for name, items in counted.items()} == {
        "train": 330,
        "validation": 120,
        "test": 50,
    }
    shared = split_by_image(images(5000), 0.2, 0.1)
    assert abs(len(shared["validation"]) - 1000) < 100
    assert abs(len(shared["test"]) - 500) < 75


def test_the_order_does_not_matter_and_the_seed_does():
    some = images(100)
    assert parts(split_by_image(some, 20, 10)) == parts(split_by_image(some[::-1], 20, 10))
    assert parts(split_by_image(some, 20, 10, 0)) != parts(split_by_image(some, 20, 10, 1))


@pytest.mark.parametrize(
    ("validation", "test", "message"),
    [
        (0.6, 0.4, "nothing is left to train on"),
        (6, 4, "of 10 pictures: nothing is left"),
        (0.5, 3, "two shares below 1, or two counts"),
        (2.5, 3, "two shares below 1, or two counts"),
        (-0.1, 0.2, "expected at least 0"),
    ],
)
def test_parts_that_cannot_be_are_errors(validation, test, message):
    with pytest.raises(InputError, match=message):
        split_by_image(images(10), validation, test)


def test_an_id_that_comes_twice_is_an_error():
    with pytest.raises(InputError, match=r"got '0\.jpg' twice"):
        split_by_image([*images(3), *images(1)])


def test_a_split_of_the_data_set_is_kept():
    some = [CaptionedImage(name, name, ("x",), split=name) for name in ("test", "train", "validation")]
    assert given_split(some) == {item.id: [item] for item in some}
    with pytest.raises(InputError, match="the picture 'x' has split None"):
        given_split([CaptionedImage("x", "x", ("x",))])


def test_no_photograph_of_flickr8k_is_in_two_parts(data_folder):
    place = data_folder / "flickr8k_800"
    found = split_by_image(read_flickr(place / "captions.txt", place / "images"), 200, 100)
    ids = {name: {item.id for item in items} for name, items in found.items()}
    assert {name: len(some) for name, some in ids.items()} == {"train": 500, "validation": 200, "test": 100}
    assert len(set.union(*ids.values())) == 800
