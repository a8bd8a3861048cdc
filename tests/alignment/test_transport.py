from dataclasses import replace

import numpy as np
import ot
import pytest
import torch

from mmgraph.alignment import TransportAligner, shares
from mmgraph.errors import InputError
from tests.alignment.every_aligner import SOURCES, TARGETS, WIDTH, example_sides


def costs(aligner, sides, number):
    """One less the cosine of one sample's projected nodes."""
    rows = torch.nn.functional.normalize(aligner.source(sides.source))
    columns = torch.nn.functional.normalize(aligner.target(sides.target))
    starts = [sum(sizes[:number]) for sizes in (SOURCES, TARGETS)]
    rows = rows[starts[0] : starts[0] + SOURCES[number]]
    return (1 - rows @ columns[starts[1] : starts[1] + TARGETS[number]].T).detach().numpy()


def expected(aligner, sides, solve):
    plan = torch.zeros(6, 4, 4, dtype=torch.float64)
    for number, (s, t) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        if s and t:
            masses = np.full(s, 1 / s), np.full(t, 1 / t)
            plan[number, :s, :t] = torch.from_numpy(solve(*masses, costs(aligner, sides, number)))
    return plan


def log_sinkhorn(source, target, cost, eps=0.05):
    return ot.sinkhorn(source, target, cost, eps, "sinkhorn_log", 20_000, stopThr=1e-12)


def test_the_plan_is_pot_s_of_even_masses_and_cosines():
    aligner, sides = TransportAligner(WIDTH).double(), example_sides()
    plan = aligner(sides).plan
    assert torch.allclose(plan, expected(aligner, sides, log_sinkhorn), atol=1e-6)
    whole = torch.tensor([[s > 0 and t > 0] for s, t in zip(SOURCES, TARGETS, strict=True)])
    assert torch.allclose(
        shares(plan, sides.source_mask).sum(-1), (sides.source_mask & whole).double(), atol=1e-3
    )


def test_with_a_null_cost_it_is_pot_s_with_a_null_node_on_each_side():
    def solve(source, target, cost):
        extended = np.pad(cost, ((0, 1), (0, 1)), constant_values=0.7)
        return log_sinkhorn(np.append(source, 1), np.append(target, 1), extended, 0.2)[:-1, :-1]

    aligner, sides = TransportAligner(WIDTH, eps=0.2, null_cost=0.7).double(), example_sides()
    aligner.null_cost.data.fill_(0.7)  # Rounded to float32 when it was made.
    plan = aligner(sides).plan
    assert torch.allclose(plan, expected(aligner, sides, solve), atol=1e-6)
    assert float(shares(plan, sides.source_mask)[0, 0].detach().sum()) < 0.9


def test_with_rho_it_is_pot_s_unbalanced_plan():
    def solve(source, target, cost):
        return ot.unbalanced.sinkhorn_unbalanced(
            source, target, cost, 0.05, 0.5, reg_type="kl", numItermax=20_000, stopThr=1e-12
        )

    aligner, sides = TransportAligner(WIDTH, rho=0.5).double(), example_sides()
    assert torch.allclose(aligner(sides).plan, expected(aligner, sides, solve), atol=1e-8)


def test_the_loss_is_the_weighted_mean_cost_of_the_plans_and_zero_by_default():
    sides = example_sides()
    aligner = TransportAligner(WIDTH, cost_weight=0.3).double()
    found = aligner(sides)
    spent = [
        (found.plan[number, :s, :t].detach().numpy() * costs(aligner, sides, number)).sum()
        for number, (s, t) in enumerate(zip(SOURCES, TARGETS, strict=True))
        if s and t
    ]
    assert float(found.loss) == pytest.approx(0.3 * sum(spent) / 6)
    assert float(TransportAligner(WIDTH).double()(sides).loss) == 0


def test_training_on_the_plan_finds_a_planted_matching():
    torch.manual_seed(0)
    sides = example_sides(torch.float32, samples=(0,))
    source = torch.randn(3, WIDTH)
    map_ = torch.randn(WIDTH, WIDTH)
    sides = replace(
        sides, source=source, target=torch.cat([(source @ map_)[[2, 0, 1]], torch.randn(1, WIDTH)])
    )
    aligner = TransportAligner(WIDTH, eps=0.1)
    wanted = torch.tensor([1, 2, 0])
    optimiser = torch.optim.Adam(aligner.parameters(), 0.01)
    for _ in range(60):
        share = shares(aligner(sides).plan, sides.source_mask)[0]
        loss = -share[torch.arange(3), wanted].clamp(min=1e-6).log().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert torch.equal(share[:, :3].argmax(1), wanted)
    # The masses let a source give three quarters of itself to a target, the rest to the fourth.
    assert float(share[torch.arange(3), wanted].min()) > 0.7


def test_the_null_cost_is_learned():
    aligner = TransportAligner(WIDTH, eps=0.1, null_cost=0.8)
    (1 - aligner(example_sides(torch.float32)).plan.sum()).backward()
    # Costing more, the null nodes take less.
    assert float(aligner.null_cost.grad) < 0


def test_half_precision_nodes_have_a_plan():
    aligner, sides = TransportAligner(WIDTH), example_sides(torch.float32)
    narrow = replace(sides, source=sides.source.bfloat16(), target=sides.target.bfloat16())
    found = aligner.bfloat16()(narrow)
    assert found.plan.dtype == found.loss.dtype == torch.bfloat16
    assert float(found.plan[0].float().sum()) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eps": 0.0}, r"eps=0.0"),
        ({"iterations": 0}, r"iterations=0"),
        ({"rho": -1.0}, r"rho=-1.0"),
        ({"cost_weight": -0.1}, r"cost_weight=-0.1"),
        ({"null_cost": 0.5, "rho": 1.0}, r"both null_cost and rho"),
    ],
)
def test_errors_say_what_came(options, message):
    with pytest.raises(InputError, match=message):
        TransportAligner(WIDTH, **options)
