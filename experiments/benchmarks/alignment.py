"""How fast and how right entropic transport is: ours against POT and against autograd through the iterations.

    python -m experiments.benchmarks.alignment --json alignment.json

A batch of 64 samples with 36 sources and 14 targets each, even masses, costs drawn from 0..1, float32, one
thread, 100 iterations of Sinkhorn's algorithm at each of six eps. The peers of the forward pass are POT's
batched solver (`ot.batch`, in the log domain, its default) and a loop over its solver of one problem (in
float64, in which its kernel does not underflow here). The peer of the backward pass is autograd through
batched iterations in the log domain, written below; forward and backward are timed together.

Before anything is timed, the plans of all sides are compared with that of the log domain in float64 after the
same iterations, ours also for a ragged batch: `sinkhorn.difference.*` is the largest difference at any eps,
over an even source's mass. What 100 iterations leave is the same for all: `sinkhorn.left.eps_*` is ours'
difference from the converged plan. Which that is, is found by many of our iterations in float64, and made
sure of by more in the log domain: `sinkhorn.converged.moved` is how far those move it, `.missed` what share
of the mass it misplaces. `sinkhorn.gradient.*.eps_*` is the mean difference of a side's gradient after 100
iterations from that of the converged plan, over the latter's mean size.

A speedup is the least of all eps; `.eps_*` that of each. `sinkhorn.forward.share_of_products` is the time of
the two hundred matrix products alone, over ours. `planted.*` are the shares of nodes that the aligners which
match structures recover, see experiments/benchmarks/planted.py.
"""

from collections.abc import Callable, Mapping
from functools import partial

import ot
import ot.batch
import torch
from torch import Tensor

from experiments.benchmarks import planted
from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.timing import interleaved, report
from mmgraph.ops.sinkhorn import even_mass, marginal_error, sinkhorn

BATCH, SOURCES, TARGETS, ITERATIONS = 64, 36, 14, 100
EPS = (1.0, 0.1, 0.05, 0.01, 0.005, 0.002)

Problem = tuple[Tensor, Tensor, Tensor]
"""Costs, source masses and target masses."""
Solve = Callable[[Tensor, Tensor, Tensor, float], Tensor]


def problem(ragged: bool = False) -> Problem:
    """Random costs and even masses; ragged with 1..36 sources and 1..14 targets."""
    masses = []
    for length in (SOURCES, TARGETS):
        size = torch.randint(1, length + 1, (BATCH, 1)) if ragged else torch.full((BATCH, 1), length)
        masses.append(even_mass(torch.arange(length) < size))
    return torch.rand(BATCH, SOURCES, TARGETS), *masses


def ours(cost: Tensor, source: Tensor, target: Tensor, eps: float) -> Tensor:
    # On the CPU a plan that misses its masses warns, which at a small eps every side's does.
    return sinkhorn(cost, source, target, eps, ITERATIONS, warn=False)


def log_domain(
    cost: Tensor, source: Tensor, target: Tensor, eps: float, start: Tensor | None = None
) -> Tensor:
    """Iterations that autograd can follow; from a given potential of the targets on, if there is one."""
    logits, log_source, log_target = -cost / eps, source.log(), target.log()
    f, g = log_source, (target > 0).to(cost.dtype).log() if start is None else start
    for _ in range(ITERATIONS):
        f = log_source - (logits + g[:, None, :]).logsumexp(2)
        g = log_target - (logits + f[:, :, None]).logsumexp(1)
    return (logits + f[:, :, None] + g[:, None, :]).exp()


def pot_batch(cost: Tensor, source: Tensor, target: Tensor, eps: float) -> Tensor:
    solved = ot.batch.solve_batch(cost, eps, source, target, max_iter=ITERATIONS, tol=0, grad="detach")
    return solved.plan


def pot_loop(cost: Tensor, source: Tensor, target: Tensor, eps: float) -> Tensor:
    """POT fits the first masses last, and all others the targets': hence the transpose."""
    given = [value.double().numpy() for value in (target, source, cost.transpose(1, 2))]
    plans = [
        ot.sinkhorn(*masses_and_cost, eps, numItermax=ITERATIONS, stopThr=0, warn=False)
        for masses_and_cost in zip(*given, strict=True)
    ]
    return torch.stack([torch.from_numpy(plan.T) for plan in plans])


FORWARD: dict[str, Solve] = {"ours": ours, "otbatch": pot_batch, "pot": pot_loop}
BACKWARD: dict[str, Solve] = {"ours": ours, "autograd": log_domain}


def gradient(solve: Solve, weight: Tensor, given: Problem, eps: float) -> Tensor:
    """The gradient of a weighted sum of the plan to the cost."""
    cost = given[0].detach().requires_grad_()
    plan = solve(cost, *given[1:], eps)
    return torch.autograd.grad((plan * weight).sum(), cost)[0]


