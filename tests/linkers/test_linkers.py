"""Every linker against a double loop over the nodes of each sample."""

import ot
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.graph import COMPLETE, EdgeSpec, HeteroGraph, NodeSpec, Sample, Schema, collate, validate
from mmgraph.linkers import (
    CompleteLinker,
    PairLinker,
    SimilarityLinker,
    SpatialLinker,
    TemporalLinker,
    TransportLinker,
)

SCHEMA = Schema(
    {
        "region": NodeSpec(3, pos="box"),
        "token": NodeSpec(3, pos="characters"),
        "segment": NodeSpec(5, pos="seconds"),
        "word": NodeSpec(0, 10, "characters"),
    }
)
LINKERS = [
    CompleteLinker("token", "region"),
    SimilarityLinker("token", "region", k=2),
    SimilarityLinker("region", "region", k=2),
    SimilarityLinker("token", "region", k=2, mutual=True),
    SimilarityLinker("token", "region", k=None, threshold=0.3),
    SimilarityLinker("token", "region", k=2, threshold=0.3),
    TemporalLinker("segment", "token"),
    TemporalLinker("segment", "segment", minimum=0.5, relation="with"),
    SpatialLinker("region", "region"),
    PairLinker("token", "region"),
    TransportLinker("token", "region"),
    TransportLinker("token", "region", threshold=None, k=2, null_cost=1.0, eps=0.1),
]


def sample(regions: int, tokens: int, segments: int) -> HeteroGraph:
    corner = torch.rand(regions, 2) * 0.5
    start = torch.rand(segments, 1)
    heard = torch.rand(tokens, 1)
    return HeteroGraph.create(
        SCHEMA,
        [Sample("s", text="x" * 99)],
        x={
            "region": torch.randn(regions, 3),
            "token": torch.randn(tokens, 3),
            "segment": torch.randn(segments, 5),
        },
        pos={
            "region": torch.cat([corner, corner + torch.rand(regions, 2) * 0.5], 1),
            "token": torch.arange(tokens)[:, None] + torch.tensor([0, 1]),
            "segment": torch.cat([start, start + torch.rand(segments, 1)], 1),
        },
        extra={"token": {"seconds": torch.cat([heard, heard + 0.2], 1)}},
    )


@pytest.fixture
def samples() -> list[HeteroGraph]:
    return [sample(4, 3, 5), sample(0, 3, 2), sample(3, 0, 0), sample(2, 5, 1)]


def edges_of(graph: HeteroGraph) -> tuple[list[list[int]], list[float]]:
    (edge_type,) = graph.schema.edges
    return graph.edges(edge_type).T.tolist(), graph.edge_score.get(edge_type, torch.ones(0)).tolist()


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(a, b, dim=0))


@pytest.mark.parametrize("linker", LINKERS, ids=lambda linker: repr(linker)[:60])
def test_a_batch_is_linked_as_its_samples_are(linker, samples):
    together = validate(linker(collate(samples)))
    assert together.equal(collate([linker(one) for one in samples]))


@pytest.mark.parametrize("linker", LINKERS, ids=lambda linker: repr(linker)[:60])
def test_no_nodes_give_no_edges(linker):
    empty = validate(linker(collate([sample(0, 0, 0)])))
    (edge_type,) = empty.schema.edges
    assert empty.num_edges(edge_type) == 0


def test_a_complete_link_stores_no_edges_and_means_every_pair():
    graph = CompleteLinker("token", "region")(sample(2, 3, 0))
    assert graph.edge_index["token", "informs", "region"] is COMPLETE
    assert edges_of(graph)[0] == [[i, j] for i in range(3) for j in range(2)]


def test_nearest_links_are_the_highest_cosines():
    graph = sample(6, 4, 0)
    found, score = edges_of(SimilarityLinker("token", "region", k=2)(graph))
    x, y = graph.x["token"], graph.x["region"]
    expected = []
    for i in range(4):
        ranked = sorted(((cosine(x[i], y[j]), j) for j in range(6)), reverse=True)[:2]
        expected += [([i, j], value) for value, j in ranked]
    assert found == [pair for pair, _ in expected]
    assert score == pytest.approx([value for _, value in expected], abs=1e-6)


def test_mutual_links_are_near_in_both_directions():
    graph = sample(6, 5, 0)
    forward = edges_of(SimilarityLinker("token", "region", k=2)(graph))[0]
    back = edges_of(SimilarityLinker("region", "token", k=2)(graph))[0]
    found = edges_of(SimilarityLinker("token", "region", k=2, mutual=True)(graph))[0]
    assert found == [pair for pair in forward if pair[::-1] in back]
    assert 0 < len(found) < len(forward)


