"""Random schemas and random graphs over them, for hypothesis; every graph drawn passes `validate`.

Names are chosen to collide: a relation may be called like a node type, an extra tensor like a field.
"""

import functools
import random as python_random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from mmgraph.graph import (
    COMPLETE,
    EdgeSpec,
    EdgeType,
    HeteroGraph,
    NodeSpec,
    NodeType,
    Sample,
    Schema,
    collate,
)

NODE_TYPES = ("region", "token", "segment", "user", "x", "batch index", "a/b", "größe 😀")
RELATIONS = ("near", "next", "informs", "region", "edge_index", "b/c", "über")
EXTRA_NAMES = (
    "mask",
    "pos",
    "x",
    "label",
    "user_batch",
    "link_index",
    "ptr",
    "num_nodes",
    "edge_attr",
    "😀/%",
)
TARGET_NAMES = ("answer", "y", "region", "scores_dict", "batch_size", "x", "a/b")
FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
DTYPES = (*FLOATS, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)

Form = tuple[torch.dtype, tuple[int, ...]]
"""The dtype of a tensor, and its shape after the first axis."""


@dataclass(frozen=True)
class Plan:
    """What all samples of one batch have in common."""

    schema: Schema
    labelled: tuple[NodeType, ...]
    extras: Mapping[NodeType | EdgeType, Mapping[str, Form]]
    targets: Mapping[str, Form]
    float_dtype: torch.dtype


def composite(draw_value: Callable[..., Any]) -> Callable[..., st.SearchStrategy[Any]]:
    """`st.composite`, but Python's random state stays: beartype draws from it, which hypothesis forbids."""

    @functools.wraps(draw_value)
    def keep_random(draw: st.DrawFn, *args: Any, **kwargs: Any) -> Any:
        state = python_random.getstate()
        try:
            return draw_value(draw, *args, **kwargs)
        finally:
            python_random.setstate(state)

    return st.composite(keep_random)


def names(pool: tuple[str, ...], smallest: int, largest: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(pool), min_size=smallest, max_size=largest, unique=True)


def node_specs() -> st.SearchStrategy[NodeSpec]:
    pos = st.sampled_from([None, "box", "characters", "seconds"])
    features = st.builds(NodeSpec, dim=st.integers(1, 4), pos=pos)
    return features | st.builds(NodeSpec, dim=st.just(0), num_ids=st.integers(1, 9), pos=pos)


@composite
def edge_specs(draw: st.DrawFn) -> EdgeSpec:
    complete, kind = draw(st.booleans()), draw(st.sampled_from(["none", "attr", "classes", "inverse"]))
    return EdgeSpec(
        complete=complete,
        attr_dim=draw(st.integers(1, 3)) if kind == "attr" else 0,
        classes={"classes": ("on", "over"), "inverse": ("left", "same", "right")}.get(kind, ()),
        inverse=(2, 1, 0) if kind == "inverse" else (),
        symmetric=draw(st.booleans()),
        scored=draw(st.booleans()),
        origins=tuple(draw(names(("RegionBuilder", "A", "B"), 0, 1 if complete else 3))),
    )


@composite
def schemas(draw: st.DrawFn) -> Schema:
    nodes = {name: draw(node_specs()) for name in draw(names(NODE_TYPES, 1, 4))}
    ends = st.sampled_from(list(nodes))
    types = st.lists(st.tuples(ends, st.sampled_from(RELATIONS), ends), max_size=5, unique=True)
    return Schema(nodes, {key: draw(edge_specs()) for key in draw(types)})


def forms() -> st.SearchStrategy[Form]:
    return st.tuples(st.sampled_from(DTYPES), st.sampled_from([(), (1,), (3,), (2, 2), (0,)]))


