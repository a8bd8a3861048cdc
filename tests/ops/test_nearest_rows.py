import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.nn.functional import normalize

from mmgraph.errors import InputError, MissingExtraError
from mmgraph.ops import nearest_rows as module
from mmgraph.ops.nearest_rows import nearest_rows
from mmgraph.ops.row_table import RowTable

METRICS = ["cosine", "dot", "euclidean"]


@pytest.fixture(autouse=True)
def passes(monkeypatch):
    """Small tables go through the passes over blocks as large ones do."""
    monkeypatch.setattr(module, "SMALL", 4)


def dense(x, metric, present=None):
    """All scores at once, in float64, rounded to float32."""
    x = x.double()
    if metric == "euclidean":
        score = -torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
    else:
        x = normalize(x, dim=1) if metric == "cosine" else x
        score = x @ x.T
    score = score.float().fill_diagonal_(float("-inf"))
    if present is not None:
        score[~present] = float("-inf")
        score[:, ~present] = float("-inf")
    return score


def expected(x, k, metric, present=None):
    order = dense(x, metric, present).sort(dim=1, descending=True, stable=True)
    index = order.indices[:, :k].masked_fill(order.values[:, :k] == float("-inf"), -1)
    return index, order.values[:, :k]


def clustered(rows=400, columns=70, dtype=torch.float32):
    return (torch.randn(9, columns)[torch.arange(rows) % 9] + torch.randn(rows, columns)).to(dtype)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("chunk", [2000, 20_000, 2**23])
def test_they_are_those_of_all_pairs_whatever_the_first_pass_and_the_blocks(metric, coarse, chunk):
    x = clustered()
    x[5], x[7] = x[9], 0
    index, score = expected(x, 6, metric)
    found = nearest_rows(x, 6, metric=metric, coarse=coarse, chunk=chunk)
    assert torch.equal(found.index, index)
    assert torch.allclose(found.score, score, atol=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_they_are_those_of_scikit_learn(metric):
    x = clustered()
    reference = NearestNeighbors(n_neighbors=8, metric=metric, algorithm="brute").fit(x.double().numpy())
    distance, index = reference.kneighbors()
    found = nearest_rows(x, 8, metric=metric)
    assert np.array_equal(found.index.numpy(), index)
    score = 1 - distance if metric == "cosine" else -distance
    assert np.allclose(found.score.numpy(), score, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_tables_of_any_precision_are_taken_at_their_word(dtype):
    x = clustered(dtype=dtype)
    index, _ = expected(x, 5, "cosine")
    assert torch.equal(nearest_rows(x, 5).index, index)


def test_an_array_mapped_from_a_file_is_read_as_it_is(tmp_path):
    x = clustered()
    np.save(tmp_path / "x.npy", x.numpy())
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert torch.equal(nearest_rows(mapped, 5).index, nearest_rows(x, 5).index)


@pytest.mark.parametrize("coarse", [False, True])
def test_of_equal_scores_the_lowest_numbers_come_first(coarse):
    x = clustered(60)
    x = x[torch.arange(300) % 3]  # a hundred copies of each of three rows
    found = nearest_rows(x, 4, coarse=coarse, chunk=2000)
    assert found.index[0].tolist() == [3, 6, 9, 12]
    assert found.index[299].tolist() == [2, 5, 8, 11]
    few = torch.randint(0, 2, (300, 8)).float()  # scores of a few values
    for metric in METRICS:
        assert torch.equal(
            nearest_rows(few, 9, metric=metric, coarse=coarse).index, expected(few, 9, metric)[0]
        )


@pytest.mark.parametrize("metric", METRICS)
def test_numbers_from_tiny_to_large_are_compared_exactly(metric):
    x = clustered() * torch.logspace(-6, 6, 400)[torch.randperm(400), None]
    x[::2] += 1000
    for coarse in (False, True):
        assert torch.equal(nearest_rows(x, 5, metric=metric, coarse=coarse).index, expected(x, 5, metric)[0])


@pytest.mark.parametrize("size", [4, 400])
@pytest.mark.parametrize("coarse", [False, True])
def test_rows_that_are_absent_neither_ask_nor_answer(size, coarse, monkeypatch):
    monkeypatch.setattr(module, "SMALL", size)
    x = clustered(90)
    present = torch.rand(90) < 0.5
    x[~present] = float("nan")
    index, score = expected(x, 3, "cosine", present)
    found = nearest_rows(x, 3, present, coarse=coarse, chunk=500)
    assert torch.equal(found.index, index)
    assert torch.allclose(found.score, score, atol=1e-6)
    assert not set(found.edge_index.unique().tolist()) & set((~present).nonzero()[:, 0].tolist())


def test_rows_may_be_shifted_first():
    x = clustered() + 3
    mean = x.mean(0)
    assert torch.equal(nearest_rows(x, 5, shift=mean).index, nearest_rows(x - mean, 5).index)


def test_fewer_rows_than_neighbours_leave_places_empty():
    x = torch.randn(5, 3)
    assert nearest_rows(x, 9).index.shape == (5, 4)
    few = nearest_rows(x, 3, torch.tensor([True, False, True, False, False]))
    assert few.index.tolist() == [[2, -1, -1], [-1] * 3, [0, -1, -1], [-1] * 3, [-1] * 3]
    assert few.edge_index.tolist() == [[2, 0], [0, 2]]
    assert few.edge_score.shape == (2,)
    none = nearest_rows(x, 3, torch.zeros(5, dtype=torch.bool))
    assert none.edge_index.shape == (2, 0)
    for rows in (0, 1):
        assert nearest_rows(torch.randn(rows, 3), 2).index.shape == (rows, 0)


def test_edges_go_from_the_neighbour_to_the_row_that_it_is_a_neighbour_of():
    x = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])
    assert nearest_rows(x, 1).edge_index.tolist() == [[1, 0, 1], [0, 1, 2]]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_margin_bounds_what_a_pass_is_off(metric, dtype):
    x = clustered() * (1 + torch.rand(400, 1))
    table = RowTable(x, None, metric, None)
    every = slice(0, 400)
    rough = table.compare(table.ready(every, dtype), table.ready(every, dtype), every).double()
    exact = table.x.double()
    exact = normalize(exact, dim=1) if metric == "cosine" else exact
    true = exact @ exact.T
    if metric == "euclidean":
        true = true - exact.square().sum(1) / 2
    error = (true - rough).amax(1)  # what a row that was passed over may be better than it looked
    margin = table.margin(dtype)
    assert (error <= margin).all()
    if dtype == torch.bfloat16:  # and is no more than ten times too wide
        assert (error.mean() > margin.mean() / 10) or metric == "euclidean"


