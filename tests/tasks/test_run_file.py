import json
import re

import pytest

from mmgraph.errors import InputError
from mmgraph.tasks.run_file import FILE, read_run, write_run


def test_what_was_written_is_read_with_its_format_first(tmp_path):
    write_run(tmp_path / "new", "vqa", {"seed": 3})
    assert [path.name for path in (tmp_path / "new").iterdir()] == [FILE]
    assert list(read_run(tmp_path / "new", dict, 1000).items()) == [
        ("format", "mmgraph.run"),
        ("version", 1),
        ("task", "vqa"),
        ("seed", 3),
    ]


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    write_run(tmp_path, "vqa", {"seed": 3})
    with pytest.raises(TypeError):
        write_run(tmp_path, "vqa", {"seed": object()})
    assert json.loads((tmp_path / FILE).read_text())["seed"] == 3


def test_what_the_decoder_says_names_the_file(tmp_path):
    def decode(content):
        raise InputError(f"{content['seed']} is no seed")

    write_run(tmp_path, "vqa", {"seed": 3})
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / FILE}: 3 is no seed")):
        read_run(tmp_path, decode, 1000)
    with pytest.raises(InputError, match=r"run\.json: the file has \d+ bytes, more than 10"):
        read_run(tmp_path, decode, 10)
    with pytest.raises(InputError, match=r"run\.json: cannot read: No such file"):
        read_run(tmp_path / "none", decode, 10)