def test_transport_links_are_the_large_shares_of_a_plan():
    graph = sample(6, 4, 0)
    x, y = (torch.nn.functional.normalize(graph.x[end].double()) for end in ("token", "region"))
    plan = ot.sinkhorn([], [], (1 - x @ y.T).numpy(), 0.1, stopThr=1e-12, numItermax=10_000)
    shares = 4 * torch.from_numpy(plan)
    expected = {(i, j): float(shares[i, j]) for i in range(4) for j in range(6) if shares[i, j] >= 0.2}
    found, score = edges_of(TransportLinker("token", "region", threshold=0.2, eps=0.1)(graph))
    assert dict(zip(map(tuple, found), score, strict=True)) == pytest.approx(expected, abs=1e-6)
    assert 4 < len(expected) < 24
    found, score = edges_of(TransportLinker("token", "region", threshold=None, k=2, eps=0.1)(graph))
    best = shares.topk(2)
    assert found == [[i, j] for i in range(4) for j in best.indices[i].tolist()]
    assert score == pytest.approx(best.values.flatten().tolist(), abs=1e-6)


def test_transport_takes_every_target_where_the_nearest_leave_some():
    graph = sample(3, 3, 0)
    graph.x["token"][:] = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.1, 0.0], [1.0, 0.0, 0.2]])
    graph.x["region"][:] = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    nearest = edges_of(SimilarityLinker("token", "region", k=1)(graph))[0]
    assert nearest == [[0, 0], [1, 0], [2, 0]]
    matched = edges_of(TransportLinker("token", "region", threshold=0.5, eps=0.02)(graph))[0]
    assert matched == [[0, 0], [1, 1], [2, 2]]
    apart = TransportLinker("token", "region", threshold=0.3, eps=0.05, null_cost=0.5)
    assert all(target == 0 for _, target in edges_of(apart(graph))[0])


def test_a_threshold_keeps_the_cosines_above_it():
    graph = sample(6, 5, 0)
    found = edges_of(SimilarityLinker("token", "region", k=None, threshold=0.3)(graph))[0]
    x, y = graph.x["token"], graph.x["region"]
    assert found == [[i, j] for i in range(5) for j in range(6) if cosine(x[i], y[j]) >= 0.3]


def test_a_node_is_not_similar_to_itself():
    found = edges_of(SimilarityLinker("region", "region", k=9)(sample(4, 0, 0)))[0]
    assert sorted(found) == [[i, j] for i in range(4) for j in range(4) if i != j]


def test_overlap_in_time_is_a_share_of_the_shorter():
    graph = sample(0, 4, 5)
    found, score = edges_of(TemporalLinker("segment", "token")(graph))
    a, b = graph.pos["segment"], graph.extra["token"]["seconds"]
    expected = {}
    for i in range(5):
        for j in range(4):
            shared = float(torch.min(a[i, 1], b[j, 1]) - torch.max(a[i, 0], b[j, 0]))
            if shared > 0:
                shorter = min(float(a[i, 1] - a[i, 0]), float(b[j, 1] - b[j, 0]))
                expected[i, j] = shared / shorter
    assert dict(zip(map(tuple, found), score, strict=True)) == pytest.approx(expected, abs=1e-5)
    assert expected


def test_an_instant_coincides_with_the_interval_around_it_and_touching_does_not_count():
    graph = sample(0, 3, 1)
    seconds = torch.tensor([[0.5, 0.5], [1.0, 2.0], [3.0, 3.0]])
    graph.pos["segment"][:] = torch.tensor([[0.0, 1.0]])
    graph.extra["token"]["seconds"][:] = seconds
    assert edges_of(TemporalLinker("segment", "token")(graph)) == ([[0, 0]], [1.0])


def test_overlap_in_space_is_intersection_over_union():
    graph = sample(3, 0, 0)
    graph.pos["region"][:] = torch.tensor([[0, 0, 0.5, 0.5], [0.25, 0, 0.75, 0.5], [0.75, 0.75, 1, 1]])
    found, score = edges_of(SpatialLinker("region", "region")(graph))
    assert found == [[0, 1], [1, 0]]
    assert score == pytest.approx([1 / 3, 1 / 3])


