import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, relations_of
from mmgraph.nn import GATConv, GCNConv, HeteroConv, SAGEConv, TransformerConv
from mmgraph.nn.convolution import as_relation
from mmgraph.ops.blocks import blocks
from mmgraph.ops.relation import relation_of_pairs
from tests.nn.relations import cases

EDGES = torch.tensor([[0, 1, 2], [1, 1, 0]])
KEY = ("a", "to", "b")


def test_edges_are_checked_before_they_are_sorted():
    for edges, words in (
        (EDGES.T, r"torch.int64 \[3, 2\]"),
        (EDGES.float(), r"torch.float32 \[2, 3\]"),
        (EDGES.tolist(), "came as list"),
        (COMPLETE, "lists no edges: take it from a planned batch"),
        (EDGES.flip(0) + 1, "name source nodes 1 to 2, but there are 2"),
        (EDGES - 1, "name source nodes -1 to 1"),
    ):
        with pytest.raises(InputError, match=words):
            as_relation(edges, 2 if "2, but" in words else 3, 3)


def test_rows_have_to_fit_the_relation():
    relation = as_relation(EDGES, 3, 2)
    with pytest.raises(InputError, match="got 3 source and 3 target nodes for a relation between 3 and 2"):
        as_relation(relation, 3, 3)
    for count in (2, 4):
        with pytest.raises(InputError, match=rf"edge_attr \[{count}\] for a relation of 3 edges"):
            GCNConv(4, 4)((torch.randn(3, 4), torch.randn(2, 4)), relation, torch.ones(count))


def test_nodes_are_matrices_of_floats():
    conv = SAGEConv(4, 4)
    with pytest.raises(InputError, match=r"torch.float32 \[3, 1, 4\]"):
        conv(torch.randn(3, 1, 4), EDGES)
    with pytest.raises(InputError, match=r"torch.int64 \[3, 4\]"):
        conv(torch.zeros(3, 4, dtype=torch.long), EDGES)
    with pytest.raises(InputError, match="nodes of width 5, but the layer was made for nodes of width 4"):
        conv(torch.randn(3, 5), EDGES)


def test_two_ends_are_two_types_even_with_the_same_numbers():
    x = torch.randn(3, 4)
    conv = GCNConv(4, 4)
    assert torch.equal(conv((x, x), EDGES), conv((x, x.clone()), EDGES))
    assert not torch.allclose(conv((x, x), EDGES), conv(x, EDGES)), "within one type there are self loops"


@pytest.mark.parametrize("slope", [0.0, -0.3, 1e-4, 0.2])
def test_absent_sources_stay_out_of_the_softmax_whatever_the_slope(slope):
    complete, listed = (next(c for c in cases() if c.name == name) for name in ("complete", "all-csr"))
    conv = GATConv((4, 4), 2, 3, slope=slope).double()
    x = complete.x(4, 4)
    assert torch.allclose(conv(x, complete.relation), conv(x, listed.relation), atol=1e-10)


def test_a_maximum_over_no_source_at_all_is_zero():
    relation = relation_of_pairs(
        blocks(torch.zeros(0, dtype=torch.long), (0, 0)), blocks(torch.tensor([0, 0, 1]), (2, 1)), 0
    )
    conv = SAGEConv((4, 4), 3, aggregate="max", root_weight=False)
    out = conv((torch.zeros(0, 4), torch.randn(3, 4)), relation)
    assert torch.equal(out, conv.lin_l.bias.expand(3, 3))


def test_one_softmax_needs_heads_that_fit():
    x = {"a": torch.randn(3, 4), "b": torch.randn(3, 4)}
    back = ("b", "back", "b")
    layer = HeteroConv({KEY: GATConv((4, 4), 2, 2), back: GATConv((4, 4), 4, 1)}, "softmax")
    with pytest.raises(InputError, match="2 heads of 2, 1 heads of 4"):
        layer(x, {KEY: EDGES, back: EDGES})
    with pytest.raises(InputError, match="give all the same concat"):
        HeteroConv({KEY: GATConv(4, 4, 2, concat=False), back: GATConv(4, 2, 2)}, "softmax")


def test_names_that_fall_together_are_an_error():
    with pytest.raises(InputError, match="both have the name"):
        HeteroConv({("a", "b___c", "d"): SAGEConv(4, 4), ("a___b", "c", "d"): SAGEConv(4, 4)})


def test_attributes_of_an_unknown_relation_are_an_error():
    layer = HeteroConv({KEY: GCNConv(4, 4)})
    x = {"a": torch.randn(3, 4), "b": torch.randn(2, 4)}
    with pytest.raises(InputError, match=r"edge_attr has .*'wrong'.* none of the layer's"):
        layer(x, {KEY: EDGES}, {("a", "wrong", "b"): torch.ones(3)})


@pytest.mark.parametrize("combine", ["sum", "softmax"])
def test_weights_of_all_relations_sum_to_one_where_they_should(combine):
    x = {"a": torch.randn(3, 4), "b": torch.randn(2, 4)}
    same, edges = ("b", "near", "b"), torch.tensor([[0, 1, 1], [0, 0, 1]])
    layer = HeteroConv({KEY: TransformerConv((4, 4), 2, 2), same: GATConv((4, 4), 2, 2)}, combine)
    found = layer.weights(x, {KEY: EDGES, same: edges})
    sums = [torch.zeros(2, 2).index_add(0, e[1], found[key]) for key, e in ((KEY, EDGES), (same, edges))]
    if combine == "softmax":
        assert torch.allclose(sums[0] + sums[1], torch.ones(2, 2))
    else:
        assert all(torch.allclose(total, torch.ones(2, 2)) for total in sums)
    with pytest.raises(InputError, match="has no attention, and so no weights"):
        HeteroConv({KEY: SAGEConv(4, 4)}).weights(x, {KEY: EDGES})


def test_an_edge_between_two_samples_has_no_place_on_a_grid():
    from tests.nn.every_layer import BACK, batch

    graph = batch()
    graph.edge_index[BACK][0, 0] = graph.num_nodes("region") - 1
    with pytest.raises(InputError, match="edge 0 joins node 9 of sample 4 to node 0 of sample 0"):
        relations_of(graph, "dense")
