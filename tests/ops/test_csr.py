import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from mmgraph.errors import InputError
from mmgraph.ops import csr as module
from mmgraph.ops.csr import csr

SIZES = st.integers(0, 6)


@st.composite
def edges(draw):
    sources, targets = draw(SIZES), draw(SIZES)
    count = draw(st.integers(0, 12)) if sources and targets else 0
    ends = [[draw(st.integers(0, n - 1)) for _ in range(count)] for n in (sources, targets)]
    return torch.tensor(ends, dtype=torch.long).view(2, count), sources, targets


@settings(max_examples=60, deadline=None)
@given(edges())
def test_the_entries_are_the_edges_sorted_by_target_and_in_their_order(example):
    edge_index, sources, targets = example
    found = csr(edge_index, sources, targets)
    pairs = edge_index.T.tolist()
    expected = sorted(range(len(pairs)), key=lambda i: pairs[i][1])
    assert found.order.tolist() == expected
    assert torch.equal(torch.stack([found.source, found.target]), edge_index[:, expected].int())
    assert (found.num_sources, found.num_targets, found.num_edges) == (sources, targets, len(pairs))
    for target in range(targets):
        entries = range(int(found.rowptr[target]), int(found.rowptr[target + 1]))
        assert [int(found.order[i]) for i in entries] == [i for i in expected if pairs[i][1] == target]


@settings(max_examples=60, deadline=None)
@given(edges())
def test_the_transposed_copy_holds_the_same_entries_sorted_by_source(example):
    found = csr(*example)
    source = found.source[found.back]
    assert torch.equal(source, source.sort().values)
    assert torch.equal(found.back_target, found.target[found.back])
    assert sorted(found.back.tolist()) == list(range(found.num_edges))
    for s in range(found.num_sources):
        own = source[int(found.colptr[s]) : int(found.colptr[s + 1])]
        assert own.tolist() == [s] * int((source == s).sum())


def test_indices_are_int32_and_places_int64():
    found = csr(torch.tensor([[0, 1], [1, 0]]), 2, 2)
    for name in ("rowptr", "colptr", "source", "target", "back_target"):
        assert getattr(found, name).dtype == torch.int32, name
    assert found.order.dtype == found.back.dtype == torch.int64


def test_edges_of_an_int32_index_are_sorted_too():
    index = torch.tensor([[2, 0, 1], [1, 0, 1]])
    assert torch.equal(csr(index.int(), 3, 2).order, csr(index, 3, 2).order)


def test_more_than_int32_can_count_is_refused(monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 3)
    with pytest.raises(InputError, match="4 edges from 2 sources to 3 targets"):
        csr(torch.zeros(2, 4, dtype=torch.long), 2, 3)


def test_sorting_never_waits_for_the_device(accelerator):
    mode = FakeTensorMode()
    index = FakeTensor(mode, torch.zeros(2, 5, dtype=torch.long, device="meta"), accelerator)
    with mode:
        found = csr(index, 3, 4)
    assert found.rowptr.shape == (5,)
    assert {value.device.type for value in vars(found).values()} == {"sim"}
