import gzip

import pytest

from mmgraph.data.recommendation.bounded_text import find_packed, text_lines
from mmgraph.errors import InputError


def test_lines_come_without_their_ends_packed_or_not(tmp_path):
    content = "\ufeffgröße\r\nzwei\n\nvier".encode()
    (tmp_path / "a.txt").write_bytes(content)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(content))
    for name in ("a.txt", "a.txt.gz"):
        assert list(text_lines(tmp_path / name)) == ["größe", "zwei", "", "vier"]


def test_a_file_without_content_has_no_lines(tmp_path):
    (tmp_path / "a").touch()
    assert list(text_lines(tmp_path / "a")) == []


def test_the_limit_counts_what_is_unpacked(tmp_path):
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(b"a\tb\n" * 10**5))
    assert bomb.stat().st_size < 10**4
    with pytest.raises(InputError, match=r"bomb.gz: more than 1000 bytes"):
        list(text_lines(bomb, max_bytes=1000))
    assert len(list(text_lines(bomb, max_bytes=4 * 10**5))) == 10**5


def test_an_endless_line_is_refused(tmp_path):
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(b"x\n" + bytes(2**25)))
    with pytest.raises(InputError, match="more than 16777216 bytes in line 2"):
        list(text_lines(bomb))


def test_damaged_files_are_errors(tmp_path):
    (tmp_path / "no.gz").write_bytes(b"plain")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"line\n" * 1000)[:-12])
    (tmp_path / "broken.gz").write_bytes(gzip.compress(bytes(range(256)) * 99)[:20] + b"\xff" * 90)
    (tmp_path / "latin").write_bytes(b"ok\ngr\xf6\xdfe\n")
    for name in ("no.gz", "cut.gz", "broken.gz", "missing"):
        with pytest.raises(InputError, match=f"{name}: cannot be read"):
            list(text_lines(tmp_path / name))
    with pytest.raises(InputError, match="latin, line 2: is no UTF-8"):
        list(text_lines(tmp_path / "latin"))


def test_a_packed_file_is_found_by_its_plain_name(tmp_path):
    assert find_packed(tmp_path / "a.inter") is None
    (tmp_path / "a.inter.gz").touch()
    assert find_packed(tmp_path / "a.inter") == tmp_path / "a.inter.gz"
    (tmp_path / "a.inter").touch()
    assert find_packed(tmp_path / "a.inter") == tmp_path / "a.inter"
