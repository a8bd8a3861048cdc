import pytest
import torch

from mmgraph.ops.edge_features import EdgeFeatures
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
