import contextlib
import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, EdgeSpec, HeteroGraph, NodeSpec, Sample, Schema, split, validate
from tests.strategies import COINCIDES, INFORMS, NEAR, NEXT, example, graphs

INF, NAN = float("inf"), float("nan")


def broken(graph, **fields):
    """The graph with other fields, whatever they are; the type checks of the tests stand aside."""
    changed = copy.copy(graph)
    for name, value in fields.items():
        object.__setattr__(changed, name, value)
    return changed


def with_value(graph, name, key, value):
    return broken(graph, **{name: {**getattr(graph, name), key: value}})


def without(graph, name, key):
    return broken(graph, **{name: {k: v for k, v in getattr(graph, name).items() if k != key}})


def edited(name, key, place, value):
    """The example, with one number of one tensor changed."""
    graph = example()
    tensor = getattr(graph, name)[key].clone()
    tensor[place] = value
    return with_value(graph, name, key, tensor)


def message(graph):
    with pytest.raises(InputError) as error:
        validate(graph)
    return str(error.value)


def test_a_sound_graph_comes_back_unchanged():
    graph = example()
    assert validate(graph) is graph


# ---------------------------------------------------------------------- one node or edge is wrong


@pytest.mark.parametrize(
    ("name", "key", "place", "value", "parts"),
    [
        ("x", "region", (1, 2), NAN, ["'dog'", "x['region'][1]", "not finite"]),
        ("x", "segment", (0, 0), INF, ["'dog'", "x['segment'][0]", "not finite"]),
        ("x", "token", 2, 10, ["'cat'", "x['token'][0] is 10", "outside 0..9"]),
        ("x", "token", 3, -1, ["'cat'", "x['token'][1] is -1", "outside 0..9"]),
        ("pos", "region", (1, 2), 1.3, ["'dog'", "pos['region'][1]", "outside the image", "divide pixels"]),
        ("pos", "region", (0, 0), -0.2, ["'dog'", "pos['region'][0]", "outside the image"]),
        ("pos", "region", (1, 0), NAN, ["'dog'", "pos['region'][1]", "box that is not finite"]),
        ("pos", "region", (1, 2), 0.2, ["'dog'", "pos['region'][1]", "x2 < x1"]),
        ("pos", "region", (0, 1), 0.7, ["'dog'", "pos['region'][0]", "y2 < y1"]),
        ("pos", "token", (1, 1), 8, ["'dog'", "pos['token'][1] is [4, 8]", "after the end (7 characters)"]),
        ("pos", "token", (3, 1), 6, ["'cat'", "pos['token'][1] is [2, 6]", "after the end (5 characters)"]),
        ("pos", "token", (2, 0), 2, ["'cat'", "pos['token'][0] is [2, 1]", "end < start"]),
        ("pos", "token", (2, 0), -1, ["'cat'", "pos['token'][0] is [-1, 1]", "start < 0"]),
        ("pos", "segment", (0, 1), 2.5, ["'dog'", "pos['segment'][0] is [0.5, 2.5]", "after the end (2 s)"]),
        ("pos", "segment", (0, 0), INF, ["'dog'", "pos['segment'][0]", "segment that is not finite"]),
        ("pos", "segment", (0, 0), 2.2, ["'dog'", "pos['segment'][0]", "end < start"]),
        ("edge_index", NEXT, (1, 0), 4, ["'dog'", "is [0, 4]", "target 4 is out of range, there are 4"]),
        ("edge_index", NEXT, (0, 2), -1, ["'cat'", "[:, 2] is [-1, 2]", "source -1 is out of range"]),
        ("edge_index", COINCIDES, (0, 1), 1, ["'dog'", "source 1 is out of range, there are 1 segment"]),
        ("edge_index", NEXT, (1, 0), 2, ["[:, 0] is [0, 2]", "joins sample 'dog' to sample 'cat'"]),
        ("edge_attr", NEAR, 2, 3, ["'dog'", f"edge_attr[{NEAR}][2] is 3", "no such class, of 3"]),
        ("edge_attr", NEAR, 1, -1, ["'dog'", f"edge_attr[{NEAR}][1] is -1", "no such class"]),
        ("edge_attr", COINCIDES, (1, 0), NAN, ["'dog'", f"edge_attr[{COINCIDES}][1]", "not finite"]),
        ("edge_score", COINCIDES, 1, INF, ["'dog'", f"edge_score[{COINCIDES}][1] is inf", "not finite"]),
        ("edge_score", INFORMS, 3, NAN, ["'dog'", f"edge_score[{INFORMS}][3] is nan", "not finite"]),
        ("edge_origin", COINCIDES, 1, 2, ["'dog'", f"edge_origin[{COINCIDES}][1] is 2", "GivenLinker"]),
        ("edge_origin", COINCIDES, 0, -1, ["'dog'", f"edge_origin[{COINCIDES}][0] is -1", "no such origin"]),
        ("batch", "token", 1, 1, ["batch['token']", "sizes['token'] = (2, 2)"]),
    ],
)  # fmt: skip
def test_the_message_names_sample_type_and_index(name, key, place, value, parts):
    text = message(edited(name, key, place, value))
    assert all(part in text for part in parts), text


