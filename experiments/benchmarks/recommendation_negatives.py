"""How fast and in how much memory negatives are drawn: ours against Python sets and a matrix of bools.

The interactions are those of `lightgcn`; a draw is one item for each of 8192 of them, that its user did not
choose. Python sets draw again until an item is not in the user's set, one interaction after the other. The
matrix holds a bool for each user and item; what was chosen is drawn again, all of them at once, until nothing
is. Memory is what each keeps between draws.
"""

import random
import sys
from functools import partial

import torch
from torch import Tensor

from experiments.benchmarks.lightgcn import INTERACTIONS, ITEMS, USERS, interactions
from experiments.benchmarks.timing import interleaved, report
from mmgraph.data.recommendation import InteractionTable
from mmgraph.data.recommendation.hard_negatives import HardNegatives
from mmgraph.data.recommendation.negative_sampler import NegativeSampler

BATCH, CANDIDATES, WIDTH = 8192, 8, 64


def from_sets(chosen: list[set[int]], num_items: int, users: Tensor) -> Tensor:
    """One at a time."""
    found = []
    for user in users.tolist():
        item = random.randrange(num_items)
        while item in chosen[user]:
            item = random.randrange(num_items)
        found.append(item)
    return torch.tensor(found)[:, None]


def from_matrix(chosen: Tensor, users: Tensor) -> Tensor:
    """All at once, again where it was chosen."""
    found = torch.randint(chosen.shape[1], users.shape)
    again = chosen[users, found].nonzero()[:, 0]
    while len(again):
        found[again] = torch.randint(chosen.shape[1], again.shape)
        again = again[chosen[users[again], found[again]]]
    return found[:, None]


def kept_bytes(sampler: NegativeSampler) -> int:
    """What a sampler holds."""
    return sum(value.nbytes for value in vars(sampler).values() if isinstance(value, Tensor))


def figures(quick: bool = False) -> dict[str, float]:
    """Time and weigh all ways, in turn, with one thread.

    Args:
        quick: a tenth of the graph, and fewer rounds.
    """
    torch.set_num_threads(1)
    part, rounds = (10, 3) if quick else (1, 9)
    num_users, num_items = USERS // part, ITEMS // part
    pairs = interactions(num_users, num_items, INTERACTIONS // part)
    train = InteractionTable(pairs[0].contiguous(), pairs[1].contiguous())
    sets: list[set[int]] = [set() for _ in range(num_users)]
    for user, item in zip(*pairs.tolist(), strict=True):
        sets[user].add(item)
    matrix = torch.zeros(num_users, num_items, dtype=torch.bool)
    matrix[train.users, train.items] = True
    uniform, popular = NegativeSampler(train, num_items), NegativeSampler(train, num_items, exponent=0.75)
    tables = torch.randn(num_users, WIDTH), torch.randn(num_items, WIDTH)

    def score(users: Tensor, items: Tensor) -> Tensor:
        return (tables[0][users][:, None] @ tables[1][items].mT)[:, 0]

    rows = torch.randperm(len(train))[:BATCH]
    users, items = train.users[rows], train.items[rows]
    generator = torch.Generator().manual_seed(0)
    own = {
        "uniform": uniform,
        "popularity": popular,
        "hard": HardNegatives(uniform, score, CANDIDATES),
    }
    ways = {
        **{name: partial(sampler.draw, users, items, 1, generator) for name, sampler in own.items()},
        "matrix": partial(from_matrix, matrix, users),
        "sets": partial(from_sets, sets, num_items, users),
    }
    for name, way in ways.items():
        assert not matrix[users, way()[:, 0]].any(), name
    seconds = interleaved(ways, rounds)
    held = kept_bytes(uniform)
    in_sets = sum(sys.getsizeof(one) for one in sets)
    found = {
        "negatives.speedup_sets": seconds["sets"] / seconds["uniform"],
        "negatives.speedup_matrix": seconds["matrix"] / seconds["uniform"],
        "negatives.memory_ratio_sets": held / in_sets,
        "negatives.memory_ratio_matrix": held / matrix.nbytes,
        "negatives.memory_mib": held / 2**20,
    }
    title = f"{len(train)} interactions of {num_users} users with {num_items} items, {len(users)} draws"
    report(title, {f"negatives.{name}": value for name, value in seconds.items()}, found, None)
    return found
