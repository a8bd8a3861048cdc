import torch

from mmgraph.encoders import EdgeScaler
from mmgraph.graph import EdgeSpec, HeteroGraph, NodeSpec, Schema

BOTH, SCORED, PLAIN = ("a", "both", "a"), ("a", "scored", "a"), ("a", "plain", "a")
SCHEMA = Schema(
    {"a": NodeSpec(1)},
    {
        BOTH: EdgeSpec(attr_dim=2, scored=True),
        SCORED: EdgeSpec(classes=("x", "y"), scored=True),
        PLAIN: EdgeSpec(),
    },
)


def graph(edges=40):
    index = torch.randint(0, 6, (2, edges))
    return HeteroGraph.create(
        SCHEMA,
        1,
        sizes={"a": (6,)},
        x={"a": torch.randn(6, 1)},
        edge_index=dict.fromkeys(SCHEMA.edges, index),
        edge_attr={BOTH: 7 * torch.randn(edges, 2) - 3, SCORED: torch.randint(0, 2, (edges,))},
        edge_score={BOTH: 100 + torch.rand(edges), SCORED: -torch.rand(edges)},
    )


def test_attributes_and_scores_get_mean_zero_and_deviation_one_and_classes_stay():
    scaler, given = EdgeScaler(SCHEMA), graph()
    scaler.fit(given)
    scaled = scaler(given)
    for values in (
        scaled.edge_attr[BOTH],
        scaled.edge_score[BOTH][:, None],
        scaled.edge_score[SCORED][:, None],
    ):
        assert torch.allclose(values.mean(0), torch.zeros(values.shape[1]), atol=1e-4)
        assert torch.allclose(values.std(0), torch.ones(values.shape[1]), atol=1e-4)
    assert torch.equal(scaled.edge_attr[SCORED], given.edge_attr[SCORED])
    other = graph(3)
    expected = (other.edge_attr[BOTH] - given.edge_attr[BOTH].mean(0)) / given.edge_attr[BOTH].std(0)
    assert torch.allclose(scaler(other).edge_attr[BOTH], expected, atol=1e-4)


def test_what_was_not_fitted_or_has_no_edges_changes_nothing():
    scaler = EdgeScaler(SCHEMA)
    scaler.fit(graph(1))
    given = graph()
    assert torch.equal(scaler(given).edge_attr[BOTH], given.edge_attr[BOTH])
    assert scaler(graph(0)).edge_score[SCORED].shape == (0,)


def test_equal_values_stay_finite():
    scaler, given = EdgeScaler(SCHEMA), graph()
    given.edge_score[BOTH].fill_(4.0)
    scaler.fit(given)
    assert torch.equal(scaler(given).edge_score[BOTH], torch.zeros(40))


def test_the_order_of_the_schema_changes_nothing():
    given, turned = graph(), Schema(SCHEMA.nodes, dict(reversed(SCHEMA.edges.items())))
    first, second = EdgeScaler(SCHEMA), EdgeScaler(turned)
    first.fit(given)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(given).edge_score[BOTH], second(given).edge_score[BOTH])