@composite
def plans(draw: st.DrawFn) -> Plan:
    schema = draw(schemas())
    keys = [key for key in [*schema.nodes, *schema.edges] if draw(st.integers(0, 3)) == 0]
    return Plan(
        schema=schema,
        labelled=tuple(key for key in schema.nodes if draw(st.booleans())),
        extras={key: {name: draw(forms()) for name in draw(names(EXTRA_NAMES, 0, 3))} for key in keys},
        targets={name: draw(forms()) for name in draw(names(TARGET_NAMES, 0, 2))},
        float_dtype=draw(st.sampled_from(FLOATS)),
    )


def samples() -> st.SearchStrategy[Sample]:
    text = st.text(max_size=8) | st.sampled_from(["", "ein Hund 🐕\nläuft", "日本語"])
    return st.builds(
        Sample,
        id=text,
        text=st.none() | text,
        image_size=st.none() | st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
        seconds=st.none() | st.floats(0, 100, allow_subnormal=False),
        files=st.dictionaries(st.sampled_from(["image", "text", "audio"]), text, max_size=2),
    )


@composite
def single_graphs(draw: st.DrawFn, plan: Plan) -> HeteroGraph:
    """One sample; each node type is missing in about a third of the samples."""
    schema, record = plan.schema, draw(samples())
    random = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    sizes = {key: draw(st.sampled_from([0, 0, 1, 2, 3, 4])) for key in schema.nodes}
    edge_index: dict[EdgeType, Any] = {}
    for key, spec in schema.edges.items():
        ends = sizes[key[0]], sizes[key[2]]
        count = draw(st.integers(0, 6)) if min(ends) else 0
        edge_index[key] = COMPLETE if spec.complete else edges(random, *ends, count)
    counts = sizes | {
        key: index.shape[1] if isinstance(index, Tensor) else sizes[key[0]] * sizes[key[2]]
        for key, index in edge_index.items()
    }
    dtype, edge_items = plan.float_dtype, schema.edges.items()
    return HeteroGraph(
        schema=schema,
        samples=(record,),
        sizes={key: (size,) for key, size in sizes.items()},
        x={
            key: values(random, (sizes[key], spec.dim), dtype) if spec.dim else ids(random, sizes[key], spec)
            for key, spec in schema.nodes.items()
        },
        batch={key: torch.zeros(size, dtype=torch.long) for key, size in sizes.items()},
        edge_index=edge_index,
        pos={
            key: positions(random, sizes[key], spec.pos, record, dtype)
            for key, spec in schema.nodes.items()
            if spec.pos is not None
        },
        edge_attr={
            key: torch.randint(len(spec.classes), (counts[key],), generator=random)
            if spec.classes
            else values(random, (counts[key], spec.attr_dim), dtype)
            for key, spec in edge_items
            if spec.has_attr
        },
        edge_score={key: values(random, (counts[key],), dtype) for key, spec in edge_items if spec.scored},
        edge_origin={
            key: torch.randint(len(spec.origins), (counts[key],), generator=random).to(torch.int8)
            for key, spec in edge_items
            if len(spec.origins) > 1
        },
        label={
            key: tuple(draw(st.lists(labels(), min_size=sizes[key], max_size=sizes[key])))
            for key in plan.labelled
        },
        extra={
            key: {name: values(random, (counts[key], *tail), kind) for name, (kind, tail) in forms.items()}
            for key, forms in plan.extras.items()
        },
        target={name: values(random, (1, *tail), kind) for name, (kind, tail) in plan.targets.items()},
    )


def labels() -> st.SearchStrategy[str]:
    return st.sampled_from(["", "dog", "Hund 🐕", "0.5 s", 'a"b\\'])


@composite
def graph_lists(draw: st.DrawFn, smallest: int = 1, largest: int = 4) -> list[HeteroGraph]:
    """Samples of one schema, one graph each."""
    plan = draw(plans())
    return draw(st.lists(single_graphs(plan), min_size=smallest, max_size=largest))


@composite
def graphs(draw: st.DrawFn, largest: int = 4) -> HeteroGraph:
    """One sample, or a batch of them."""
    return collate(draw(graph_lists(largest=largest)))