def test_a_fault_of_a_complete_relation_names_the_sample_of_its_pair():
    schema = Schema({"a": NodeSpec(1)}, {("a", "r", "a"): EdgeSpec(complete=True, scored=True)})
    score = torch.zeros(1 + 4)
    score[1] = NAN
    graph = HeteroGraph.create(
        schema,
        [Sample("one"), Sample("none"), Sample("two")],
        sizes={"a": [1, 0, 2]},
        x={"a": torch.zeros(3, 1)},
        edge_score={("a", "r", "a"): score},
    )
    assert message(graph).startswith("sample 'two': edge_score[('a', 'r', 'a')][1]")


def test_other_faults_are_counted():
    graph = edited("x", "region", (slice(None), 0), NAN)
    assert "2 region nodes are so" in message(graph)
    graph = with_value(graph, "pos", "segment", torch.tensor([[3.0, 1.0]]))
    assert "(and 1 more faults in this graph)" in message(graph)
    assert "2 edges are so" in message(edited("edge_score", COINCIDES, slice(None), NAN))


# ---------------------------------------------------------------------- a whole tensor is wrong


@pytest.mark.parametrize(
    ("name", "key", "value", "parts"),
    [
        ("x", "region", torch.zeros(2, 4), ["x['region'] has shape [2, 4], expected [2, 3]"]),
        ("x", "region", torch.zeros(3, 3), ["x['region'] has shape [3, 3], expected [2, 3]"]),
        ("x", "region", torch.zeros(2), ["x['region'] has shape [2]"]),
        ("x", "region", torch.zeros(2, 3).long(), ["x['region'] is torch.int64", "width 3"]),
        ("x", "region", torch.zeros(2, 3).to(torch.float8_e5m2), ["float8"]),
        ("x", "region", torch.zeros(2, 3).to_sparse(), ["x['region']", "sparse", "expected a dense one"]),
        ("x", "region", None, ["x['region'] is NoneType, expected a tensor"]),
        ("x", "token", torch.zeros(4), ["x['token'] is torch.float32, expected int64 ids"]),
        ("pos", "region", torch.zeros(2, 2), ["pos['region'] has shape [2, 2], expected [2, 4] (box)"]),
        ("pos", "token", torch.zeros(4, 2), ["pos['token'] is torch.float32, expected int64 (characters)"]),
        ("pos", "segment", torch.zeros(1, 2).int(), ["pos['segment'] is torch.int32, expected floating"]),
        ("edge_index", NEXT, torch.zeros(3, 2).long(), ["expected int64 [2, edges]"]),
        ("edge_index", NEXT, torch.zeros(2, 1), ["torch.float32 [2, 1], expected int64"]),
        ("edge_index", NEXT, COMPLETE, ["is COMPLETE, but the schema says EdgeSpec(complete=False"]),
        ("edge_index", NEAR, torch.zeros(2, 1).long(), ["a tensor, but the schema says"]),
        ("edge_attr", NEAR, torch.zeros(3).long(), ["edge_attr", "shape [3], expected [4] for 4 edges"]),
        ("edge_attr", NEAR, torch.zeros(4), ["edge_attr", "is torch.float32, expected integer classes"]),
        ("edge_attr", COINCIDES, torch.zeros(2, 3), ["shape [2, 3], expected [2, 2]"]),
        ("edge_attr", COINCIDES, torch.zeros(2, 2).int(), ["is torch.int32, expected floats"]),
        ("edge_score", INFORMS, torch.zeros(4, 1), ["edge_score", "shape [4, 1], expected [4]"]),
        ("edge_score", INFORMS, torch.zeros(4).long(), ["edge_score", "is torch.int64, expected floats"]),
        ("edge_origin", COINCIDES, torch.zeros(2), ["edge_origin", "is torch.float32, expected integers"]),
        ("edge_origin", COINCIDES, torch.zeros(1).long(), ["edge_origin", "shape [1], expected [2]"]),
        ("label", "token", ("a",), ["label['token'] has 1 strings for 4 nodes"]),
        ("label", "token", ("a", 1, "b", "c"), ["label['token']", "expected strings"]),
        ("label", "word", (), ["label has ['word']"]),
        ("extra", "region", {"n": torch.zeros(3)}, ["extra['region']['n'] has shape [3], expected 2 rows"]),
        ("extra", NEXT, {"n": torch.zeros(())}, [f"extra[{NEXT}]['n'] has shape [], expected 3 rows"]),
        ("extra", "word", {}, ["extra has ['word']"]),
        ("extra", "region", {"n": [1, 2]}, ["extra['region']['n'] is list, expected a tensor"]),
        ("target", "answer", torch.zeros(3), ["target['answer'] has shape [3]", "2 samples"]),
        ("target", "answer", torch.zeros(()), ["target['answer'] has shape []"]),
        ("batch", "token", torch.zeros(4), ["batch['token'] is torch.float32 [4], expected int64 [4]"]),
        ("batch", "token", torch.zeros(3).long(), ["batch['token'] is torch.int64 [3], expected int64 [4]"]),
        ("sizes", "token", (2, 2, 0), ["sizes['token'] is (2, 2, 0)", "each of the 2 samples"]),
        ("sizes", "token", (5, -1), ["sizes['token'] is (5, -1)", "count >= 0"]),
        ("sizes", "token", (2, 10**15), ["batch['token']", "expected int64 [1000000000000002]"]),
        ("x", "word", torch.zeros(1, 1), ["x has ['word'], which the schema does not"]),
    ],
)  # fmt: skip
def test_the_message_says_what_came_and_what_was_expected(name, key, value, parts):
    text = message(with_value(example(), name, key, value))
    assert all(part in text for part in parts), text


