"""Comparison of a recommender with what dense matrices give, in outputs, losses and gradients."""

import torch
from torch.nn.functional import logsigmoid

from mmgraph.models.recommendation import RecommendationGraph, Triplets


def assert_same(model: torch.nn.Module, found: torch.Tensor, expected: torch.Tensor) -> None:
    """Values, and the gradients of a fixed sum of them to every parameter."""
    expected = expected.to(found.dtype)
    assert torch.allclose(found, expected, atol=1e-10)
    fixed = torch.linspace(-1, 2, found.numel(), dtype=found.dtype).view(found.shape)
    wanted = list(model.parameters())
    mine, theirs = (
        torch.autograd.grad((value * fixed).sum(), wanted, allow_unused=True, retain_graph=True)
        for value in (found, expected)
    )
    for (name, weight), ours, other in zip(model.named_parameters(), mine, theirs, strict=True):
        zero = torch.zeros_like(weight)
        assert torch.allclose(zero if ours is None else ours, zero if other is None else other, atol=1e-9), (
            name
        )


def pairs_apart(users: torch.Tensor, items: torch.Tensor, some: Triplets) -> torch.Tensor:
    """The mean of -log sigmoid, pair by pair."""
    apart = [
        users[u] @ items[i] - users[u] @ items[n]
        for u, i, row in zip(some.users, some.items, some.negatives, strict=True)
        for n in row
    ]
    return -logsigmoid(torch.stack(apart)).mean()


def size(some: Triplets, of_users: list[torch.Tensor], of_items: list[torch.Tensor]) -> torch.Tensor:
    """Half the squared norms of the batch's rows, over the number of its interactions."""
    total = sum(table[some.users].square().sum() for table in of_users)
    for table in of_items:
        total = total + table[some.items].square().sum() + table[some.negatives.flatten()].square().sum()
    return total / 2 / len(some.users)


def mapped(model: torch.nn.Module, graph: RecommendationGraph, name: str) -> torch.Tensor:
    """A modality's features through the model's linear map, zeros where it is missing."""
    found, linear = graph.features[name], model.project[name]
    x = found.x @ linear.weight.T + (0 if linear.bias is None else linear.bias)
    return x * found.present[:, None]
