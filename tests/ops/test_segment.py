import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.utils import scatter, softmax

from mmgraph.errors import InputError
from mmgraph.ops import segment
from mmgraph.ops.csr import csr
from mmgraph.ops.segment import edge_dot, segment_max, segment_mean, segment_softmax, segment_sum
from tests.ops.tracing import compiled_gradients, gradients, pretended_gradients

S, T, E, H, K = 7, 6, 20, 2, 3
DOUBLE = {"dtype": torch.float64}


def example(sources=S, targets=T, edges=E, **options):
    """Edges, in which some stand twice and the last node of each end is alone, and values for them."""
    options = {**DOUBLE, **options}
    ends = [torch.randint(0, max(n - 1, 1), (edges,)) for n in (sources, targets)]
    index = torch.stack(ends)
    index[:, edges // 2 : edges // 2 + 3] = index[:, :1]

    def leaf(*shape):
        return torch.randn(*shape, **options).requires_grad_()

    values = {
        "x": leaf(sources, H, K),
        "query": leaf(targets, H, K),
        "weight": leaf(edges),
        "heads": leaf(edges, H),
    }
    return index, csr(index, sources, targets), values


def close(found, expected, tolerance=1e-12):
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        assert torch.allclose(ours, theirs, atol=tolerance, rtol=tolerance)


# ---------------------------------------------------------------------- what each function computes, in the
# order of the csr, written with one row for each edge


def plain_sum(entries, x, weight=None):
    rows = x[entries.source.long()]
    if weight is not None:
        rows = rows * weight.view(*weight.shape, *[1] * (x.dim() - weight.dim()))
    return scatter(rows, entries.target.long(), 0, entries.num_targets, "sum")


def plain_mean(entries, x):
    return scatter(x[entries.source.long()], entries.target.long(), 0, entries.num_targets, "mean")


def plain_max(entries, x, weight=None):
    rows = x[entries.source.long()]
    if weight is not None:
        rows = rows * weight.view(-1, *[1] * (x.dim() - 1))
    return scatter(rows, entries.target.long(), 0, entries.num_targets, "max")


def plain_softmax(entries, logits):
    return softmax(logits, entries.target.long(), num_nodes=entries.num_targets)


def plain_dot(entries, query, key):
    return (query[entries.target.long()] * key[entries.source.long()]).sum(-1)


CASES = {
    "sum": (segment_sum, plain_sum, ("x",)),
    "sum of weighted rows": (segment_sum, plain_sum, ("x", "weight")),
    "sum of rows weighted by head": (segment_sum, plain_sum, ("x", "heads")),
    "mean": (segment_mean, plain_mean, ("x",)),
    "max": (segment_max, plain_max, ("x",)),
    "max of weighted rows": (segment_max, plain_max, ("x", "weight")),
    "softmax": (segment_softmax, plain_softmax, ("weight",)),
    "softmax by head": (segment_softmax, plain_softmax, ("heads",)),
    "dot": (edge_dot, plain_dot, ("query", "x")),
}
every_function = pytest.mark.parametrize(("ours", "plain", "names"), CASES.values(), ids=CASES)


@every_function
def test_outputs_and_gradients_are_those_of_pyg(ours, plain, names):
    _, entries, values = example()
    arguments = [values[name] for name in names]
    close(gradients(ours, entries, *arguments), gradients(plain, entries, *arguments), 1e-10)


@every_function
def test_blocks_change_nothing(ours, plain, names, monkeypatch):
    monkeypatch.setattr(segment, "BLOCK", 13)
    _, entries, values = example()
    arguments = [values[name] for name in names]
    close(gradients(ours, entries, *arguments), gradients(plain, entries, *arguments), 1e-10)


@every_function
@pytest.mark.parametrize("sizes", [(4, 3, 0), (0, 3, 0), (4, 0, 0), (0, 0, 0), (1, 1, 5)])
def test_empty_types_and_no_edges_give_zeros_and_finite_gradients(ours, plain, names, sizes):
    _, entries, values = example(*sizes)
    arguments = [values[name] for name in names]
    found = gradients(ours, entries, *arguments)
    close(found, gradients(plain, entries, *arguments), 1e-10)
    assert all(torch.isfinite(value).all() for value in found)


@every_function
def test_float32_is_right_to_1e_5(ours, plain, names):
    _, entries, values = example(dtype=torch.float32)
    arguments = [values[name] for name in names]
    close(gradients(ours, entries, *arguments), gradients(plain, entries, *arguments), 1e-5)


@every_function
def test_gradients_are_those_of_finite_differences_once_and_twice(ours, plain, names):
    _, entries, values = example(5, 4, 9)
    arguments = [values[name] for name in names]
    assert torch.autograd.gradcheck(lambda *a: ours(entries, *a), arguments)
    assert torch.autograd.gradgradcheck(lambda *a: ours(entries, *a), arguments)


@every_function
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_forward_and_backward_compile_as_one_graph(ours, plain, names, backend):
    _, entries, values = example()
    arguments = [values[name] for name in names]
    found = compiled_gradients(backend, ours, entries, *arguments)
    close(found, gradients(ours, entries, *arguments))


@every_function
def test_forward_and_backward_never_wait_for_the_device(ours, plain, names, accelerator):
    _, entries, values = example()
    found = pretended_gradients(accelerator, ours, entries, *(values[name] for name in names))
    expected = gradients(ours, entries, *(values[name] for name in names))
    for ours_, theirs in zip(found, expected, strict=True):
        assert ours_.device.type == accelerator.type
        assert ours_.shape == theirs.shape
        assert ours_.dtype == theirs.dtype


@every_function
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_and_is_near(ours, plain, names, dtype):
    _, entries, values = example(dtype=dtype)
    arguments = [values[name] for name in names]
    with torch.autocast("cpu", dtype=dtype):
        found = gradients(ours, entries, *arguments)
    assert {value.dtype for value in found} == {dtype}
    wide = [value.detach().double().requires_grad_() for value in arguments]
    close([value.double() for value in found], gradients(plain, entries, *wide), 0.1)


@every_function
def test_the_numbering_of_edges_changes_nothing(ours, plain, names):
    index, entries, values = example()
    turn = torch.randperm(E)
    turned = csr(index[:, turn], S, T)
    per_edge = ("weight", "heads")

    def in_edge_order(entries, names, values):
        arguments = [values[n][entries.order] if n in per_edge else values[n] for n in names]
        out = ours(entries, *arguments)
        if ours in (edge_dot, segment_softmax):
            out = torch.empty_like(out).index_copy(0, entries.order, out)
        return out

    moved = {n: v[turn] if n in per_edge else v for n, v in values.items()}
    out = in_edge_order(entries, names, values)
    expected = out[turn] if ours in (edge_dot, segment_softmax) else out
    close([in_edge_order(turned, names, moved)], [expected])


# ---------------------------------------------------------------------- one by one


def test_sums_are_products_with_the_dense_matrix():
    index, entries, values = example()
    matrix = torch.zeros(T, S, **DOUBLE)
    weight = values["weight"].detach()
    matrix.index_put_((index[1], index[0]), weight, accumulate=True)
    x = values["x"].detach().flatten(1)
    close([segment_sum(entries, x, weight[entries.order])], [matrix @ x])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=10), st.integers(0, 1000))
