import pytest
import torch

from mmgraph.ops import rectified
from mmgraph.ops.blocks import blocks
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.rectified import rectified_sum
from mmgraph.ops.relation import Relation, relation_of_edges
from tests.nn.relations import cases
from tests.ops.attention import close, relation_of
from tests.ops.tracing import pretended_gradients

WIDTH, FEATURES = 4, 3
CASES = cases()
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
mapped_or_not = pytest.mark.parametrize("mapped", [True, False], ids=["mapped", "as they are"])


def example(case, mapped, dtype=torch.float64):
    """Nodes and features, with a map and a bias, or features of the nodes' width without."""
    edges = case.edge_index.shape[1]
    shapes = {"x": (case.num_sources, WIDTH), "features": (edges, FEATURES if mapped else WIDTH)}
    if mapped:
        shapes |= {"weight": (WIDTH, FEATURES), "bias": (WIDTH,)}
    return {key: torch.randn(*shape, dtype=dtype, requires_grad=True) for key, shape in shapes.items()}


def found(relation, x, features, weight=None, bias=None):
    return rectified_sum(relation, Nodes(x, blocks=relation.source), features, weight, bias).flat


def written_out(case, x, features, weight=None, bias=None):
    messages = x[case.edge_index[0]] + (features if weight is None else features @ weight.T + bias)
    zero = messages.new_zeros(case.num_targets, WIDTH)
    return zero.index_add(0, case.edge_index[1], messages.relu())


def star(num_sources, num_targets, form):
    """All sources to all targets of one sample."""
    source, target = (blocks(torch.zeros(n, dtype=torch.long), (n,)) for n in (num_sources, num_targets))
    index = torch.cartesian_prod(torch.arange(num_sources), torch.arange(num_targets)).T
    return relation_of_edges(index, num_sources, num_targets, source, target, form)


@every_case
@mapped_or_not
@pytest.mark.parametrize("block", [1, 9, 2**17])
def test_sums_and_gradients_are_those_of_messages_written_out(case, mapped, block, monkeypatch):
    monkeypatch.setattr(rectified, "BLOCK", block)
    values = example(case, mapped)
    close(found(relation_of(case), **values), written_out(case, **values), values)


@mapped_or_not
def test_gradients_are_those_of_differences(mapped):
    values = example(CASES[0], mapped)
    names = list(values)
    relation = relation_of(CASES[0])
    assert torch.autograd.gradcheck(
        lambda *given: found(relation, **dict(zip(names, given, strict=True))), list(values.values())
    )


@pytest.mark.parametrize("form", ["dense", "csr"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_two_thousand_ones_in_a_short_precision_sum_to_two_thousand(form, dtype):
    count = 2000
    relation = star(count, 1, form)
    x = torch.ones(count, 1, dtype=dtype, requires_grad=True)
    summed = found(relation, x, torch.zeros(count, 1, dtype=dtype))
    assert summed.dtype == dtype
    assert summed.tolist() == [[count]]


@pytest.mark.parametrize("form", ["dense", "csr"])
@mapped_or_not
def test_two_thousand_gradients_in_a_short_precision_sum_to_two_thousand(form, mapped, monkeypatch):
    monkeypatch.setattr(rectified, "BLOCK", 8)
    count, short = 2000, {"dtype": torch.bfloat16, "requires_grad": True}
    x, features = torch.ones(1, 1, **short), torch.ones(count, 1, **short)
    affine = [torch.ones(1, 1, **short), torch.ones(1, **short)] if mapped else []
    found(star(1, count, form), x, features, *affine).sum().backward()
    assert all(leaf.grad.dtype == torch.bfloat16 for leaf in (x, features, *affine))
    assert all(leaf.grad.flatten().tolist() == [count] for leaf in (x, *affine))


@every_case
def test_nodes_and_weights_of_other_precisions_meet_in_the_longest(case):
    values = {key: value.detach() for key, value in example(case, True).items()}
    short = {**values, "x": values["x"].bfloat16(), "features": values["features"].bfloat16()}
    short |= {key: values[key].float() for key in ("weight", "bias")}
    expected = written_out(case, **{key: value.double() for key, value in short.items()})
    with torch.autocast("cpu", torch.bfloat16):
        summed = found(relation_of(case), **{key: v.requires_grad_() for key, v in short.items()})
        summed.sum().backward()
    assert summed.dtype == torch.float32
    assert torch.allclose(summed.double(), expected, atol=1e-5)
    assert all(value.grad.dtype == value.dtype for value in short.values())


@mapped_or_not
def test_it_never_waits_for_a_device(mapped, accelerator):
    case = next(case for case in CASES if case.name == "some-csr")

    def function(csr, *given):
        return found(Relation(csr.num_sources, csr.num_targets, csr.num_edges, csr=csr), *given)

    pretended_gradients(accelerator, function, relation_of(case).csr, *example(case, mapped).values())