def values(random: torch.Generator, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Finite values of any dtype, a negative zero among the floats now and then."""
    if dtype == torch.bool:
        return torch.rand(shape, generator=random) < 0.5
    if not dtype.is_floating_point:
        return torch.randint(0, 100, shape, generator=random).to(dtype)
    wide = torch.randn(shape, generator=random, dtype=torch.float64)
    return torch.where(wide.abs() < 0.1, -0.0, wide).to(dtype)


def ids(random: torch.Generator, count: int, spec: NodeSpec) -> Tensor:
    return torch.randint(spec.num_ids, (count,), generator=random)


def edges(random: torch.Generator, num_source: int, num_target: int, count: int) -> Tensor:
    rows = [torch.randint(max(n, 1), (count,), generator=random) for n in (num_source, num_target)]
    return torch.stack(rows)


def positions(random: torch.Generator, count: int, kind: str, sample: Sample, dtype: torch.dtype) -> Tensor:
    if kind == "box":
        return torch.rand(count, 2, 2, generator=random).sort(1).values.reshape(count, 4).to(dtype)
    if kind == "characters":
        end = 20 if sample.text is None else len(sample.text)
        return torch.randint(end + 1, (count, 2), generator=random).sort(1).values
    end_s = 5.0 if sample.seconds is None else sample.seconds
    return (torch.rand(count, 2, generator=random).sort(1).values * end_s).to(dtype)


NEAR, NEXT = ("region", "near", "region"), ("token", "next", "token")
INFORMS, COINCIDES = ("token", "informs", "region"), ("segment", "coincides", "token")


def example() -> HeteroGraph:
    """Two samples by hand: "dog" has a picture, a text and a sound; "cat" has no regions and no sound."""
    schema = Schema(
        {
            "region": NodeSpec(3, pos="box"),
            "token": NodeSpec(0, num_ids=10, pos="characters"),
            "segment": NodeSpec(2, pos="seconds"),
        },
        {
            NEAR: EdgeSpec(complete=True, classes=("left", "same", "right"), inverse=(2, 1, 0)),
            NEXT: EdgeSpec(origins=("TokenBuilder",)),
            INFORMS: EdgeSpec(complete=True, scored=True, origins=("CompleteLinker",)),
            COINCIDES: EdgeSpec(attr_dim=2, scored=True, origins=("TemporalLinker", "GivenLinker")),
        },
    )
    dog = Sample("dog", text="red dog", image_size=(64, 48), seconds=2.0, files={"image": "dog.jpg"})
    return HeteroGraph.create(
        schema,
        [dog, Sample("cat", text="a cat")],
        sizes={"region": [2, 0], "token": [2, 2], "segment": [1, 0]},
        x={
            "region": torch.tensor([[0.1, 0.2, 0.3], [1, 2, 3]]),
            "token": torch.tensor([7, 4, 1, 5]),
            "segment": torch.tensor([[0.5, -0.5]]),
        },
        pos={
            "region": torch.tensor([[0, 0, 0.5, 0.5], [0.5, 0, 1, 1]]),
            "token": torch.tensor([[0, 3], [4, 7], [0, 1], [2, 5]]),
            "segment": torch.tensor([[0.5, 2.0]]),
        },
        edge_index={
            NEXT: torch.tensor([[0, 2, 3], [1, 3, 2]]),
            COINCIDES: torch.tensor([[0, 0], [0, 1]]),
        },
        edge_attr={NEAR: torch.tensor([1, 0, 2, 1]), COINCIDES: torch.tensor([[1.0, 2], [3, 4]])},
        edge_score={INFORMS: torch.tensor([0.1, 0.2, 0.3, 0.4]), COINCIDES: torch.tensor([0.5, 1])},
        edge_origin={COINCIDES: torch.tensor([0, 1], dtype=torch.int8)},
        label={"token": ["red", "dog", "a", "cat"]},
        extra={"region": {"score": torch.tensor([0.9, 0.8])}, NEXT: {"gap": torch.tensor([1, 1, 1])}},
        target={"answer": torch.tensor([3, 0])},
    )
