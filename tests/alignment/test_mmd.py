import pytest
import torch

from mmgraph.alignment import MMDAligner
from mmgraph.errors import InputError
from mmgraph.ops.maximum_mean_discrepancy import maximum_mean_discrepancy
from tests.alignment.by_sample import cosine_plans, same_gradients, without_target
from tests.alignment.every_aligner import WIDTH, example_sides

SCALES = (0.5, 2.0)


def example(**options):
    aligner, sides = MMDAligner(WIDTH, SCALES, temperature=0.3, **options).double(), example_sides()
    return aligner, sides, (aligner.source(sides.source), aligner.target(sides.target))


def test_loss_is_the_discrepancy_of_the_projected_nodes_and_the_plan_is_of_their_cosines():
    aligner, sides, projected = example()
    found, expected = aligner(sides), maximum_mean_discrepancy(*projected, SCALES)
    assert torch.allclose(found.loss, expected, atol=1e-12)
    assert same_gradients(found.loss, expected, list(aligner.parameters()))
    assert torch.allclose(found.plan, cosine_plans(*projected, 0.3), atol=1e-12)


def test_of_many_nodes_some_are_compared_at_even_steps():
    aligner, sides, (source, target) = example(max_nodes=4)
    assert (len(source), len(target)) == (10, 11)
    expected = maximum_mean_discrepancy(source[[0, 2, 5, 7]], target[[0, 2, 5, 8]], SCALES)
    assert torch.allclose(aligner(sides).loss, expected, atol=1e-12)


def test_training_brings_the_sides_together():
    aligner, sides, _ = example()
    sides = type(sides)(sides.source + 3, sides.target, sides.source_blocks, sides.target_blocks)
    optimizer = torch.optim.Adam(aligner.parameters(), lr=0.05)
    first = float(aligner(sides).loss.detach())
    for _ in range(30):
        optimizer.zero_grad()
        aligner(sides).loss.backward()
        optimizer.step()
    assert float(aligner(sides).loss.detach()) < 0.3 * first


def test_a_batch_that_lacks_a_side_costs_nothing():
    assert float(example()[0](without_target(example_sides())).loss) == 0


def test_arguments_out_of_range_are_errors():
    for wrong in ((), (1.0, 0.0)):
        with pytest.raises(InputError, match=r"scales=.*each above 0"):
            MMDAligner(WIDTH, wrong)
    with pytest.raises(InputError, match="max_nodes=0"):
        MMDAligner(WIDTH, max_nodes=0)
    with pytest.raises(InputError, match=r"temperature=0\.0"):
        MMDAligner(WIDTH, temperature=0.0)
