import csv
import datetime
import gzip

import pytest

from mmgraph.data.recommendation import read_table, table
from mmgraph.errors import InputError, MissingExtraError

ROWS = [
    ("al, the first", "pie", 5.0, 10.5, 0),
    ('bo "b"', "jam", 3.0, 9.0, 1),
    ("al, the first", "tea\nbag", 1.0, 2.0, 2),
]
COLUMNS = ("who", "what", "stars", "when", "fold")
ARGUMENTS = dict(zip(("user", "item", "rating", "time", "part"), COLUMNS, strict=True))


def check(found) -> None:
    assert list(found.users) == [row[0] for row in ROWS]
    assert list(found.items) == [row[1] for row in ROWS]
    assert found.ratings.tolist() == [row[2] for row in ROWS]
    assert found.times.tolist() == [row[3] for row in ROWS]
    assert found.part.tolist() == [row[4] for row in ROWS]


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.csv.gz", "x.tsv.gz"])
def test_what_the_csv_module_writes_is_read(tmp_path, name):
    opened = gzip.open if name.endswith(".gz") else open
    with opened(tmp_path / name, "wt", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="," if "csv" in name else "\t")
        writer.writerows([("other", *COLUMNS), *(("?", *row) for row in ROWS)])
    check(read_table(tmp_path / name, **ARGUMENTS))
    few = read_table(tmp_path / name, user="who", item="what")
    assert few.ratings is few.times is few.part is None


def test_what_pyarrow_writes_is_read(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = dict(zip(COLUMNS, zip(*ROWS, strict=True), strict=True))
    parquet.write_table(arrow.table(columns), tmp_path / "x.parquet", row_group_size=2)
    check(read_table(tmp_path / "x.parquet", **ARGUMENTS))


def test_whole_numbers_and_timestamps_of_parquet_are_names_and_seconds(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    moment = datetime.datetime(1970, 1, 2, 0, 0, 1, 500_000)
    columns = {"user": [3, 20], "item": ["x", "y"], "time": [moment, moment]}
    for unit in ("ms", "ns"):
        schema = arrow.schema(
            [("user", arrow.int32()), ("item", arrow.string()), ("time", arrow.timestamp(unit))]
        )
        parquet.write_table(arrow.table(columns, schema=schema), tmp_path / "x.parquet")
        found = read_table(tmp_path / "x.parquet", time="time")
        assert found.users.names == ("3", "20")
        assert found.times.tolist() == [86401.5, 86401.5]


def test_a_parquet_file_that_claims_too_many_rows_is_refused(tmp_path, monkeypatch):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"user": ["a"] * 9, "item": ["b"] * 9}), tmp_path / "x.parquet")
    monkeypatch.setattr(table, "MAX_ROWS", 8)
    with pytest.raises(InputError, match="has 9 rows, more than 8"):
        read_table(tmp_path / "x.parquet")


def test_a_damaged_parquet_file_is_an_error(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "x.parquet"
    for content in (b"", b"PAR1 nothing PAR1", b"user,item\n1,2\n"):
        file.write_bytes(content)
        with pytest.raises(InputError, match="is no parquet file that can be read"):
            read_table(file)
    parquet.write_table(arrow.table({"user": [str(n) for n in range(999)], "item": ["b"] * 999}), file)
    content = bytearray(file.read_bytes())
    content[4:400] = bytes(396)
    file.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read after row 0"):
        read_table(file)


def test_without_pyarrow_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mmgraph\[parquet\]'"):
        read_table(tmp_path / "x.parquet")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has 0 columns 'user'"),
        ("user,thing\n", "has 0 columns 'item', expected one; its columns are user, thing"),
        ("user,item,user\n", "has 2 columns 'user'"),
        ("user,item,stars\na,b\n", "line 2: got 2 columns, expected 3"),
        ("user,item,stars\na,,1\n", "line 2: item is empty"),
        ("user,item,stars\na,b,many\n", "stars has a cell that is no number"),
        ('user,item,stars\na,"b,1\n', "unexpected end of data"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, text, message):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InputError, match=f"x.csv.*{message}"):
        read_table(tmp_path / "x.csv", rating="stars" if "stars" in text else None)


def test_another_ending_is_an_error(tmp_path):
    (tmp_path / "x.xlsx").touch()
    with pytest.raises(InputError, match=r"expected a .csv, .tsv or .parquet file"):
        read_table(tmp_path / "x.xlsx")
