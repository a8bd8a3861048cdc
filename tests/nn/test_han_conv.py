import pytest
import torch
import torch_geometric.nn as pyg

from mmgraph.errors import InputError
from mmgraph.graph import select
from mmgraph.nn.han_conv import HANConv
from mmgraph.ops import ragged
from tests.nn.hetero import EDGE_TYPES, LAYOUTS, SIZES, batch, edges, laid_out, nodes, randomize, same

DIMS = {"region": 5, "token": 6, "segment": 3, "item": 2}
METADATA = (list(SIZES), EDGE_TYPES)
PLANNED = [layout for layout in LAYOUTS if layout != "edge_index"]


def pair(dtype=torch.float64):
    """Ours and PyG's with the same weights."""
    theirs = pyg.HANConv(DIMS, 6, METADATA, 3).to(dtype)
    randomize(theirs)
    ours = HANConv(DIMS, 6, METADATA, 3).to(dtype)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def alone(graph, x, sample):
    """One sample of the batch, and its nodes."""
    starts = {key: ragged.offsets(SIZES[key]).tolist() for key in SIZES}
    own = {key: x[key][starts[key][sample] : starts[key][sample + 1]] for key in x}
    return select(graph, [sample]), own


def sample_by_sample(layer, graph, x):
    """PyG's layer on each sample alone; of no nodes it says None or NaN."""
    rows = {key: [] for key in SIZES}
    for sample in range(5):
        one, own = alone(graph, x, sample)
        out = layer(own, edges(one))
        for key in rows:
            rows[key].append(out[key] if len(own[key]) else torch.zeros(0, 6).to(own[key].dtype))
    return {key: torch.cat(values) for key, values in rows.items()}


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_on_an_edge_index_it_equals_pyg_in_outputs_and_gradients(dtype, tolerance):
    ours, theirs = pair(dtype)
    graph, x = batch(), nodes(DIMS, dtype)
    same(ours, theirs, (ours(x, edges(graph)), theirs(x, edges(graph))), x, tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
@pytest.mark.parametrize("layout", PLANNED)
def test_on_a_planned_batch_it_equals_pyg_on_each_sample(layout, dtype, tolerance):
    ours, theirs = pair(dtype)
    graph, x = batch(), nodes(DIMS, dtype)
    found = ours(x, laid_out(graph, layout)), sample_by_sample(theirs, graph, x)
    same(ours, theirs, found, x, tolerance)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_weights_of_a_relation_into_a_node_sum_to_one(layout):
    ours, _ = pair()
    graph, x = batch(), nodes(DIMS)
    found = ours.weights(x, laid_out(graph, layout))
    for key, index in edges(graph).items():
        total = torch.zeros(sum(SIZES[key[2]]), 3).double().index_add(0, index[1], found[key])
        reached = torch.zeros(len(total)).double().index_fill(0, index[1], 1)
        assert torch.allclose(total, reached[:, None].expand_as(total))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_weights_of_relations_are_those_of_pyg_and_sum_to_one(layout):
    ours, theirs = pair()
    graph, x = batch(), nodes(DIMS)
    found = ours.relation_weights(x, laid_out(graph, layout))
    total = {target: sum(found[key] for key in found if key[2] == target) for target in SIZES}
    assert all(torch.allclose(value, torch.ones_like(value)) for value in total.values())
    starts = ragged.offsets(SIZES["token"]).tolist()
    for sample in (0, 1, 3, 4):
        one, own = (graph, x) if layout == "edge_index" else alone(graph, x, sample)
        expected = theirs(own, edges(one), return_semantic_attention_weights=True)[1]["token"]
        into = [key for key in EDGE_TYPES if key[2] == "token"]
        for key, share in zip(into, expected, strict=True):
            assert torch.allclose(found[key][starts[sample]], share, atol=1e-12)


def test_relations_go_by_name_in_whatever_order_they_come():
    ours, _ = pair()
    graph, x = batch(), nodes(DIMS)
    relations = laid_out(graph, "planned")
    expected = ours(x, relations)
    for key, value in ours(x, dict(reversed(relations.items()))).items():
        assert torch.equal(value, expected[key])


@pytest.mark.parametrize("layout", ["planned", "edge_index"])
def test_gradcheck(layout):
    ours, _ = pair()
    graph, x = batch(), nodes(DIMS)
    relations = laid_out(graph, layout)

    def run(*values):
        return tuple(ours(dict(zip(x, values, strict=True)), relations).values())

    assert torch.autograd.gradcheck(run, tuple(x.values()), fast_mode=True)


def test_dropout_acts_in_training_only():
    ours, _ = pair()
    dropping = HANConv(DIMS, 6, METADATA, 3, dropout=0.5).double()
    dropping.load_state_dict(ours.state_dict())
    graph, x = batch(), nodes(DIMS)
    relations = laid_out(graph, "planned")
    first, second = dropping(x, relations), dropping(x, relations)
    assert not torch.allclose(first["region"], second["region"])
    assert torch.allclose(dropping.eval()(x, relations)["region"], ours(x, relations)["region"])


def test_no_samples_give_no_nodes_and_finite_gradients():
    conv = HANConv(4, 4, (["a", "b"], [("a", "to", "b"), ("b", "to", "b")]), 2)
    x = {key: torch.zeros(0, 4, requires_grad=True) for key in "ab"}
    out = conv(x, dict.fromkeys(conv.edge_types, torch.zeros(2, 0, dtype=torch.long)))
    assert {key: value.shape for key, value in out.items()} == {"b": (0, 4)}
    out["b"].sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in conv.parameters())


def test_errors_say_what_came_and_what_to_do():
    ours, _ = pair()
    graph, x = batch(), nodes(DIMS)
    with pytest.raises(InputError, match=r"HANConv\(out_dim=6, heads=4\): heads has to divide"):
        HANConv(DIMS, 6, METADATA, 4)
    with pytest.raises(InputError, match=r"the relation .* is missing .* take the relations of a planned"):
        ours(x, dict(list(laid_out(graph, "planned").items())[1:]))