def test_rows_that_the_first_pass_cannot_settle_are_done_again(monkeypatch):
    done = []
    whole = module._Search._whole
    monkeypatch.setattr(module._Search, "_whole", lambda self, n: (done.append(len(n)), whole(self, n))[1])
    x = clustered()
    nearest_rows(x, 5)
    assert done == []
    nearest_rows(torch.cat([x, x[:1].expand(50, -1)]), 5)
    assert len(done) == 1
    assert 51 <= done[0] < 70  # the copies, and what has them for neighbours


def test_a_pass_in_bfloat16_is_made_where_it_is_faster_and_settles_most_rows(monkeypatch):
    made = []
    first = module._Search._each_pair_once
    monkeypatch.setattr(
        module._Search, "_each_pair_once", lambda self, n, t: (made.append(t), first(self, n, t))[1]
    )
    monkeypatch.setattr(module, "_bfloat16_is_faster", lambda: True)
    apart = torch.cat([clustered(6), torch.randn(394, 70)])
    nearest_rows(apart, 1)
    nearest_rows(clustered(3)[torch.arange(400) % 3], 5)
    monkeypatch.setattr(module, "_bfloat16_is_faster", lambda: False)
    nearest_rows(apart, 1)
    assert made == [torch.bfloat16, torch.float32, torch.float32]


def test_faiss_finds_the_same():
    pytest.importorskip("faiss")
    x = clustered()
    x[3] = x[200]
    for metric in ("cosine", "dot"):
        found = nearest_rows(x, 6, metric=metric, backend="faiss")
        assert torch.equal(found.index, expected(x, 6, metric)[0])
    with pytest.raises(InputError, match="knows cosine and dot"):
        nearest_rows(x, 6, metric="euclidean", backend="faiss")


def test_without_faiss_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    with pytest.raises(MissingExtraError, match=r"mmgraph\[faiss\]"):
        nearest_rows(clustered(), 3, backend="faiss")


@pytest.mark.parametrize("metric", METRICS)
def test_off_the_cpu_nothing_waits_for_the_device(metric, accelerator):
    with FakeTensorMode() as mode:

        def pretend(value):
            return FakeTensor(mode, value.to("meta"), accelerator)

        x, present = pretend(torch.zeros(50, 8)), pretend(torch.zeros(50, dtype=torch.bool))
        found = nearest_rows(x, 3, present, metric, chunk=100)
    assert found.index.shape == (50, 3)
    assert found.index.device.type == accelerator.type


@pytest.mark.parametrize("metric", METRICS)
def test_off_the_cpu_the_neighbours_are_the_same(metric):
    x = clustered()
    present = torch.arange(400) % 7 > 0
    found = module._on_device(x, 5, present, metric, None, 3000)
    index, score = expected(x, 5, metric, present)
    assert torch.equal(found.index, index)
    assert torch.allclose(found.score, score, atol=1e-3)


def test_the_process_needs_little_beside_the_table():
    from mmgraph.comparison import Usage

    x = torch.randn(6000, 64)
    with Usage() as usage:
        nearest_rows(x, 5, chunk=2**19, coarse=False)
    assert usage.peak_mib < 6000 * 6000 * 4 / 2**20 / 2


def test_what_cannot_be_is_an_error():
    x = clustered()
    with pytest.raises(InputError, match="k=0: expected at least 1"):
        nearest_rows(x, 0)
    with pytest.raises(InputError, match="int64"):
        nearest_rows(np.zeros((4, 2), dtype=np.int64), 1)
    with pytest.raises(InputError, match=r"shape \[8\]"):
        nearest_rows(np.zeros(8, dtype=np.float32), 1)
    x[7, 3] = float("inf")
    with pytest.raises(InputError, match="row 7, which is not finite"):
        nearest_rows(x, 1)
    with pytest.raises(InputError, match="row 7, which is not finite"):
        nearest_rows(x, 1, torch.arange(400) > 3)
