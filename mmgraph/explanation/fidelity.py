"""How much a model's answer depends on the nodes that an explanation puts first."""

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Attribution, Fidelity
from mmgraph.explanation.evaluating import one_sample
from mmgraph.explanation.subject import Subject
from mmgraph.explanation.subsets import confidence_of_subsets
from mmgraph.graph import HeteroGraph, NodeType

__all__ = ["SHARES", "chance_fidelity", "fidelity", "node_scores"]

SHARES = (0.05, 0.1, 0.2, 0.5)

POINTS = 24
"""Of a curve at most, its ends included."""


def fidelity(
    subject: Subject,
    graph: HeteroGraph,
    scores: Mapping[NodeType, Float[Tensor, " N"]],
    shares: Sequence[float] = SHARES,
) -> Fidelity:
    r"""What becomes of the confidence when nodes come and go in the order of their scores.

    The N nodes of all types stand in one row, the one that speaks most for the answer first. With f(k) the
    confidence of the first k alone, g(k) that without the first k, and f(N) = g(0) that of the whole:

    - sufficiency, the mean of f(N) - f(k) over the shares, and comprehensiveness, the mean of g(0) - g(k):
      DeYoung et al., "ERASER: A Benchmark to Evaluate Rationalized NLP Models", ACL 2020, arXiv 1911.03429
      (area over the perturbation curve). A share stands for k nodes, at least one, and for g at most N - 1.
    - insertion, the mean height of f from 1 to N, and deletion, that of g from 0 to N - 1: Petsiuk et al.,
      "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC 2018, arXiv 1806.07421.

    A model has no answer for a sample without nodes, so f(0) and g(N) do not exist: the curves of RISE end
    one node before, and the share of nothing, which ERASER counts, is left out. A curve of more than 24
    nodes is read at 24 places, at equal distances and both ends, and is straight in between. What goes is
    gone, with its edges (`mmgraph.subgraph`), and not overwritten by zeros.

    Args:
        subject: a model and what is explained.
        graph: one sample, on any device.
        scores: how much each node counts, `[N]`, negative where it speaks against the answer; nodes of a type
            that is not named count zero. Equal nodes come in an order drawn from a fixed seed.
        shares: of the nodes, each above 0 and at most 1.

    Raises:
        InputError: scores of another shape than the nodes, or that are not numbers; shares out of range.
    """
    sample = one_sample(subject, graph, "fidelity")
    order = _order(sample, scores)
    return _measured(subject, sample, order[None], shares)[0]


def chance_fidelity(
    subject: Subject,
    graph: HeteroGraph,
    draws: int = 10,
    seed: int = 0,
    shares: Sequence[float] = SHARES,
) -> Fidelity:
    """The mean of `fidelity` over random orders: what an explanation that knows nothing reaches.

    Args:
        subject: a model and what is explained.
        graph: one sample, on any device.
        draws: how many orders, at least 1.
        seed: of the orders.
        shares: of the nodes, as for `fidelity`.

    Raises:
        InputError: no draws; shares out of range.
    """
    if draws < 1:
        raise InputError(f"chance_fidelity(draws={draws}): expected at least 1")
    sample = one_sample(subject, graph, "chance_fidelity")
    random = torch.Generator().manual_seed(seed)
    count = sum(sample.num_nodes(key) for key in sample.schema.nodes)
    orders = torch.stack([torch.randperm(count, generator=random) for _ in range(draws)])
    found = _measured(subject, sample, orders, shares)
    names = ("sufficiency", "comprehensiveness", "insertion", "deletion")
    return Fidelity(**{name: math.fsum(getattr(one, name) for one in found) / draws for name in names})


def node_scores(attribution: Attribution, graph: HeteroGraph) -> dict[NodeType, Float[Tensor, " N"]]:
    """How much each node counts, also by a method that knows pairs only.

    Where a method has no scores of nodes, a node's is the largest weight with which any node of any map looks
    at it, in the mean over layers and heads; what nobody looks at gets zero. Not the sum: the rows of a
    transport plan give every node the same, and a mask leaves a little of every pair, so that a sum would
    count pairs.

    Args:
        attribution: what a method says.
        graph: its sample.
    """
    if attribution.nodes:
        return {key: value.detach().to("cpu", torch.float64) for key, value in attribution.nodes.items()}
    received: dict[NodeType, list[Tensor]] = {key: [] for key in graph.schema.nodes}
    for (_, target), weights in attribution.maps.items():
        received[target].extend(weights.mean())
    return {
        key: torch.stack(rows).amax(0) if rows else torch.zeros(graph.num_nodes(key), dtype=torch.float64)
        for key, rows in received.items()
    }


def _order(sample: HeteroGraph, scores: Mapping[NodeType, Tensor]) -> Int[Tensor, " N"]:
    """The nodes of all types, in one row, from the highest score to the lowest."""
    if unknown := scores.keys() - sample.schema.nodes.keys():
        raise InputError(
            f"fidelity got scores of {min(unknown)!r}: the sample has {list(sample.schema.nodes)}"
        )
    row = []
    for key in sample.schema.nodes:
        value = scores.get(key, torch.zeros(sample.num_nodes(key))).detach().to("cpu", torch.float64)
        if value.shape != (sample.num_nodes(key),) or not bool(value.isfinite().all()):
            raise InputError(
                f"fidelity got scores of {key!r} of shape {list(value.shape)}: expected a finite number for "
                f"each of the {sample.num_nodes(key)} nodes"
            )
        row.append(value)
    joined = torch.cat(row)
    shuffled = torch.randperm(len(joined), generator=torch.Generator().manual_seed(0))
    return shuffled[joined[shuffled].argsort(descending=True, stable=True)]


def _measured(
    subject: Subject, sample: HeteroGraph, orders: Int[Tensor, "R N"], shares: Sequence[float]
) -> list[Fidelity]:
    """The fidelity of each order; all of them go through the model together."""
    if not shares or not all(0 < share <= 1 for share in shares):
        raise InputError(f"got shares={tuple(shares)}: expected shares of the nodes, above 0 and at most 1")
    count = orders.shape[1]
    firsts = [max(1, math.floor(share * count + 0.5)) for share in shares]
    curve = sorted({round(1 + i * (count - 1) / (POINTS - 1)) for i in range(POINTS)})
    with_k = sorted({*firsts, *curve})
    without_k = sorted({*(min(k, count - 1) for k in firsts), *(count - k for k in curve)})
    rank = orders.argsort(1)
    masks = [rank < k for k in with_k] + [rank >= k for k in without_k]
    values = confidence_of_subsets(subject, sample, torch.cat(masks)).view(len(masks), -1)
    f = dict(zip(with_k, values, strict=False))
    g = dict(zip(without_k, values[len(with_k) :], strict=True))
    columns = {
        "sufficiency": torch.stack([f[count] - f[k] for k in firsts]).mean(0),
        "comprehensiveness": torch.stack([g[0] - g[min(k, count - 1)] for k in firsts]).mean(0),
        "insertion": _height({k: f[k] for k in curve}),
        "deletion": _height({count - k: g[count - k] for k in reversed(curve)}),
    }
    return [
        Fidelity(**{name: float(value[i]) for name, value in columns.items()}) for i in range(len(orders))
    ]


def _height(curve: Mapping[int, Tensor]) -> Tensor:
    """The mean height of a curve that is straight between its places."""
    places = torch.tensor(list(curve), dtype=torch.float64)
    heights = torch.stack(list(curve.values()))
    if len(places) == 1:
        return heights[0]
    return torch.trapezoid(heights, places, dim=0) / (places[-1] - places[0])
