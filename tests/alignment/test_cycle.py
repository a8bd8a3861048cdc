import pytest
import torch
from torch.nn.functional import cosine_similarity, cross_entropy

from mmgraph.alignment import CycleAligner
from mmgraph.errors import InputError
from tests.alignment.by_sample import by_sample, cosine_plans, same_gradients, without_target
from tests.alignment.every_aligner import WIDTH, example_sides


def example():
    aligner, sides = CycleAligner(WIDTH, temperature=0.3).double(), example_sides()
    return aligner, sides, (aligner.source(sides.source), aligner.target(sides.target))


def there_and_back(sides):
    """What returning costs, one node after the other; `sides` holds (from, by way of) of each sample."""
    terms = []
    for rows, columns in sides:
        for i in range(len(rows) if len(columns) else 0):
            way = (cosine_similarity(rows[i], columns, dim=-1) / 0.3).softmax(0)
            back = cosine_similarity(way @ columns, rows, dim=-1) / 0.3
            terms.append(cross_entropy(back[None], torch.tensor([i])))
    return torch.stack(terms)


def test_loss_and_gradients_are_those_of_loops_in_both_directions():
    aligner, sides, projected = example()
    samples = by_sample(*projected)
    there = there_and_back(samples)
    other = there_and_back([(columns, rows) for rows, columns in samples])
    assert (len(there), len(other)) == (8, 9)
    expected = (there.mean() + other.mean()) / 2
    found = aligner(sides).loss
    assert torch.allclose(found, expected, atol=1e-12)
    assert same_gradients(found, expected, list(aligner.parameters()))


def test_the_plan_is_a_softmax_of_the_projections_cosines():
    aligner, sides, projected = example()
    assert torch.allclose(aligner(sides).plan, cosine_plans(*projected, 0.3), atol=1e-12)


def test_training_leads_nodes_back():
    torch.manual_seed(4)
    aligner, sides, _ = example()
    optimizer = torch.optim.Adam(aligner.parameters(), lr=0.05)
    first = float(aligner(sides).loss.detach())
    for _ in range(30):
        optimizer.zero_grad()
        aligner(sides).loss.backward()
        optimizer.step()
    assert float(aligner(sides).loss.detach()) < 0.6 * first


def test_a_batch_that_lacks_a_side_costs_nothing():
    aligner, sides, _ = example()
    loss = aligner(without_target(sides)).loss
    gradients = torch.autograd.grad(loss, list(aligner.parameters()), allow_unused=True)
    assert float(loss.detach()) == 0
    assert all(gradient is None or float(gradient.abs().sum()) == 0 for gradient in gradients)


def test_a_temperature_of_zero_is_an_error():
    with pytest.raises(InputError, match=r"CycleAligner\(temperature=0.0"):
        CycleAligner(WIDTH, 0.0)
