"""How long each item's nearest neighbours by features take, and how much memory.

    python -m experiments.benchmarks.recommendation_item_graph --json item_graph.json

63,000 items with 4,096 features in float32, which are drawn around 300 centres; 10 neighbours by cosine; one
thread. Figures:

- `item_graph.extra_gb`: how far the process's memory rises above what it is with the features in it;
- `item_graph.kept_mb`: neighbours and scores as they are kept in the cache;
- `item_graph.graph_mb`: the same as a normalised sparse graph, sorted both ways;
- `item_graph.recall`: the share of the true neighbours that are found, of 512 items against all in float64;
- `item_graph.seconds`: CPU time;
- `item_graph.speedup_float32`: the CPU time of multiplying chunks of rows with all rows in float32 and taking
  the best of each, over ours. It is linear in the rows that ask, so the peer is timed on a part of them, at
  least 1,024, right before and right after ours.

--quick takes 6,000 items with 512 features. There the ranking of candidates, which goes with the items, is a
large part beside the products, which go with the pairs, so its speedup is lower.
"""

import time
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor
from torch.nn.functional import normalize

from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.timing import write_figures
from mmgraph.comparison import Usage
from mmgraph.data.recommendation import ItemFeatures
from mmgraph.interop.tensor_cache import TensorCache
from mmgraph.models.recommendation import modality_graph
from mmgraph.ops.nearest_rows import Nearest, nearest_rows

__all__ = ["figures"]

ITEMS, WIDTH, CENTRES, NEIGHBOURS = 63_000, 4096, 300, 10
CHUNK = 2**23
"""How many scores the peer holds at once."""


def figures(quick: bool) -> dict[str, float]:
    """Measure; see the module."""
    torch.set_num_threads(1)
    items, width = (6000, 512) if quick else (ITEMS, WIDTH)
    x = clustered(items, width)
    nearest_rows(x[:2000], NEIGHBOURS)
    part = max(1024, items // 48)
    peer = _seconds_float32(x, part)
    with Usage() as usage:
        found = nearest_rows(x, NEIGHBOURS)
    peer = (peer + _seconds_float32(x, part)) / 2 * items / part
    kept, graph = _kept_bytes(x, found)
    return {
        "item_graph.extra_gb": usage.peak_mib * 2**20 / 1e9,
        "item_graph.kept_mb": kept / 1e6,
        "item_graph.graph_mb": graph / 1e6,
        "item_graph.recall": recall(x, found.index),
        "item_graph.seconds": usage.cpu_seconds,
        "item_graph.speedup_float32": peer / usage.cpu_seconds,
    }


def clustered(items: int, width: int) -> Tensor:
    """Features around centres, drawn in place."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(CENTRES, width, generator=generator)
    x = torch.empty(items, width).normal_(generator=generator)
    for rows in x.split(1024):
        rows += centres[torch.randint(CENTRES, (len(rows),), generator=generator)]
    return x


def recall(x: Tensor, index: Tensor) -> float:
    """The share of the true neighbours of some items that are among those found."""
    some = torch.linspace(0, len(x) - 1, min(512, len(x))).long()
    own = normalize(x[some].double(), dim=1)
    score = torch.cat([own @ normalize(rows.double(), dim=1).T for rows in x.split(2048)], 1)
    score[torch.arange(len(some)), some] = float("-inf")
    true = score.topk(index.shape[1], dim=1).indices
    return float((index[some, :, None] == true[:, None]).any(1).double().mean())


def _seconds_float32(x: Tensor, part: int) -> float:
    """CPU seconds that the first rows need with all others at once; lengths are not part of it."""
    rows = normalize(x[:part], dim=1)
    inverse = torch.cat([1 / some.norm(dim=1) for some in x.split(2048)])
    start = time.process_time()
    for own in rows.split(max(1, CHUNK // len(x))):
        (own @ x.T).mul_(inverse).topk(NEIGHBOURS + 1, dim=1)
    return time.process_time() - start


def _kept_bytes(x: Tensor, found: Nearest) -> tuple[int, int]:
    """Of the cache's file, and of the graph."""
    with TemporaryDirectory() as folder:
        tensors = {"index": found.index.int(), "score": found.score}
        TensorCache(folder).get("neighbours", {}, lambda: tensors)
        kept = sum(file.stat().st_size for file in Path(folder).iterdir())
    few = modality_graph(ItemFeatures.of(x[:2000]), NEIGHBOURS)
    size = sum(getattr(few.csr, one.name).nbytes for one in fields(few.csr)) + few.weight.nbytes
    return kept, round(size * len(x) / 2000)


def main(quick: bool = False, json: str | None = None) -> dict[str, float]:
    """Measure, and print the figures."""
    found = figures(quick)
    for name, value in found.items():
        print(f"  {name:<40} {value:9.3f}")
    write_figures(found, json)
    return found


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "6,000 items with 512 features")))
