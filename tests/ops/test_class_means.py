import pytest
import torch

from mmgraph.ops.class_means import class_means
from mmgraph.ops.nodes import Nodes
from tests.nn.relations import cases
from tests.ops.attention import close, relation_of

WIDTH, CLASSES = 3, 4
CASES = cases()
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def found(case, x, classes, count=CLASSES):
    relation = relation_of(case)
    return class_means(relation, Nodes(x, blocks=relation.source), classes, count).flat


def by_hand(case, x, classes):
    """A loop over targets and classes."""
    rows = []
    for target in range(case.num_targets):
        for number in range(CLASSES):
            here = (case.edge_index[1] == target) & (classes == number)
            neighbours = x[case.edge_index[0][here]]
            rows.append(neighbours.mean(0) if len(neighbours) else torch.zeros_like(x[0]))
    return torch.stack(rows).view(case.num_targets, CLASSES * WIDTH)


@every_case
def test_means_and_gradients_are_those_of_a_loop(case):
    x, _ = case.x(WIDTH, 1)
    classes = torch.randint(0, CLASSES, case.edge_index.shape[1:])
    close(found(case, x, classes), by_hand(case, x, classes), {"x": x})


@every_case
@pytest.mark.parametrize("wrong", [-1, -7, CLASSES, CLASSES + 1, 1000])
def test_an_edge_whose_class_is_out_of_range_is_ignored(case, wrong):
    x, _ = case.x(WIDTH, 1)
    classes = torch.randint(0, CLASSES, case.edge_index.shape[1:])
    classes[::2] = wrong
    close(found(case, x, classes), by_hand(case, x, classes), {"x": x})


@every_case
@pytest.mark.parametrize("dtype", [torch.int32, torch.int16])
def test_classes_may_be_any_integers(case, dtype):
    x, _ = case.x(WIDTH, 1)
    classes = torch.randint(0, CLASSES, case.edge_index.shape[1:])
    assert torch.equal(found(case, x, classes.to(dtype)), found(case, x, classes))


@every_case
def test_means_in_a_short_precision_stay_in_it_and_are_near(case):
    x = case.x(WIDTH, 1)[0].detach()
    classes = torch.randint(0, CLASSES, case.edge_index.shape[1:])
    short = found(case, x.bfloat16(), classes)
    assert short.dtype == torch.bfloat16
    assert torch.allclose(short.double(), by_hand(case, x, classes), atol=0.03)