def wide(given: Problem) -> Problem:
    """In float64, with masses that sum to one also there."""
    source, target = (even_mass(mass > 0, torch.float64) for mass in given[1:])
    return given[0].double(), source, target


def check_same(given: Problem, sides: Mapping[str, Solve]) -> dict[str, float]:
    """Each side's largest difference from the log domain in float64 after the same iterations."""
    found = dict.fromkeys(sides, 0.0)
    for eps in EPS:
        exact = log_domain(*wide(given), eps)
        for name, solve in sides.items():
            difference = SOURCES * float((solve(*given, eps) - exact).abs().max())
            assert difference < 1e-4, f"{name} is wrong at eps={eps}, by {difference}"
            found[name] = max(found[name], difference)
    return found


def check_converged(given: Problem, weight: Tensor, iterations: int) -> dict[str, float]:
    """What the plans and gradients after 100 iterations lack."""
    exact, figures = wide(given), {"converged.moved": 0.0, "converged.missed": 0.0}
    for eps in EPS:

        def long_run(cost: Tensor, source: Tensor, target: Tensor, eps: float) -> Tensor:
            return sinkhorn(cost, source, target, eps, iterations, warn=False)

        reached = long_run(*exact, eps)
        plan = log_domain(*exact, eps, start=(reached.log() + exact[0] / eps)[:, 0])
        moved = SOURCES * float((plan - reached).abs().max())
        figures["converged.moved"] = max(figures["converged.moved"], moved)
        missed = float(marginal_error(plan, *exact[1:]).max())
        figures["converged.missed"] = max(figures["converged.missed"], missed)
        figures[f"left.eps_{eps:g}"] = SOURCES * float((ours(*given, eps) - plan).abs().max())
        slope = gradient(long_run, weight.double(), exact, eps)
        for name, solve in BACKWARD.items():
            difference = (gradient(solve, weight, given, eps) - slope).abs().mean() / slope.abs().mean()
            figures[f"gradient.{name}.eps_{eps:g}"] = float(difference)
    return figures


def speedups(times: Mapping[tuple[str, float], float], direction: str) -> dict[str, float]:
    """Of ours over each peer: the least, and at each eps."""
    figures = {}
    for peer in dict.fromkeys(name for name, _ in times if name != "ours"):
        each = {eps: times[peer, eps] / times["ours", eps] for eps in EPS}
        figures[f"{direction}.speedup_{peer}"] = min(each.values())
        figures |= {f"{direction}.speedup_{peer}.eps_{eps:g}": value for eps, value in each.items()}
    return figures


@torch.no_grad()
def products(given: Problem) -> None:
    """The matrix products of all iterations."""
    cost, source, target = given
    for _ in range(ITERATIONS):
        torch.bmm(target[:, None, :], cost.transpose(1, 2))
        torch.bmm(source[:, None, :], cost)


def main(quick: bool = False, json: str | None = None) -> None:
    """Check all sides, then time them in turn, with one thread.

    Args:
        quick: fewer rounds, and a less converged reference.
        json: where the figures go, as a flat JSON object.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    given, weight = problem(), torch.randn(BATCH, SOURCES, TARGETS)
    same = check_same(given, {**FORWARD, "log_domain": log_domain})
    ragged = check_same(problem(ragged=True), {"ragged": ours})
    figures = {f"difference.{name}": value for name, value in {**same, **ragged}.items()}
    figures |= check_converged(given, weight, 2_000 if quick else 20_000)
    rounds = 3 if quick else 9
    forward = {(name, eps): partial(solve, *given, eps) for name, solve in FORWARD.items() for eps in EPS}
    backward = {
        (name, eps): partial(gradient, solve, weight, given, eps)
        for name, solve in BACKWARD.items()
        for eps in EPS
    }
    seconds = interleaved(
        {("forward", *key): call for key, call in forward.items()}
        | {("backward", *key): call for key, call in backward.items()}
        | {("forward", "products", 0.0): partial(products, given)},
        rounds,
        calls=1,
    )
    for direction, sides in (("forward", forward), ("backward", backward)):
        figures |= speedups({key: seconds[direction, *key] for key in sides}, direction)
    slowest = max(seconds["forward", "ours", eps] for eps in EPS)
    figures["forward.share_of_products"] = seconds["forward", "products", 0.0] / slowest
    named = {f"{direction}.{name}, eps {eps:g}": value for (direction, name, eps), value in seconds.items()}
    title = f"{BATCH} samples, {SOURCES} sources, {TARGETS} targets, {ITERATIONS} iterations"
    found = {f"sinkhorn.{name}": value for name, value in figures.items()}
    found |= planted.figures(planted.GRAPHS // 5 if quick else planted.GRAPHS)
    report(title, named, found, json)


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "fewer rounds, and a less converged reference")))
