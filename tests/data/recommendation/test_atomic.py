import gzip

import pytest
import torch

from mmgraph.data.recommendation import read_atomic, read_inter, read_kg, read_link
from mmgraph.errors import InputError

RECBOLE = "user_id:token\titem_id:token\trating:float\ttimestamp:float\nb\t10\t3\t881250949\na\t9\t4.5\t5\n"
MMREC = "userID\titemID\trating\ttimestamp\tx_label\n0\t7\t5.0\t1\t0\n1\t7\t4.0\t2\t1\n0\t3\t1.0\t3\t2\n"


@pytest.fixture
def write(tmp_path):
    def made(name: str, text: str):
        file = tmp_path / name
        file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return file

    return made


@pytest.mark.parametrize("name", ["x.inter", "x.inter.gz"])
def test_interactions_of_recbole_are_read(write, name):
    found = read_inter(write(name, RECBOLE))
    assert list(found.users) == ["b", "a"]
    assert list(found.items) == ["10", "9"]
    assert found.items.names == ("9", "10")
    assert found.ratings.tolist() == [3, 4.5]
    assert found.times.tolist() == [881250949, 5]
    assert found.part is None


def test_interactions_of_mmrec_bring_their_parts(write):
    found = read_inter(write("x.inter", MMREC))
    assert list(found.users) == ["0", "1", "0"]
    assert list(found.items) == ["7", "7", "3"]
    assert found.part.tolist() == [0, 1, 2]
    assert found.times.tolist() == [1, 2, 3]


def test_columns_of_other_names_are_named(write):
    text = "who:token\twhat:token\tstars:float\tuser_id:token\nal\tpie\t2\tx\n"
    file = write("x.inter", text)
    found = read_inter(file, user="who", item="what", rating="stars")
    assert (list(found.users), list(found.items), found.ratings.tolist()) == (["al"], ["pie"], [2])
    with pytest.raises(InputError, match=r"no column item_id:token; it has who:token, what:token"):
        read_inter(file)
    with pytest.raises(InputError, match="no column when:float"):
        read_inter(file, item="what", time="when")


def test_all_four_types_are_read(write):
    text = "item_id:token\ttags:token_seq\tprice:float\tv:float_seq\n1\tred big\t\t0.5 2\n2\t\t3\t\n"
    found = read_atomic(write("x.item", text))
    assert found.types == {"item_id": "token", "tags": "token_seq", "price": "float", "v": "float_seq"}
    assert found.token_sequences["tags"] == (("red", "big"), ())
    assert found.texts("tags") == ["red big", ""]
    assert found.texts("item_id") == ["1", "2"]
    assert found.floats["price"].isnan().tolist() == [True, False]
    assert [row.tolist() for row in found.float_sequences["v"]] == [[0.5, 2.0], []]


def test_another_separator_and_quotes_are_text(write):
    found = read_atomic(write("x.item", 'item_id:token\tt:token_seq\n"1"\ta|"b c"\n'), separator="|")
    assert found.texts("item_id") == ['"1"']
    assert found.token_sequences["t"] == (("a", '"b c"'),)


def test_a_header_alone_is_an_empty_file(write):
    found = read_inter(write("x.inter", "user_id:token\titem_id:token"))
    assert len(found) == 0
    assert len(found.table()) == 0


def test_knowledge_joins_items_to_entities(write):
    facts = "m.1\tby\tm.2\nm.1\tby\tm.2\nm.3\tof\tm.1\n"
    kg = write("x.kg.gz", "head_id:token\trelation_id:token\ttail_id:token\n" + facts)
    link = write("x.link", "item_id:token\tentity_id:token\n5\tm.1\n8\tm.9\n")
    assert read_link(link) == {"5": "m.1", "8": "m.9"}
    found = read_kg(kg, link, ["5", "6"])
    assert found.entities == ("m.1", "m.2", "m.3")
    assert found.item_entity.tolist() == [0, -1]
    assert torch.stack([found.heads, found.relations, found.tails]).tolist() == [[0, 2], [0, 1], [1, 0]]


def test_an_item_with_two_entities_is_an_error(write):
    link = write("x.link", "item_id:token\tentity_id:token\n5\tm.1\n5\tm.2\n")
    with pytest.raises(InputError, match=r"item '5' has two entities, 'm.1' and 'm.2'"):
        read_link(link)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: got the column ''"),
        ("a:token\ta:float\n", "line 1: got the column 'a:float'"),
        ("a:int\n", "line 1: got the column 'a:int'"),
        (":token\n", "line 1: got the column ':token'"),
        ("user_id:token\titem_id:token\na\n", "line 2: got 1 columns, expected 2"),
        ("a:token\tb:float\nx\t1\ny\ttwo\n", "line 3: b is 'two', expected a number"),
        ("a:token\tb:float\nx\t1 2\n", "lines 2 to 2: b has a cell that is no single number"),
        ("a:token\tb:float_seq\nx\t1 two\n", "line 2: b is '1 two', expected a number"),
    ],
)
def test_what_cannot_be_read_is_named_by_file_and_line(write, text, message):
    with pytest.raises(InputError, match=f"x.inter.*{message}"):
        read_atomic(write("x.inter", text))


def test_the_real_graph_of_movielens_is_read(data_folder):
    folder = data_folder / "ml100k_mm"
    found = read_kg(folder / "ml-100k.kg.gz", folder / "ml-100k.link", [str(n) for n in range(1, 1683)])
    assert len(found) == 91_631
    assert (found.item_entity >= 0).sum() == 1598
