import pytest
import torch

from mmgraph.ops.blocks import blocks
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.relation import relation_of_edges
from mmgraph.ops.scores import Additive, Dot, Pairwise, Score
from tests.nn.relations import cases
from tests.ops.attention import HEADS, SCORES, WIDTH, close, logit, relation_of, score_of, values_of

NAMES = [case.name for case in cases()]


def both_forms(score, relation):
    """The logits of the edges, in the edges' order, from each layout that the relation holds."""
    if relation.grid is not None:
        yield relation.from_grid(score.grid(relation).permute(0, 2, 3, 1))
    if relation.csr is not None:
        logits = score.edges(relation)
        yield torch.zeros_like(logits).index_copy(0, relation.csr.order, logits)


@pytest.mark.parametrize("edge", [False, True], ids=["plain", "edges"])
@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize("name", NAMES)
def test_logits_are_those_of_the_equation_in_every_layout(name, kind, edge):
    case = next(case for case in cases() if case.name == name)
    relation, values = relation_of(case), values_of(case, kind)
    score = score_of(kind, values, relation, edge)
    pairs = case.edge_index.T.tolist()
    expected = [logit(kind, values, i, j, n if edge else None) for n, (j, i) in enumerate(pairs)]
    expected = torch.stack(expected) if expected else torch.zeros(0, HEADS).double()
    found = list(both_forms(score, relation))
    assert found
    for logits in found:
        close(logits, expected, values)


def test_each_names_its_work_its_heads_and_is_a_score():
    nodes, vector = Nodes(torch.zeros(2, HEADS * WIDTH)), torch.zeros(HEADS, WIDTH)
    works = {"dot": Dot(nodes, nodes, HEADS, 1.0), "additive": Additive(nodes, nodes, HEADS)}
    works["pairwise"] = Pairwise(nodes, nodes, vector)
    for work, score in works.items():
        assert isinstance(score, Score)
        assert (score.work, score.heads) == (work, HEADS)


@pytest.mark.parametrize("kind", SCORES)
def test_gradcheck(kind):
    case = next(case for case in cases() if case.name == "some-csr")
    relation, values = relation_of(case), values_of(case, kind)

    def run(*leaves):
        return score_of(kind, dict(zip(values, leaves, strict=True)), relation, True).edges(relation)

    assert torch.autograd.gradcheck(run, tuple(values.values()), fast_mode=True)


@pytest.mark.parametrize("form", ["dense", "csr"])
@pytest.mark.parametrize("end", ["source", "target"])
def test_two_thousand_short_gradients_of_one_end_sum_to_two_thousand(form, end):
    one, many = (blocks(torch.zeros(count, dtype=torch.long), (count,)) for count in (1, 2000))
    index = torch.stack([torch.zeros(2000, dtype=torch.long), torch.arange(2000)])
    x, others = (torch.ones(n, 1, dtype=torch.bfloat16, requires_grad=True) for n in (1, 2000))
    if end == "source":
        relation, ends = relation_of_edges(index, 1, 2000, one, many, form), (others, x)
    else:
        relation, ends = relation_of_edges(index.flip(0), 2000, 1, many, one, form), (x, others)
    score = Additive(Nodes(ends[0], blocks=relation.target), Nodes(ends[1], blocks=relation.source), 1)
    (score.grid(relation) if form == "dense" else score.edges(relation)).sum().backward()
    assert x.grad.tolist() == [[2000]]
