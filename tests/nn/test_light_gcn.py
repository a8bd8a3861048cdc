import pytest
import torch
from torch_geometric.nn import LGConv

from mmgraph.errors import InputError
from mmgraph.nn.light_gcn import LightGCN
from mmgraph.ops.blocks import blocks
from mmgraph.ops.csr import csr
from mmgraph.ops.light_propagation import light_graph
from mmgraph.ops.relation import relation_of_edges, relation_of_pairs
from tests.ops.tracing import gradients

USER_SIZES, ITEM_SIZES = (3, 0, 4, 2), (2, 3, 4, 0)
USERS, ITEMS, D = sum(USER_SIZES), sum(ITEM_SIZES), 5


def samples(sizes):
    return torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))


def pairs():
    """Every pair of a user and an item of one sample."""
    return (samples(USER_SIZES)[:, None] == samples(ITEM_SIZES)).nonzero().T


def interactions():
    """Some of the pairs; the last user and the last item have none."""
    index = pairs()
    index = index[:, torch.rand(index.shape[1]) < 0.6]
    return index[:, (index[0] < USERS - 1) & (index[1] < ITEMS - 1)]


def embeddings(dtype):
    return [torch.randn(n, D, dtype=dtype, requires_grad=True) for n in (USERS, ITEMS)]


def pyg(index, users, items, layers, weights=None, edge_weight=None):
    """LGConv after LGConv on the edges of both directions, as PyG's users write it."""
    both = torch.stack([index[0], index[1] + USERS])
    edges = torch.cat([both, both.flip(0)], 1)
    weights = [1 / (layers + 1)] * (layers + 1) if weights is None else weights
    x = torch.cat([users, items])
    out, convolution = weights[0] * x, LGConv()
    for weight in weights[1:]:
        x = convolution(x, edges, None if edge_weight is None else edge_weight.repeat(2))
        out = out + weight * x
    return out


def layouts(index, dtype):
    """Every form in which a relation may come."""
    source, target = blocks(samples(USER_SIZES), USER_SIZES), blocks(samples(ITEM_SIZES), ITEM_SIZES)
    yield "edge_index", index
    yield "LightGraph", light_graph(csr(index, USERS, ITEMS), dtype=dtype)
    for form in ("csr", "dense", None):
        yield str(form), relation_of_edges(index, USERS, ITEMS, source, target, form)


def check(layer, relation, index, dtype, tolerance, weights=None):
    users, items = embeddings(dtype)
    layers = len(layer.weights) - 1
    found = gradients(lambda u, i: torch.cat(layer((u, i), relation)), users, items)
    expected = gradients(lambda u, i: pyg(index, u, i, layers, weights), users, items)
    for mine, other in zip(found, expected, strict=True):
        assert mine.dtype == dtype
        assert torch.allclose(mine, other, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
@pytest.mark.parametrize("layers", [0, 1, 3])
def test_it_equals_pyg_in_outputs_and_gradients_in_every_layout(layers, dtype, tolerance):
    index = interactions()
    for _, relation in layouts(index, dtype):
        check(LightGCN(layers), relation, index, dtype, tolerance)


def test_a_complete_relation_needs_no_edges():
    source, target = blocks(samples(USER_SIZES), USER_SIZES), blocks(samples(ITEM_SIZES), ITEM_SIZES)
    relation = relation_of_pairs(source, target, pairs().shape[1])
    check(LightGCN(), relation, pairs(), torch.float64, 1e-10)


def test_layers_may_be_weighted():
    index, weights = interactions(), (1.0, 0.5, 0.0, -2.0)
    check(LightGCN(3, weights), index, index, torch.float64, 1e-10, weights)


def test_interactions_may_be_weighted():
    index, (users, items) = interactions(), embeddings(torch.float64)
    rating = torch.rand(index.shape[1], dtype=torch.float64) + 0.1
    entries = csr(index, USERS, ITEMS)
    graph = light_graph(entries, rating[entries.order], torch.float64)
    found = gradients(lambda u, i: torch.cat(LightGCN()((u, i), graph)), users, items)
    expected = gradients(lambda u, i: pyg(index, u, i, 3, edge_weight=rating), users, items)
    for mine, other in zip(found, expected, strict=True):
        assert torch.allclose(mine, other, atol=1e-10)


def test_interactions_given_the_other_way_round_give_the_same():
    index, (users, items) = interactions(), embeddings(torch.float64)
    forth = LightGCN()((users, items), index)
    back = LightGCN()((items, users), index.flip(0))
    assert torch.allclose(forth[0], back[1])
    assert torch.allclose(forth[1], back[0])


def test_without_interactions_the_embeddings_are_left_with_their_weight():
    users, items = embeddings(torch.float64)
    found = LightGCN(3)((users, items), torch.zeros(2, 0, dtype=torch.long))
    assert torch.allclose(found[0], users / 4)
    assert torch.allclose(found[1], items / 4)


def test_no_items_and_no_users_give_no_rows():
    for users, items in ((0, 3), (3, 0), (0, 0)):
        x = torch.zeros(users, D), torch.zeros(items, D)
        found = LightGCN()(x, torch.zeros(2, 0, dtype=torch.long))
        assert [tuple(part.shape) for part in found] == [(users, D), (items, D)]


def test_it_has_no_parameters_and_prints_its_weights():
    assert list(LightGCN().parameters()) == []
    assert repr(LightGCN(1)) == "LightGCN(weights=(0.5, 0.5))"


def test_errors_say_what_came():
    with pytest.raises(InputError, match="a weight for the embeddings and one for each layer"):
        LightGCN(3, (1.0, 1.0))
    with pytest.raises(InputError, match="layers=-1"):
        LightGCN(-1)
    x = torch.zeros(USERS + 1, D), torch.zeros(ITEMS, D)
    with pytest.raises(InputError, match=f"{USERS + 1} source"):
        LightGCN()(x, relation_of_edges(interactions(), USERS, ITEMS))