def test_a_tensor_of_one_sample_is_named_by_its_sample():
    dog, _ = split(example())
    for name, key, value in (
        ("x", "region", torch.zeros(2, 4)),
        ("pos", "token", torch.zeros(2, 2)),
        ("edge_index", NEXT, torch.zeros(2, 1)),
        ("edge_score", INFORMS, torch.zeros(1)),
        ("label", "token", ()),
        ("extra", "region", {"n": torch.zeros(1)}),
    ):
        text = message(with_value(dog, name, key, value))
        assert text.startswith("sample 'dog': "), text


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("x", "region"),
        ("batch", "token"),
        ("sizes", "segment"),
        ("pos", "region"),
        ("edge_index", NEXT),
        ("edge_attr", NEAR),
        ("edge_score", INFORMS),
        ("edge_origin", COINCIDES),
    ],
)
def test_a_key_that_lacks_is_named(name, key):
    text = message(without(example(), name, key))
    assert f"{name} lacks [" in text
    assert str(key) in text
    assert "zero rows" in text


def test_a_key_that_the_schema_does_not_give_is_named():
    assert "edge_score has" in message(with_value(example(), "edge_score", NEXT, torch.zeros(3)))
    assert "pos has ['x']" in message(with_value(example(), "pos", "x", torch.zeros(3)))


def test_another_device_is_named():
    assert "x['region'] is on the meta device" in message(
        with_value(example(), "x", "region", torch.zeros(2, 3, device="meta"))
    )
    assert "on the meta device" in message(example().to("meta"))


def test_the_record_of_a_sample_is_checked():
    samples = (Sample("dog", seconds=NAN), Sample("cat"))
    assert "sample 'dog': seconds is nan" in message(broken(example(), samples=samples))
    samples = (Sample("dog"), Sample("cat", image_size=(0, 3)))
    assert "sample 'cat': image_size is (0, 3)" in message(broken(example(), samples=samples))


def test_an_unknown_end_is_no_limit():
    validate(broken(example(), samples=(Sample("dog"), Sample("cat"))))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("seconds", [0.1, 12.3, 7200.1])