def test_attention_is_that_of_a_loop_over_targets(pairs, seed):
    generator = torch.Generator().manual_seed(seed)
    index = torch.tensor(pairs, dtype=torch.long).view(-1, 2).T
    entries = csr(index, 4, 3)
    query, key, value = (torch.randn(n, H, K, **DOUBLE, generator=generator) for n in (3, 4, 4))
    weight = segment_softmax(entries, edge_dot(entries, query, key))
    found = segment_sum(entries, value, weight)
    for t in range(3):
        sources = [s for s, target in pairs if target == t]
        logits = torch.einsum("hk,nhk->hn", query[t], key[sources])
        expected = torch.einsum("hn,nhk->hk", logits.softmax(-1), value[sources])
        assert torch.allclose(found[t], expected, atol=1e-12)


def test_rows_of_any_shape_are_summed():
    _, entries, _ = example()
    for shape in ((), (4,), (2, 3, 2), (0,)):
        x = torch.randn(S, *shape, **DOUBLE)
        for function in (segment_sum, segment_mean, segment_max):
            assert function(entries, x).shape == (T, *shape)
    x = torch.randn(S, **DOUBLE)
    close([segment_sum(entries, x)], [segment_sum(entries, x[:, None])[:, 0]])


def test_a_single_head_is_like_none():
    _, entries, values = example()
    x, weight = values["x"], values["weight"]
    close([segment_sum(entries, x, weight[:, None])], [segment_sum(entries, x, weight)])


