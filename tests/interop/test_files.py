import contextlib
import copy
import json
import os
import random
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, EdgeSpec, HeteroGraph, NodeSpec, Sample, Schema, select, validate
from mmgraph.interop import files
from mmgraph.interop.files import load, save
from tests.strategies import NEAR, example, graphs

FEW = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GRAPHS, MUTATIONS = settings(FEW, max_examples=25), 12
SUFFIXES = [".json", ".safetensors"]


def same(mine, theirs):
    assert mine.difference(theirs) == ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("graphs")


# ---------------------------------------------------------------------- there and back


@pytest.mark.parametrize("suffix", SUFFIXES)
@FEW
@given(graph=graphs())
def test_a_file_gives_back_the_graph(folder, suffix, graph):
    path = folder / f"graph{suffix}"
    save(graph, path)
    same(load(path), graph)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_floats_come_back_exactly(folder, suffix, dtype):
    info = torch.finfo(dtype)
    edges = torch.tensor(
        [0.1, -0.0, info.max, info.min, info.tiny, info.smallest_normal / 2, info.eps, 1 / 3], dtype=dtype
    )
    bits = {2: torch.int16, 4: torch.int32, 8: torch.int64}[info.bits // 8]
    anything = torch.randint(-(2**62), 2**62, (5000,)).to(bits).view(dtype)
    x = torch.cat([edges, anything[anything.isfinite()]])[:, None]
    save(HeteroGraph.create(Schema({"a": NodeSpec(1)}), x={"a": x}), folder / f"floats{suffix}")
    back = load(folder / f"floats{suffix}").x["a"]
    assert torch.equal(back.view(bits), x.view(bits))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_not_finite_survives_where_it_may_be(folder, suffix):
    graph = replace(example(), target={"y": torch.tensor([[float("nan"), 1], [float("inf"), -float("inf")]])})
    save(graph, folder / f"nan{suffix}")
    same(load(folder / f"nan{suffix}"), graph)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_strange_strings_survive(folder, suffix):
    sample = Sample("\ud800 half a pair", text='"\\\n\x00 🐕', files={"im/age": "a\tb.jpg"})
    graph = HeteroGraph.create(Schema({"a/b%": NodeSpec(1)}), [sample], x={"a/b%": torch.zeros(1, 1)})
    graph = replace(graph, label={"a/b%": ("\udfff",)}, extra={"a/b%": {"ü/%2F": torch.zeros(1)}})
    save(graph, folder / f"strange{suffix}")
    same(load(folder / f"strange{suffix}"), graph)


def test_names_with_slashes_keep_apart(folder):
    nodes = {name: NodeSpec(1) for name in ("a", "a/b", "c", "a%2Fb")}
    edges = {("a/b", "r", "c"): EdgeSpec(), ("a", "b/r", "c"): EdgeSpec(), ("a%2Fb", "r", "c"): EdgeSpec()}
    graph = HeteroGraph.create(
        Schema(nodes, edges),
        x={name: torch.full((3, 1), float(number)) for number, name in enumerate(nodes)},
        edge_index={key: torch.tensor([[0], [number]]) for number, key in enumerate(edges)},
    )
    save(graph, folder / "slashes.safetensors")
    same(load(folder / "slashes.safetensors"), graph)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_shared_strided_and_trained_tensors_are_written(folder, suffix):
    graph = example().with_reverse()
    x = torch.randn(3, 2).T.requires_grad_()
    graph = replace(graph, x={**graph.x, "region": x})
    save(graph, folder / f"shared{suffix}")
    same(load(folder / f"shared{suffix}"), replace(graph, x={**graph.x, "region": x.detach()}))


def test_json_is_readable(folder):
    save(example(), folder / "readable.json")
    text = (folder / "readable.json").read_text()
    document = json.loads(text)
    assert document["format"] == "mmgraph.graph"
    assert document["version"] == 1
    assert document["edges"][0]["edge_index"] == "complete"
    assert document["nodes"]["token"]["label"] == ["red", "dog", "a", "cat"]
    assert document["nodes"]["region"]["x"]["values"] == [[0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]
    assert "[0.1, 0.2, 0.3],\n" in text
    assert max(map(len, text.splitlines())) < 100


def test_a_graph_can_be_written_by_hand(folder):
    tensor = {"dtype": "float32", "shape": [1, 2], "values": [[1, 2.5]]}
    document = {
        "format": "mmgraph.graph",
        "version": 1,
        "schema": {"nodes": {"a": {"dim": 2}}, "edges": []},
        "samples": [{"id": "one"}],
        "nodes": {"a": {"sizes": [1], "x": tensor}},
        "edges": [],
        "target": {},
    }
    (folder / "hand.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(document).encode())
    graph = load(folder / "hand.json")
    assert graph.x["a"].tolist() == [[1, 2.5]]
    assert graph.samples == (Sample("one"),)


def test_the_graph_knows_the_way(folder):
    example().save(folder / "method.json")
    same(HeteroGraph.load(str(folder / "method.json")), example())


def test_batches_of_nothing_are_graphs_too(folder):
    for suffix in SUFFIXES:
        for graph in (select(example(), []), HeteroGraph.create(Schema({}), 2)):
            save(graph, folder / f"nothing{suffix}")
            same(load(folder / f"nothing{suffix}"), graph)


# ---------------------------------------------------------------------- saving


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"graph{suffix}"
    save(example(), path)
    before = path.read_bytes()
    odd = replace(example(), extra={"region": {"z": torch.zeros(2).cfloat()}})
    with pytest.raises(InputError, match=r"graph.*cannot save: extra/region/z is.*complex64"):
        save(odd, path)

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        save(example(), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


def test_only_sound_graphs_are_saved(tmp_path):
    bad = replace(example(), x={**example().x, "region": torch.full((2, 3), float("nan"))})
    with pytest.raises(InputError, match=r"a.json: cannot save: sample 'dog': x\['region'\]\[0\]"):
        save(bad, tmp_path / "a.json")
    with pytest.raises(InputError, match="meta device"):
        save(example().to("meta"), tmp_path / "a.safetensors")
    assert os.listdir(tmp_path) == []


def test_places_that_cannot_be_written_are_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for suffix in SUFFIXES:
        with pytest.raises(InputError, match=r"file/a.*cannot save"):
            save(example(), tmp_path / "file" / f"a{suffix}")
        save(example(), tmp_path / "new" / "folder" / f"a{suffix}")
    with pytest.raises(InputError, match=r"suffix is '.pt', expected .json or .safetensors"):
        save(example(), tmp_path / "a.pt")
    with pytest.raises(InputError, match="suffix is ''"):
        load(tmp_path / "a")


# ---------------------------------------------------------------------- files that are wrong


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none.json: there is no such file"):
        load(tmp_path / "none.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(InputError, match="no regular file"):
        load(tmp_path / "folder.json")
    save(example(), tmp_path / "a.json")
    with pytest.raises(InputError, match=r"a.json: the file has \d+ bytes, more than max_bytes=100"):
        load(tmp_path / "a.json", max_bytes=100)


@pytest.fixture(scope="module")
def document(folder):
    save(example(), folder / "document.json")
    return json.loads((folder / "document.json").read_text())


def put(*path):
    """A change that puts the last argument where the others point."""

    def change(document):
        *places, last, value = path
        for place in places:
            document = document[place]
        document[last] = value

    return change


def drop(*path):
    def change(document):
        *places, last = path
        for place in places:
            document = document[place]
        del document[last]

    return change


REGION_X = ("nodes", "region", "x")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("format", "other"), "format is 'other', expected 'mmgraph.graph'"),
        (drop("format"), "format is None"),
        (put("version", 2), "version is 2, but this mmgraph reads version 1"),
        (put("version", True), "version is True"),
        (drop("schema"), "the document lacks 'schema'"),
        (put("more", 1), "the document has 'more', which is not known"),
        (put("schema", []), "schema is a list of 0, expected an object"),
        (put("schema", "nodes", "region", "dim", "3"), r"schema.nodes\['region'\].dim is '3', expected an"),
        (put("schema", "nodes", "region", "dim", -3), "dim is -3, expected a count"),
        (put("schema", "nodes", "region", "dim", 0), "give either a positive dim"),
        (put("schema", "nodes", "region", "pos", "metres"), "pos is 'metres', expected one of"),
        (put("schema", "nodes", "region", "pos", []), "pos is a list of 0"),
        (put("schema", "nodes", "token", "num_ids", 2.0), "num_ids is 2.0, expected an integer"),
        (put("schema", "edges", 0, "type", ["region", "near"]), "expected .source type, relation, target"),
        (put("schema", "edges", 0, "type", ["region", "near", "word"]), "joins node type 'word'"),
        (put("schema", "edges", 0, "complete", 1), "complete is 1, expected true or false"),
        (put("schema", "edges", 0, "inverse", [1, 2, 0]), "inverse of an inverse"),
        (put("schema", "edges", 1, "type", ["region", "near", "region"]), "stands twice"),
        (put("samples", {}), "samples is an object of 0, expected a list"),
        (put("samples", 0, "seconds", "long"), r"samples\[0\].seconds is 'long'"),
        (put("samples", 0, "seconds", 10**400), r"samples\[0\].seconds is a huge integer"),
        (put("samples", 0, "image_size", [3]), r"samples\[0\].image_size has 1 numbers"),
        (put("samples", 0, "image_size", [0, 3]), "image_size is"),
        (put("samples", 0, "files", {"image": 3}), r"samples\[0\].files is 3, expected a string"),
        (drop("samples", 0, "id"), r"samples\[0\] lacks 'id'"),
        (drop("samples", 1), "sizes has 2 counts, 2 in all, but there are 1 samples"),
        (drop("nodes", "region"), "nodes lacks 'region'"),
        (drop("nodes", "region", "x"), r"nodes\['region'\] lacks 'x'"),
        (drop("nodes", "region", "pos"), "pos lacks"),
        (put("nodes", "word", {}), "nodes has 'word'"),
        (put("nodes", "region", "sizes", [2]), "sizes has 1 counts"),
        (put("nodes", "region", "sizes", [1, 2]), "3 in all"),
        (put("nodes", "region", "sizes", [-1, 3]), "sizes has -1"),
        (put("nodes", "region", "sizes", [10**30, 0]), "a huge integer in all"),
        (put("nodes", "token", "label", ["a"]), r"label\['token'\] has 1 strings for 4 nodes"),
        (put("nodes", "token", "label", [1, 2, 3, 4]), r"nodes\['token'\].label is 1"),
        (put(*REGION_X, "dtype", "float8"), "x/region.dtype is 'float8', expected one of float32"),
        (put(*REGION_X, "dtype", []), "x/region.dtype is a list of 0, expected a string"),
        (put(*REGION_X, "dtype", "int64"), "0.1 among the values of int64"),
        (put(*REGION_X, "shape", [2, 4]), r"x/region has the shape \[2, 4\], but on axis 1"),
        (put(*REGION_X, "shape", [10**12, 3]), "on axis 0 there is a list of 2"),
        (put(*REGION_X, "shape", [2, -3]), "x/region.shape has -3"),
        (put(*REGION_X, "shape", 6), "x/region.shape is 6"),
        (put(*REGION_X, "shape", [1] * 100), "100 axes"),
        (put(*REGION_X, "values", [[1, 2, 3]]), "on axis 0"),
        (put(*REGION_X, "values", 0, 1, "a"), "x/region has 'a' among the values of float32"),
        (put(*REGION_X, "values", 0, 1, "NaN"), r"sample 'dog': x\['region'\]\[0\].*not finite"),
        (put(*REGION_X, "values", 0, 1, 1e300), "does not fit float32"),
        (put(*REGION_X, "values", 0, 1, 10**400), "x/region: .*too large"),
        (put(*REGION_X, "values", 0, 1, True), "True among"),
        (put(*REGION_X, "values", 0, 1, None), "None among"),
        (drop(*REGION_X, "shape"), "x/region lacks 'shape'"),
        (put("nodes", "region", "x", 3), "x/region is 3, expected an object"),
        (put("nodes", "token", "x", "values", 0, 2**63), "x/token: "),
        (put("nodes", "token", "x", "values", 0, 10), "an id outside 0..9"),
        (put("edges", 0, "edge_index", "all"), "edge_index/region/near/region is 'all', expected an object"),
        (put("edges", 1, "edge_index", "complete"), "is COMPLETE, but the schema says"),
        (put("edges", 1, "edge_index", "values", 0, 0, 9), "out of range"),
        (put("edges", 1, "type", ["region", "near", "region"]), "stands twice"),
        (put("edges", 1, "type", ["a", "b", "c"]), "edge_index lacks"),
        (drop("edges", 1), "edge_index lacks"),
        (put("edges", 3, "edge_origin", "values", 0, 300), "an integer that does not fit int8"),
        (put("edges", 3, "edge_score", None), "edge_score/segment/coincides/token is None"),
        (put("target", []), "target is a list"),
        (put("target", "answer", "values", [1, 2, 3]), "on axis 0"),
    ],
)  # fmt: skip
def test_a_wrong_document_is_named_with_its_place(tmp_path, document, change, message):
    document = copy.deepcopy(document)
    change(document)
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=f"wrong.json: .*{message}"):
        load(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "this is no JSON"),
        (b"{", "this is no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"\xff\xfe", "this is no JSON"),
        (b"[NaN]", "NaN is no JSON number"),
        (b'{"format": Infinity}', "Infinity is no JSON number"),
        (b'{"a": 1, "a": 2}', "the key 'a' stands twice"),
        (b"[" + b"1" * 10_000 + b"]", "this is no JSON"),
        (b"[]", "the document is a list of 0"),
        (b"3", "the document is 3"),
    ],
)
def test_a_text_that_is_no_document_is_named(tmp_path, text, message):
    (tmp_path / "text.json").write_bytes(text)
    with pytest.raises(InputError, match=f"text.json: .*{message}"):
        load(tmp_path / "text.json")


