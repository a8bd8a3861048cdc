"""How fast and in how much memory the 20 best of all items are found for all users: ours against all at once.

20,000 users by 12,000 items, vectors of 64, and a million seen items that are left out. All at once is the
product of users and items, seen items masked by their numbers, and torch's topk. That both find the same is
checked before anything is timed.

`ranking.share_of_matmul` is the time of the matrix product alone, in chunks that are written over each other,
over that of ours. Memory is torch's; what NumPy takes for the maxima of a chunk, less than a tenth of the
chunk, is not counted.
"""

from functools import partial

import torch
from torch import Tensor

from experiments.benchmarks.lightgcn import interactions
from experiments.benchmarks.memory import peak_bytes
from experiments.benchmarks.timing import interleaved, report
from mmgraph.ops.csr import csr
from mmgraph.ops.top_scores import top_scores

USERS, ITEMS, INTERACTIONS, WIDTH, K = 20_000, 12_000, 1_000_000, 64, 20
TOGETHER = 256
"""Users in a chunk of the product alone."""


def all_at_once(users: Tensor, items: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
    """The best scores and items, from the whole matrix."""
    score = users @ items.T
    score[pairs[0], pairs[1]] = float("-inf")
    best = score.topk(K, dim=1)
    return best.values, best.indices


def product(users: Tensor, items: Tensor, held: Tensor) -> None:
    """The product alone, chunk after chunk in the same memory."""
    for part in users.split(TOGETHER):
        torch.mm(part, items.T, out=held[: len(part)])


def check_equal(
    users: Tensor, items: Tensor, ours: tuple[Tensor, Tensor], dense: tuple[Tensor, Tensor]
) -> None:
    """The same scores; and of the items that were found, whose order may differ where scores are equal."""
    assert torch.allclose(ours[0], dense[0], atol=1e-4)
    found = torch.einsum("ud,ukd->uk", users, items[ours[1]])
    assert torch.allclose(found, dense[0], atol=1e-4)


@torch.inference_mode()
def figures(quick: bool = False) -> dict[str, float]:
    """Time and weigh both, in turn.

    Args:
        quick: a tenth of the users, items and interactions, and fewer rounds.
    """
    part, rounds = (10, 3) if quick else (1, 5)
    pairs = interactions(USERS // part, ITEMS // part, INTERACTIONS // part)
    users, items = torch.randn(USERS // part, WIDTH), torch.randn(ITEMS // part, WIDTH)
    entries = csr(pairs, len(users), len(items))
    ours = partial(top_scores, users, items, K, (entries.colptr, entries.back_target))
    dense = partial(all_at_once, users, items, pairs)
    check_equal(users, items, ours(), dense())
    calls = {
        "ours": ours,
        "dense": dense,
        "product": partial(product, users, items, torch.empty(TOGETHER, len(items))),
    }
    seconds = interleaved(calls, rounds, calls=1)
    peak = {name: peak_bytes(calls[name]) for name in ("ours", "dense")}
    found = {
        "ranking.speedup_dense": seconds["dense"] / seconds["ours"],
        "ranking.memory_ratio_dense": peak["ours"] / peak["dense"],
        "ranking.share_of_matmul": seconds["product"] / seconds["ours"],
        "ranking.peak_mib": peak["ours"] / 2**20,
    }
    title = f"the {K} best of {len(items)} items for {len(users)} users, {pairs.shape[1]} seen pairs"
    report(title, {f"ranking.{name}": value for name, value in seconds.items()}, found, None)
    return found