def test_rounding_of_long_sounds_is_no_fault(dtype, seconds):
    schema = Schema({"segment": NodeSpec(1, pos="seconds")})

    def graph(end):
        return HeteroGraph.create(
            schema,
            [Sample("long", seconds=seconds)],
            x={"segment": torch.zeros(1, 1, dtype=dtype)},
            pos={"segment": torch.tensor([[0, end]], dtype=dtype)},
        )

    validate(graph(seconds))
    assert "after the end" in message(graph(seconds * 1.1))


def test_ids_up_to_the_largest_integer_are_compared_safely():
    schema = Schema({"user": NodeSpec(0, num_ids=2**70)})
    validate(HeteroGraph.create(schema, x={"user": torch.tensor([2**63 - 1])}))


def test_small_integers_can_hold_classes_of_a_long_list():
    schema = Schema({"a": NodeSpec(1)}, {("a", "r", "a"): EdgeSpec(classes=tuple(map(str, range(300))))})
    graph = HeteroGraph.create(
        schema,
        x={"a": torch.zeros(1, 1)},
        edge_index={("a", "r", "a"): torch.tensor([[0], [0]])},
        edge_attr={("a", "r", "a"): torch.tensor([100], dtype=torch.int8)},
    )
    validate(graph)


# ---------------------------------------------------------------------- whatever comes

WRONG = [
    None,
    "text",
    3,
    torch.zeros(()),
    torch.zeros(0),
    torch.zeros(2),
    torch.zeros(2, 2),
    torch.full((2, 2), NAN),
    torch.full((3,), 2**62),
    torch.full((2, 3), -1),
    torch.zeros(2, 3, 1),
    torch.zeros(2, 3, dtype=torch.complex64),
    torch.zeros(2, dtype=torch.bool),
    torch.zeros(2, 2, dtype=torch.uint8),
    torch.zeros(2, 2).to(torch.float8_e4m3fn),
    torch.zeros(3, 2, device="meta"),
    torch.zeros(2, 2).to_sparse(),
    torch.zeros(2, 0),
    torch.zeros(0, 2, dtype=torch.long),
    torch.zeros(2, 2, requires_grad=True),
    COMPLETE,
]
TENSORS = ("x", "batch", "edge_index", "pos", "edge_attr", "edge_score", "edge_origin", "target")
SIZES = [(), (1,), (0, 0), (3, -3), (2**62, 2**62), (1.5, 0), (True, False)]


@st.composite
def damaged(draw):
    """A sound graph with a few values replaced by wrong ones, put under wrong keys, or taken away."""
    graph = draw(graphs(largest=2))
    for _ in range(draw(st.integers(1, 2))):
        name = draw(st.sampled_from([*TENSORS, "extra", "sizes", "label"]))
        keys = [*getattr(graph, name), *graph.schema.nodes, *graph.schema.edges]
        key = draw(st.sampled_from(keys))
        if draw(st.integers(0, 5)) == 0:
            graph = without(graph, name, key)
            continue
        value = draw(st.sampled_from(WRONG))
        if name == "sizes":
            value = draw(st.sampled_from(SIZES))
        elif name == "label":
            value = draw(st.sampled_from([(), ("a",), (1, 2)]))
        elif name == "extra":
            value = {"n": value}
        elif draw(st.booleans()) and isinstance(old := getattr(graph, name).get(key), torch.Tensor):
            value = draw(st.sampled_from(SMALL_DAMAGE))(old)
        graph = with_value(graph, name, key, value)
    return graph


SMALL_DAMAGE = [
    lambda tensor: tensor.double(),
    lambda tensor: tensor.long() - 1,
    lambda tensor: tensor.float() * NAN,
    lambda tensor: tensor[1:],
    lambda tensor: tensor[..., None],
    lambda tensor: tensor.long() + 1000,
    lambda tensor: tensor.bool(),
    lambda tensor: tensor.to(torch.complex64),
    lambda tensor: tensor.to(torch.int8),
    lambda tensor: tensor.flip(0),
    lambda tensor: torch.cat([tensor, tensor]),
]


@settings(max_examples=200, deadline=None)
@given(damaged())
def test_only_input_errors_come_out(graph):
    with contextlib.suppress(InputError):
        validate(graph)