def test_a_number_that_overflows_is_no_number(tmp_path, document):
    text = json.dumps(document).replace("0.30000001192092896", "1e999").replace("0.3]", "1e999]")
    assert "1e999" in text
    (tmp_path / "big.json").write_text(text)
    with pytest.raises(InputError, match="does not fit float32"):
        load(tmp_path / "big.json")


@pytest.mark.parametrize("shape", [[0, 10**18], [0, 10**30], [0] + [2**40] * 5, [0] * 16])
def test_huge_shapes_of_nothing_take_no_memory(tmp_path, document, shape):
    document = copy.deepcopy(document)
    document["target"]["answer"] = {"dtype": "float64", "shape": shape, "values": []}
    (tmp_path / "huge.json").write_text(json.dumps(document))
    tracemalloc.start()
    with pytest.raises(InputError, match="target"):
        load(tmp_path / "huge.json")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22


# ---------------------------------------------------------------------- safetensors


def parts_of(path):
    """The header and the data of a safetensors file."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def write_parts(path, header, data, length=None):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("__metadata__"), "metadata has no 'mmgraph'"),
        (put("__metadata__", {}), "metadata has no 'mmgraph'"),
        (put("__metadata__", {"mmgraph": "{"}), "no JSON"),
        (put("__metadata__", {"mmgraph": "[" * 9999}), "nested too deeply"),
        (put("__metadata__", {"mmgraph": "{}"}), "format is None"),
        (put("x/region", "shape", [3, 3]), "no sound safetensors file"),
        (put("x/region", "dtype", "F64"), "no sound safetensors file"),
        (put("x/region", "dtype", "X"), "no sound safetensors file"),
        (put("x/region", "dtype", "U32"), "of the dtype U32"),
        (put("x/region", "dtype", "I32"), r"x\['region'\] is torch.int32"),
        (put("x/region", "shape", [2**40, 2**40]), "no sound safetensors file"),
        (put("x/region", "data_offsets", [0, 2**60]), "no sound safetensors file"),
        (put("x/region", 3), "no sound safetensors file"),
    ],
)
def test_a_wrong_safetensors_file_is_named(tmp_path, change, message):
    path = tmp_path / "wrong.safetensors"
    save(example(), path)
    header, data = parts_of(path)
    change(header)
    write_parts(path, header, data)
    with pytest.raises(InputError, match=f"wrong.safetensors: .*{message}"):
        load(path)


def test_tensors_that_lack_or_that_nothing_names_are_named(tmp_path):
    path = tmp_path / "a.safetensors"
    save(example(), path)
    header, data = parts_of(path)
    text = header["__metadata__"]["mmgraph"]
    header["__metadata__"]["mmgraph"] = text.replace('"x/region"', '"x/none"')
    write_parts(path, header, data)
    with pytest.raises(InputError, match="x/region is 'x/none', but the file has no such tensor"):
        load(path)
    header["__metadata__"]["mmgraph"] = text.replace('"x": "x/segment"', '"x": "pos/segment"')
    write_parts(path, header, data)
    with pytest.raises(InputError, match=r"no part of the graph names: \['x/segment'\]"):
        load(path)


@pytest.mark.parametrize("length", [0, 3, 2**31, 2**63, 2**64 - 1])
def test_a_wrong_length_of_the_header_is_named(tmp_path, length):
    path = tmp_path / "length.safetensors"
    save(example(), path)
    write_parts(path, *parts_of(path), length=length)
    with pytest.raises(InputError, match="no sound safetensors file"):
        load(path)


def test_every_truncation_is_named(tmp_path):
    path = tmp_path / "cut.safetensors"
    save(example(), path)
    data = path.read_bytes()
    for length in range(0, len(data), 37):
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match=r"cut.safetensors: this is no sound safetensors file"):
            load(path)


def test_pickled_files_are_never_opened(tmp_path):
    for suffix in SUFFIXES:
        torch.save({"a": torch.zeros(2)}, tmp_path / f"a{suffix}")
        with pytest.raises(InputError):
            load(tmp_path / f"a{suffix}")


def test_a_loaded_graph_does_not_follow_its_file(tmp_path):
    path = tmp_path / "a.safetensors"
    save(example(), path)
    graph = load(path)
    with path.open("r+b") as file:
        file.write(b"\0" * path.stat().st_size)
    same(graph, example())


# ---------------------------------------------------------------------- thousands of wrong files


JSON_PIECES = [
    *(b"null", b"true", b"-1", b"1e999", b"NaN", b"0.5", b"1" * 30, b'"a"', b"[]", b"{}", b"[[]]"),
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\x00", b"\xff", b"9999999999", b"complete"),
]


def mutated_text(data, dice):
    for _ in range(dice.randint(1, 3)):
        start = dice.randrange(len(data))
        end = start + dice.choice([0, 1, 1, 2, 5, 50])
        data = data[:start] + dice.choice(JSON_PIECES) + data[end:]
    return data


VALUES = [None, True, -1, 0, 1, 2**63, 10**400, 0.5, "", "a", "complete", "NaN", [], {}, [[]], [1], {"a": 1}]


def places(value, path=()):
    """Every place in a document."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def mutated_document(data, dice):
    document = json.loads(data)
    for _ in range(dice.randint(1, 2)):
        chosen = dice.choice(list(places(document)))
        change = drop(*chosen) if dice.random() < 0.2 else put(*chosen, copy.deepcopy(dice.choice(VALUES)))
        change(document)
    return json.dumps(document).encode()


