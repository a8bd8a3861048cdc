"""A training step of LightGCN on a GPU: ours against PyG's, and the sums over edges that it consists of.

    python -m experiments.benchmarks.gpu_step --json gpu_step.json

The interactions are those of `lightgcn`. Both sides have width 64, three layers, BPR over batches of 8192
with a decay, and Adam; batches and negatives are drawn beforehand. That both have the same BPR and gradient
is checked before anything is timed, as in `recommendation_epoch`. A round takes each side in turn, several
steps between two synchronisations; times are medians of wall-clock, as the CPU only issues the work.

`sum.*` is one sum over the million edges: as embedding bags and as a product with a CSR matrix, which is what
`segment_sum` does on CUDA. Without a GPU it runs on the CPU, which says little.
"""

import statistics
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.lightgcn import INTERACTIONS, ITEMS, USERS, WIDTH, interactions
from experiments.benchmarks.recommendation_epoch import BATCH, DECAY, Ours, Side, check_equal, pyg
from experiments.benchmarks.timing import report
from mmgraph.data.recommendation import InteractionTable
from mmgraph.models.recommendation import Triplets
from mmgraph.ops.segment import bag

CALLS = 5


def medians(functions: Mapping[str, Callable[[], object]], rounds: int, device: str) -> dict[str, float]:
    """Median seconds of a call of each function, in turn."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            function()
            wait(device)
            start = time.perf_counter()
            for _ in range(CALLS):
                function()
            wait(device)
            times[name].append((time.perf_counter() - start) / CALLS)
    return {name: statistics.median(values) for name, values in times.items()}


def wait(device: str) -> None:
    """Until the device has done all that was issued."""
    if device == "cuda":
        torch.cuda.synchronize()


def peak_mib(function: Callable[[], object]) -> float:
    """What a call holds on the GPU at most over what lay there before."""
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    function()
    return (torch.cuda.max_memory_allocated() - before) / 2**20


def sides(part: int, device: str) -> tuple[dict[str, Side], Ours, Triplets]:
    """Ours and PyG's from the same weights, and a batch."""
    users, items = USERS // part, ITEMS // part
    edge_index = interactions(users, items, INTERACTIONS // part)
    train = InteractionTable(edge_index[0].contiguous(), edge_index[1].contiguous())
    tables = [0.1 * torch.randn(count, WIDTH, device=device) for count in (users, items)]
    ours = Ours(train, *tables)
    batch = ours.draw(train.users[: BATCH // part], train.items[: BATCH // part])
    ours.graph = ours.graph.to(device)
    ours.model.to(device)
    found = {"ours": ours.side(), "pyg": pyg(edge_index.to(device), *tables)}
    moved = Triplets(*(column.to(device) for column in (batch.users, batch.items, batch.negatives)))
    check_equal(found, moved)
    return found, ours, moved


def step(side: Side, batch: Triplets) -> None:
    """One step of training on a batch."""
    side.optimizer.zero_grad()
    side.loss(batch, DECAY).backward()
    side.optimizer.step()


def main(quick: bool = False, json: str | None = None) -> None:
    """Time and weigh both sides.

    Args:
        quick: a tenth of the graph, and fewer rounds.
        json: where the figures go.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    part, rounds = (10, 2) if quick else (1, 10)
    torch.manual_seed(0)
    found, ours, batch = sides(part, device)
    steps = {name: lambda side=side: step(side, batch) for name, side in found.items()}
    edges, weight = ours.graph.interactions.csr, ours.graph.interactions.weight
    rows = ours.model.users.detach()

    def bags() -> Tensor:
        return embedding_bag(
            edges.source, rows, edges.rowptr, mode="sum", per_sample_weights=weight, include_last_offset=True
        )

    sums = {"sum.bags": bags, "sum.ours": lambda: bag(edges.source, rows, edges.rowptr, weight)}
    seconds = medians({**steps, **sums}, rounds, device)
    figures = {
        "gpu_step.speedup_pyg": seconds["pyg"] / seconds["ours"],
        "gpu_step.speedup_bags": seconds["sum.bags"] / seconds["sum.ours"],
    }
    if device == "cuda":
        figures |= {f"gpu_step.peak_mib_{name}": peak_mib(call) for name, call in steps.items()}
    name = torch.cuda.get_device_name() if device == "cuda" else "the CPU, for want of a GPU"
    report(f"a step on {len(edges.source)} interactions, on {name}", seconds, figures, json)


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "a tenth of the graph, and fewer rounds")))
