import pytest
import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.propagate import propagate
from mmgraph.ops.relation import Relation, relation_of_edges
from tests.nn.relations import Case, cases

CASES = [*cases(), *cases("region", "region")]
IDS = [f"{number}-{case.name}" for number, case in enumerate(CASES)]


def relation_of(case: Case) -> Relation:
    if isinstance(case.relation, Tensor):
        return relation_of_edges(case.relation, case.num_sources, case.num_targets)
    return case.relation


def by_hand(case: Case, x: Tensor, weight: Tensor, left: Tensor, right: Tensor, reduce: str) -> Tensor:
    """A loop over the edges."""
    received: list[list[Tensor]] = [[] for _ in range(case.num_targets)]
    for number, (source, target) in enumerate(case.edge_index.T.tolist()):
        received[target].append(weight[number] * right[source] * x[source])
    rows = []
    for target, messages in enumerate(received):
        if not messages:
            rows.append(torch.zeros_like(x[0]))
            continue
        stacked = torch.stack(messages)
        found = {"sum": stacked.sum(0), "mean": stacked.mean(0), "max": stacked.amax(0)}[reduce]
        rows.append(left[target] * found)
    return torch.stack(rows)


def assert_same(ours: Tensor, theirs: Tensor, inputs: list[Tensor]) -> None:
    """Outputs and gradients of all inputs, under one random weighting."""
    assert torch.allclose(ours, theirs, atol=1e-10)
    toward = torch.randn_like(theirs)
    if theirs.requires_grad:
        first = torch.autograd.grad((ours * toward).sum(), inputs, allow_unused=True)
        second = torch.autograd.grad((theirs * toward).sum(), inputs, allow_unused=True)
        for mine, other in zip(first, second, strict=True):
            nothing = torch.zeros(())
            assert torch.allclose(nothing if mine is None else mine, nothing if other is None else other)


@pytest.mark.parametrize("case", CASES, ids=IDS)
@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_a_loop_over_the_edges(case, reduce, weighted):
    x, _ = case.x(3, 1)
    edges = case.edge_index.shape[1]
    weight = torch.rand(edges, dtype=torch.float64, requires_grad=True) if weighted else None
    left = torch.rand(case.num_targets, dtype=torch.float64, requires_grad=True)
    right = torch.rand(case.num_sources, dtype=torch.float64, requires_grad=True)
    relation = relation_of(case)
    ours = propagate(
        relation,
        Nodes(x, blocks=relation.source),
        reduce,
        weight,
        Nodes(right[:, None], blocks=relation.source),
        Nodes(left[:, None], blocks=relation.target),
    )
    factor = torch.ones(edges, dtype=torch.float64) if weight is None else weight
    theirs = by_hand(case, x, factor, left, right, reduce)
    assert_same(ours.flat, theirs, [x, left, right, *([] if weight is None else [weight])])


@pytest.mark.parametrize("case", CASES, ids=IDS)
@pytest.mark.parametrize("reduce", ["sum", "mean", "max"])
def test_equals_a_loop_without_any_weight(case, reduce):
    x, _ = case.x(3, 1)
    relation = relation_of(case)
    ones = [torch.ones(n, dtype=torch.float64) for n in (case.edge_index.shape[1], len(x), case.num_targets)]
    ours = propagate(relation, Nodes(x, blocks=relation.source), reduce)
    assert_same(ours.flat, by_hand(case, x, ones[0], ones[2], ones[1], reduce), [x])


def test_sums_over_a_complete_relation_are_held_once_for_a_sample():
    relation = relation_of(next(case for case in CASES if case.name == "complete"))
    found = propagate(relation, Nodes(torch.ones(relation.num_sources, 2), blocks=relation.source), "mean")
    assert found.shared
    assert found.padded.shape == (5, 1, 2)


def test_a_maximum_takes_no_weights():
    relation = relation_of(CASES[1])
    nodes = Nodes(torch.ones(relation.num_sources, 2), blocks=relation.source)
    with pytest.raises(InputError, match="takes no weights"):
        propagate(relation, nodes, "max", weight=torch.ones(relation.num_edges))
