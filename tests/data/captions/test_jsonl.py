import json

import pytest

from mmgraph.data.captions import CaptionedImage, read_jsonl
from mmgraph.errors import InputError

GOOD = '{"image": "a/one.jpg", "captions": ["a cat"]}'


def test_paths_count_from_the_folder_of_the_file_and_the_rest_may_be_left_out(tmp_path):
    path = tmp_path / "captions.jsonl"
    whole = {"image": "two.jpg", "captions": ["x", " y "], "audio": "two.wav", "split": "test"}
    path.write_text(f"{GOOD}\n\n{json.dumps(whole)}\n")
    assert read_jsonl(path) == [
        CaptionedImage("a/one.jpg", str(tmp_path / "a/one.jpg"), ("a cat",)),
        CaptionedImage("two.jpg", str(tmp_path / "two.jpg"), ("x", "y"), "test", str(tmp_path / "two.wav")),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "this is no JSON"),
        ("[]", "the line is a list of 0, expected an object"),
        ('{"image": "b.jpg"}', "lacks 'captions'"),
        ('{"image": "b.jpg", "captions": "x"}', "captions is 'x', expected a list"),
        ('{"image": "b.jpg", "captions": [1]}', r"captions\[0\] is 1, expected a string"),
        ('{"image": "b.jpg", "captions": []}', "give at least one"),
        ('{"image": "b.jpg", "captions": ["x", " "]}', r"captions\[1\] is empty"),
        ('{"image": "", "captions": ["x"]}', "image is empty"),
        ('{"image": null, "captions": ["x"]}', "image is None, expected a string"),
        ('{"image": "b.jpg", "captions": ["x"], "split": 1}', "split is 1, expected a string"),
        ('{"image": "b.jpg", "captions": ["x"], "sound": "s"}', "'sound', which is not known"),
        ('{"image": "a/one.jpg", "captions": ["x"]}', "'a/one.jpg' is there twice"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(line, message, tmp_path):
    path = tmp_path / "captions.jsonl"
    path.write_text(f"{GOOD}\n{line}\n")
    with pytest.raises(InputError, match=rf"captions\.jsonl, line 2: .*{message}"):
        read_jsonl(path)


def test_an_empty_and_a_missing_file_are_errors(tmp_path):
    path = tmp_path / "captions.jsonl"
    with pytest.raises(InputError, match=r"captions\.jsonl: cannot read"):
        read_jsonl(path)
    path.write_text("\n")
    with pytest.raises(InputError, match="has no line with a picture"):
        read_jsonl(path)
