import numpy as np
import pytest
import torch

from mmgraph.alignment import CORALAligner
from mmgraph.errors import InputError
from tests.alignment.by_sample import cosine_plans, without_target
from tests.alignment.every_aligner import WIDTH, example_sides


def example():
    aligner, sides = CORALAligner(WIDTH, temperature=0.3).double(), example_sides()
    return aligner, sides, (aligner.source(sides.source), aligner.target(sides.target))


def test_loss_is_the_distance_of_covariances_and_the_plan_is_of_cosines():
    aligner, sides, projected = example()
    spreads = [np.cov(side.detach().numpy(), rowvar=False) for side in projected]
    alignment = aligner(sides)
    expected = ((spreads[0] - spreads[1]) ** 2).sum() / (4 * WIDTH**2)
    assert abs(float(alignment.loss.detach()) - expected) < 1e-12
    assert torch.allclose(alignment.plan, cosine_plans(*projected, 0.3), atol=1e-12)


def test_training_brings_the_covariances_together():
    aligner, sides, _ = example()
    sides = type(sides)(3 * sides.source, sides.target, sides.source_blocks, sides.target_blocks)
    optimizer = torch.optim.Adam(aligner.parameters(), lr=0.02)
    first = float(aligner(sides).loss.detach())
    for _ in range(30):
        optimizer.zero_grad()
        aligner(sides).loss.backward()
        optimizer.step()
    assert float(aligner(sides).loss.detach()) < 0.3 * first


def test_a_side_with_fewer_than_two_nodes_costs_nothing():
    aligner, sides, _ = example()
    assert float(aligner(without_target(sides)).loss) == 0
    assert float(aligner(example_sides(samples=(3,))).loss) == 0


def test_a_temperature_of_zero_is_an_error():
    with pytest.raises(InputError, match=r"CORALAligner\(temperature=0.0"):
        CORALAligner(WIDTH, 0.0)