def test_given_pairs_become_edges_with_their_scores(samples):
    items = [[(0, 1), (2, 3)], None, [], [(4, 1, 0.25)]]
    graph = validate(PairLinker("token", "region")(collate(samples), items))
    assert edges_of(graph) == ([[0, 1], [2, 3], [10, 8]], [1.0, 1.0, 0.25])


def test_a_second_linker_on_a_relation_keeps_its_origin(samples):
    graph = SimilarityLinker("token", "region", k=1)(collate(samples))
    both = validate(PairLinker("token", "region", "resembles")(graph, [[(0, 0)], None, None, [(1, 1)]]))
    spec = both.schema.edges["token", "resembles", "region"]
    assert spec.origins == ("SimilarityLinker", "PairLinker")
    assert both.edge_origin["token", "resembles", "region"].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda g: CompleteLinker("token", "tree")(g), "no node type 'tree'"),
        (lambda g: SimilarityLinker("token", "segment")(g), "3 wide for 'token' and 5 for 'segment'"),
        (lambda g: SimilarityLinker("word", "region")(g), "'word' nodes are ids"),
        (lambda g: SimilarityLinker("token", "region", embedding="clip")(g), "no extra 'clip'"),
        (lambda g: SimilarityLinker("token", "region", k=None), "needs a threshold"),
        (lambda g: SimilarityLinker("token", "region", k=0), "at least 1"),
        (lambda g: TransportLinker("token", "segment")(g), "TransportLinker: x is 3 wide for 'token'"),
        (lambda g: TransportLinker("word", "region")(g), "TransportLinker: 'word' nodes are ids"),
        (lambda g: TransportLinker("region", "region"), "'region' twice"),
        (lambda g: TransportLinker("token", "region", threshold=None), "needs k"),
        (lambda g: TransportLinker("token", "region", threshold=0.0), "share above 0"),
        (lambda g: TransportLinker("token", "region", k=0), "at least 1"),
        (lambda g: TransportLinker("token", "region", eps=0.0), "eps=0.0"),
        (lambda g: TransportLinker("token", "region", iterations=0), "iterations=0"),
        (lambda g: TemporalLinker("region", "token")(g), "'region' nodes have no times"),
        (lambda g: SpatialLinker("token", "region")(g), "'token' nodes have no boxes"),
        (lambda g: PairLinker("token", "region")(g, [[(0, 9)]]), r"pairs of sample 's'\[0\] is \[0.0, 9.0\]"),
        (lambda g: PairLinker("token", "region")(g, [[(0, 0.5)]]), "number them from 0"),
        (lambda g: PairLinker("token", "region")(g, [[0, 1]]), r"expected \[pairs, 2\]"),
        (lambda g: PairLinker("token", "region")(g, [["a", "b"]]), "expected .source, target."),
        (lambda g: PairLinker("token", "region")(g, [[(0, 0, float("nan"))]]), "not finite"),
        (lambda g: PairLinker("token", "region")(g, []), "pairs for 0 samples"),
    ],
)
def test_errors_say_what_is_wrong(make, message):
    with pytest.raises(InputError, match=message):
        make(sample(2, 2, 2))


def test_a_relation_of_another_kind_is_refused():
    graph = SimilarityLinker("token", "region", relation="informs")(sample(2, 2, 0))
    with pytest.raises(InputError, match="another relation name"):
        CompleteLinker("token", "region")(graph)
    assert EdgeSpec(scored=True, origins=("SimilarityLinker",)) in graph.schema.edges.values()


@pytest.mark.parametrize(
    "linker",
    [
        SimilarityLinker("region", "region", k=None, threshold=-1.0),
        TemporalLinker("segment", "segment"),
        SpatialLinker("region", "region"),
    ],
)
def test_no_linker_joins_a_node_to_itself_and_both_ways_need_no_reverse(linker, samples):
    graph = linker(collate(samples))
    (edge_type,) = graph.schema.edges
    edges = graph.edges(edge_type)
    assert bool((edges[0] != edges[1]).all())
    assert {tuple(pair) for pair in edges.T.tolist()} == {tuple(pair[::-1]) for pair in edges.T.tolist()}
    assert graph.with_reverse() is graph


def test_edges_cannot_be_added_behind_a_reverse(samples):
    graph = SimilarityLinker("token", "region", k=1)(collate(samples)).with_reverse()
    with pytest.raises(InputError, match="before with_reverse"):
        PairLinker("token", "region", "resembles")(graph)
