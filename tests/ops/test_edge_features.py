import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mmgraph.ops.blocks import blocks
from mmgraph.ops.edge_features import EdgeFeatures
from mmgraph.ops.relation import relation_of_edges
from tests.nn.relations import cases
from tests.ops.attention import FEATURES, HEADS, WIDTH, close, relation_of

GRIDS = ["complete", "all-dense", "some-dense", "none-dense"]
LISTS = ["all-csr", "some-csr", "none-csr", "some-edge_index"]


def example(name):
    case = next(case for case in cases() if case.name == name)
    edges = case.edge_index.shape[1]
    shapes = {
        "features": (edges, FEATURES),
        "weight": (FEATURES, HEADS, WIDTH),
        "query": (case.num_targets, HEADS, WIDTH),
        "share": (edges, HEADS),
    }
    values = {k: torch.randn(*shape, dtype=torch.float64, requires_grad=True) for k, shape in shapes.items()}
    written_out = torch.einsum("ef,fhk->ehk", values["features"], values["weight"])
    return case.edge_index, relation_of(case), values, written_out


def edge_features(values):
    return EdgeFeatures(values["features"], values["weight"])


@pytest.mark.parametrize("name", GRIDS)
def test_on_a_grid_the_dot_products_are_those_with_vectors_written_out(name):
    index, relation, values, vectors = example(name)
    query = relation.target.pad(values["query"])
    found = relation.from_grid(edge_features(values).dot_grid(relation, query).permute(0, 2, 3, 1))
    close(found, (values["query"][index[1]] * vectors).sum(-1), values)


@pytest.mark.parametrize("name", LISTS)
def test_on_a_list_the_dot_products_are_those_with_vectors_written_out(name):
    index, relation, values, vectors = example(name)
    found = edge_features(values).dot_edges(relation, values["query"])
    close(found, (values["query"][index[1]] * vectors).sum(-1)[relation.csr.order], values)


def summed(index, values, vectors):
    zero = torch.zeros(values["query"].shape).double()
    return zero.index_add(0, index[1], values["share"][..., None] * vectors)


@pytest.mark.parametrize("name", GRIDS)
def test_on_a_grid_the_sums_are_those_of_vectors_written_out(name):
    index, relation, values, vectors = example(name)
    share = relation.to_grid(values["share"]).permute(0, 3, 1, 2)
    found = edge_features(values).sum_grid(relation, share)
    close(relation.target.unpad(found.transpose(1, 2)), summed(index, values, vectors), values)


@pytest.mark.parametrize("name", LISTS)
def test_on_a_list_the_sums_are_those_of_vectors_written_out(name):
    index, relation, values, vectors = example(name)
    found = edge_features(values).sum_edges(relation, values["share"][relation.csr.order])
    close(found, summed(index, values, vectors), values)


class Largest(TorchDispatchMode):
    """How many numbers the largest tensor holds that is made."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for value in made if isinstance(made, (tuple, list)) else [made]:
            if isinstance(value, torch.Tensor):
                self.numbers = max(self.numbers, value.numel())
        return made


@pytest.mark.parametrize(("width", "num_features"), [(3, 5), (5, 3), (4, 40)])
def test_on_a_list_no_vector_and_no_features_are_written_out_for_each_edge_and_head(width, num_features):
    edges, heads, count = 300, 4, 6
    index = torch.randint(0, count, (2, edges))
    relation = relation_of_edges(index, count, count)
    features, weight, query, share = (
        torch.randn(*shape, requires_grad=True)
        for shape in (
            (edges, num_features),
            (num_features, heads, width),
            (count, heads, width),
            (edges, heads),
        )
    )
    terms = EdgeFeatures(features, weight)
    with Largest() as largest:
        (terms.dot_edges(relation, query).sum() + terms.sum_edges(relation, share).sum()).backward()
    assert largest.numbers <= edges * max(num_features, heads + 1)


@pytest.mark.parametrize("form", ["dense", "csr"])
def test_two_thousand_short_features_sum_to_two_thousand(form):
    one, many = (blocks(torch.zeros(count, dtype=torch.long), (count,)) for count in (1, 2000))
    index = torch.stack([torch.arange(2000), torch.zeros(2000, dtype=torch.long)])
    relation = relation_of_edges(index, 2000, 1, many, one, form)
    short = {"dtype": torch.bfloat16, "requires_grad": True}
    features, weight = torch.ones(2000, 1, **short), torch.ones(1, 1, 1, **short)
    query, share = torch.ones(1, 1, 1, **short), torch.ones(2000, 1)
    terms = EdgeFeatures(features, weight)
    if form == "csr":
        dots, sums = terms.dot_edges(relation, query), terms.sum_edges(relation, share)
    else:
        dots = terms.dot_grid(relation, query[None])
        sums = terms.sum_grid(relation, relation.to_grid(share).permute(0, 3, 1, 2))
    assert sums.dtype == torch.bfloat16
    assert sums.flatten().tolist() == [2000]
    dots.sum().backward()
    assert query.grad.flatten().tolist() == weight.grad.flatten().tolist() == [2000]
