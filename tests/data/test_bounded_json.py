import pytest

from mmgraph.data.bounded_json import field, integer_or_text, read_json
from mmgraph.errors import InputError


def test_a_file_s_value_comes_back(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": [1, 2.5, "\xc3\xa9"]}')
    assert read_json(path) == {"a": [1, 2.5, "é"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "this is no JSON"),
        (b"\xff", "this is no JSON"),
        (b"[NaN]", "NaN is no JSON number"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": 1, "a": 2}', "the key 'a' stands twice"),
        (b" " * 101, "the file has 101 bytes, more than 100"),
    ],
)
def test_a_damaged_file_is_an_error_with_its_name(tmp_path, content, message):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        read_json(path, max_bytes=100 if len(content) == 101 else 2**20)
    assert str(error.value).startswith(f"{path}: ")


def test_a_missing_file_and_a_folder_are_errors_with_their_names(tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError, match=r": cannot read: ") as error:
            read_json(path)
        assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ([], "x is a list of 0, expected an object"),
        ({}, "x lacks 'a'"),
        ({"a": 1}, "x.a is 1, expected a string"),
        ({"a": "b" * 10_001}, "x.a has 10001 characters, more than 10000"),
    ],
)
def test_fields_are_checked(entry, message):
    with pytest.raises(InputError, match=message):
        field(entry, "a", str, "x")


def test_ids_are_integers_or_strings():
    assert [integer_or_text({"a": value}, "a", "x") for value in (1, "1")] == [1, "1"]
    for value in (True, 1.5, None, [1]):
        with pytest.raises(InputError, match=r"x.a is .*, expected an integer or a string"):
            integer_or_text({"a": value}, "a", "x")
    with pytest.raises(InputError, match="x lacks 'a'"):
        integer_or_text({}, "a", "x")