def mutated_bytes(data, dice):
    data = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(data)) if dice.random() < 0.8 else dice.randrange(8)
        if dice.random() < 0.7:
            data[place] = dice.randrange(256)
        else:
            data[place : place + dice.randrange(9)] = dice.randbytes(dice.randrange(9))
    return bytes(data)


@pytest.mark.parametrize(
    ("suffix", "mutate"),
    [(".json", mutated_text), (".json", mutated_document), (".safetensors", mutated_bytes)],
)
@GRAPHS
@given(seed=st.integers(0, 2**32), graph=graphs(largest=2))
def test_a_mutated_file_gives_a_sound_graph_or_an_input_error(folder, suffix, mutate, seed, graph):
    path, dice = folder / f"mutated{suffix}", random.Random(seed)
    save(graph, path)
    data = path.read_bytes()
    for _ in range(MUTATIONS):
        path.write_bytes(mutate(data, dice))
        with contextlib.suppress(InputError):
            validate(load(path))


def test_default_limits_are_a_gibibyte_and_a_quarter():
    assert files.MAX_BYTES == {".json": 2**28, ".safetensors": 2**30}


def test_a_complete_relation_needs_no_room(tmp_path):
    schema = Schema({"a": NodeSpec(1)}, {("a", "near", "a"): EdgeSpec(complete=True)})
    save(HeteroGraph.create(schema, x={"a": torch.zeros(1000, 1)}), tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_size < 6000
    assert load(tmp_path / "a.safetensors").edge_index["a", "near", "a"] is COMPLETE
    save(example(), tmp_path / "b.safetensors")
    assert load(tmp_path / "b.safetensors").edge_index[NEAR] is COMPLETE