def test_equal_winners_share_the_gradient_of_a_maximum():
    entries = csr(torch.tensor([[0, 1, 2], [0, 0, 0]]), 3, 1)
    x = torch.tensor([[2.0, 1.0], [2.0, 0.0], [1.0, 1.0]], requires_grad=True)
    segment_max(entries, x).sum().backward()
    assert x.grad.tolist() == [[0.5, 0.5], [0.5, 0.0], [0.0, 0.5]]


def test_a_maximum_of_zero_passes_its_whole_gradient_on():
    # torch's scatter_reduce, and PyG on it, counts one winner too many here.
    entries = csr(torch.tensor([[0, 1, 2], [0, 0, 1]]), 3, 3)
    x = torch.tensor([[0.0], [-1.0], [0.0]], requires_grad=True)
    segment_max(entries, x).sum().backward()
    assert x.grad.tolist() == [[1.0], [0.0], [1.0]]


def test_a_softmax_of_large_logits_is_finite():
    _, entries, values = example()
    logits = (values["heads"].detach() * 1e5).requires_grad_()
    found = gradients(segment_softmax, entries, logits)
    assert all(torch.isfinite(value).all() for value in found)
    total = torch.zeros(T, H, **DOUBLE).index_add(0, entries.target, found[0])
    expected = (entries.rowptr.diff() > 0).double()[:, None].expand(T, H)
    assert torch.allclose(total, expected)


def test_a_softmax_of_half_precision_is_summed_in_float32():
    entries = csr(torch.stack([torch.arange(4096), torch.zeros(4096, dtype=torch.long)]), 4096, 1)
    weight = segment_softmax(entries, torch.zeros(4096, 1, dtype=torch.bfloat16))
    assert torch.equal(weight, torch.full_like(weight, 1 / 4096))
    _, entries, values = example(dtype=torch.bfloat16, edges=200)
    logits = values["heads"]
    share = segment_softmax(entries, logits)
    assert torch.equal(share, plain_softmax(entries, logits.float()).bfloat16())
    grad = torch.randn_like(share)
    product = share.detach().float() * grad.float()
    mean = torch.zeros(T, H).index_add(0, entries.target, product)[entries.target.long()]
    expected = share.detach().float() * (grad.float() - mean)
    found = torch.autograd.grad(share, logits, grad)[0]
    assert (found != expected.bfloat16()).sum() <= 2  # the order of a sum may turn a rounding


def test_a_mean_of_half_precision_does_not_overflow():
    entries = csr(torch.stack([torch.zeros(4096, dtype=torch.long)] * 2), 1, 1)
    assert segment_mean(entries, torch.full((1, 1), 1000.0, dtype=torch.float16)).item() == 1000


def test_many_equal_winners_are_counted_in_half_precision_too():
    entries = csr(torch.stack([torch.arange(2048), torch.zeros(2048, dtype=torch.long)]), 2048, 1)
    x = torch.zeros(2048, 1, dtype=torch.bfloat16, requires_grad=True)
    segment_max(entries, x).sum().backward()
    assert torch.equal(x.grad, torch.full_like(x, 1 / 2048))


def test_many_gradients_of_a_maximum_are_summed_in_half_precision_too():
    entries = csr(torch.stack([torch.zeros(2000, dtype=torch.long), torch.arange(2000)]), 1, 2000)
    x = torch.zeros(1, 1, dtype=torch.bfloat16, requires_grad=True)
    segment_max(entries, x).sum().backward()
    assert x.grad.tolist() == [[2000]]


