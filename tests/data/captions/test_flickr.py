import pytest

from mmgraph.data.captions import read_flickr
from mmgraph.errors import InputError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    for name in ("one.jpg", "two.jpg"):
        (tmp_path / "images" / name).write_bytes(b"")
    return tmp_path


def read(folder, text, **options):
    path = folder / "captions.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_flickr(path, folder / "images", **options)


def test_captions_of_a_picture_are_put_together_in_the_order_of_the_file(folder):
    found = read(folder, "image,caption\ntwo.jpg,A dog .\none.jpg,a cat\ntwo.jpg,two dogs\n")
    assert [(item.id, item.captions) for item in found] == [
        ("two.jpg", ("A dog .", "two dogs")),
        ("one.jpg", ("a cat",)),
    ]
    assert found[0].image == str(folder / "images" / "two.jpg")
    assert found[0].split is None


def test_quotes_commas_and_line_ends_inside_quotes_are_read_as_csv_has_them(folder):
    text = 'image,caption\r\none.jpg,"a dog, a ""big"" one"\r\n\r\ntwo.jpg,"first\nsecond"\r\n'
    first, second = read(folder, text)
    assert first.captions == ('a dog, a "big" one',)
    assert second.captions == ("first\nsecond",)


def test_the_official_token_file_is_read(folder):
    found = read(folder, 'one.jpg#0\tA dog, running .\ntwo.jpg#0\ta cat\none.jpg#1\ta "quoted\n')
    assert [(item.id, item.captions) for item in found] == [
        ("one.jpg", ("A dog, running .", 'a "quoted')),
        ("two.jpg", ("a cat",)),
    ]


def test_a_byte_order_mark_is_passed_over(folder):
    assert len(read(folder, "\ufeffimage,caption\none.jpg,a cat\n")) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one.jpg,a cat\n", r"captions\.txt, line 1: got 'one.jpg,a cat', expected 'image,caption'"),
        ("image,caption\none.jpg,a\ntwo.jpg,a dog, a cat\n", "line 3: got 3 columns.*needs quotes"),
        ("image,caption\none.jpg\n", "line 2: got 1 columns"),
        ("image,caption\none.jpg, \n", "line 2: the caption of 'one.jpg' is empty"),
        ('image,caption\none.jpg,"a cat\n', "line 2: unexpected end of data"),
        ("image,caption\n../one.jpg,a cat\n", "line 2: '../one.jpg' is no name of a file"),
        ("image,caption\n,a cat\n", "line 2: '' is no name of a file"),
        ("one.jpg#0\ta cat\none.jpg a cat\n", "line 2: got 'one.jpg a cat', expected image.jpg#0"),
        ("one.jpg#0\ta cat\none.jpg#x\ta cat\n", "line 2: got .*expected image.jpg#0"),
        ("image,caption\none.jpg,a\nthree.jpg,b\n", r"line 3: .* has no 'three.jpg' \(1 of 2 pictures"),
        ("image,caption\n", "names no picture"),
        (b"image,caption\none.jpg,\xff\n", "cannot be read as UTF-8"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(text, message, folder):
    with pytest.raises(InputError, match=message) as error:
        read(folder, text)
    assert "captions.txt" in str(error.value)


def test_pictures_that_are_missing_can_be_left_out(folder):
    found = read(folder, "image,caption\none.jpg,a\nthree.jpg,b\n", skip_missing=True)
    assert [item.id for item in found] == ["one.jpg"]
    with pytest.raises(InputError, match="names no picture that is in"):
        read(folder, "image,caption\nthree.jpg,b\n", skip_missing=True)


def test_a_file_or_a_folder_that_is_not_there_is_an_error(folder):
    with pytest.raises(InputError, match="cannot be read"):
        read_flickr(folder / "none.txt", folder / "images")
    with pytest.raises(InputError, match="no folder of pictures"):
        read_flickr(folder / "none.txt", folder / "none")


def test_the_photographs_of_flickr8k_have_five_captions_each(data_folder):
    place = data_folder / "flickr8k_800"
    found = read_flickr(place / "captions.txt", place / "images")
    assert len(found) == 800
    assert {len(item.captions) for item in found} == {5}
    assert found[0].captions[0] == "A black dog and a spotted dog are fighting"