@pytest.mark.parametrize("form", ["compiled", "an accelerator"])
def test_a_maximum_takes_one_block_where_blocks_would_slow_it(form, accelerator, monkeypatch):
    monkeypatch.setattr(segment, "BLOCK", 1)
    _, entries, values = example()
    calls = []
    monkeypatch.setattr(segment, "_messages", lambda *a, _f=segment._messages: calls.append(1) or _f(*a))
    if form == "compiled":
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
        segment_max(entries, values["x"]).sum().backward()
    else:
        pretended_gradients(accelerator, segment_max, entries, values["x"])
    assert len(calls) == 3


def test_an_unweighted_sum_keeps_no_rows_for_the_backward_pass():
    _, entries, values = example()
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.shape) or t, lambda t: t):
        segment_sum(entries, values["x"])
        segment_sum(entries, values["x"], values["weight"].detach())
    assert kept == [(E,)]


def test_weights_are_taken_in_the_precision_of_the_rows():
    _, entries, values = example(dtype=torch.bfloat16)
    weight = values["heads"].float().detach().requires_grad_()
    found = gradients(segment_sum, entries, values["x"], weight)
    assert [value.dtype for value in found] == [torch.bfloat16, torch.bfloat16, torch.float32]


def test_rows_that_are_views_are_read_right():
    _, entries, values = example()
    x = values["x"].detach().transpose(1, 2)
    query = values["query"].detach().transpose(1, 2)
    close([segment_sum(entries, x)], [segment_sum(entries, x.contiguous())])
    close([segment_max(entries, x)], [segment_max(entries, x.contiguous())])
    close([edge_dot(entries, query, x)], [edge_dot(entries, query.contiguous(), x.contiguous())])


def test_shapes_that_do_not_fit_are_named():
    _, entries, values = example()
    x, weight = values["x"], values["heads"]
    with pytest.raises(InputError, match=r"segment_sum got x \[6, 2, 3\], but the csr has 7 sources"):
        segment_sum(entries, x[:6])
    with pytest.raises(InputError, match=r"weight \[19, 2\], but the csr has 20 edges"):
        segment_sum(entries, x, weight[:19])
    with pytest.raises(InputError, match=r"x has to be \[S, 2, K\], and is \[7, 6\]"):
        segment_sum(entries, x.flatten(1), weight)
    with pytest.raises(InputError, match=r"logits \[19, 2\], but the csr has 20 edges"):
        segment_softmax(entries, weight[:19])
    with pytest.raises(InputError, match=r"query \[5, 2, 3\], but the csr has 6 targets"):
        edge_dot(entries, values["query"][:5], x)
    with pytest.raises(InputError, match=r"key \[6, 2, 3\], but the csr has 7 sources"):
        edge_dot(entries, values["query"], x[:6])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_sparse_product_of_cuda_is_the_embedding_bag_of_the_cpu(dtype, weighted):
    entries = csr(torch.tensor([[0, 2, 2, 1, 0, 2], [3, 3, 0, 1, 1, 3]]), 3, 5)
    rows, weight = torch.randn(3, 4, dtype=dtype), torch.randn(6, dtype=dtype) if weighted else None
    found = segment._product(entries.source, rows, entries.rowptr, weight)
    assert found.dtype == dtype
    assert torch.allclose(found, segment.bag(entries.source, rows, entries.rowptr, weight), atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_sums_and_gradients_on_a_gpu_are_those_of_the_cpu(dtype):
    edges = torch.stack([torch.randint(0, 50, (400,)), torch.randint(0, 40, (400,)) ** 2 // 40])
    x, weight = torch.randn(50, 8, dtype=dtype), torch.rand(400, dtype=dtype)
    found = []
    for device in ("cpu", "cuda"):
        own = [part.to(device).requires_grad_() for part in (x, weight)]
        total = segment_sum(csr(edges.to(device), 50, 40), *own)
        total.square().sum().backward()
        found.append([total.detach().cpu(), *(part.grad.cpu() for part in own)])
    for cpu, gpu in zip(*found, strict=True):
        assert torch.allclose(cpu.float(), gpu.float(), atol=1e-4 if dtype == torch.float32 else 0.2)
