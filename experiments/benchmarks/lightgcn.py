"""How fast and in how much memory LightGCN propagates: ours against PyG, torch's CSR products and DGL.

    python -m experiments.benchmarks.lightgcn --json lightgcn.json

The interactions are different pairs, drawn with the popularity of users and items falling as a power of their
rank, and listed by user. Each side does three layers over both directions, their mean, and the backward pass
to the embeddings, which ours holds apart and the others in one table. That all compute the same is checked
before anything is timed. Ours and torch's CSR start from sorted and normalised edges, DGL from a graph with
both of its formats and the scales of its nodes: what cannot change between two steps is not timed for them.
PyG's LGConv gets edge_index, as its users write it, and normalises it in every call. Ours is timed in turn
with PyG and torch's CSR, and once more in turn with DGL, away from the gigabytes that the others fetch and
return. `lightgcn.sorting` is the time in which ours sorts and normalises the edges, over that of a step.

The limit is reading one row of embeddings for each edge, direction and layer.
`lightgcn.share_of_copy_rate` is how fast ours reads these rows, over the machine's measured rate of copying
memory: above 1 where the tables stay in the cache. `lightgcn.share_of_sums` is the time of the twelve sums
over edges alone, without the adding between them, over that of a step.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch_geometric.nn import LGConv

from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.machine import rates
from experiments.benchmarks.memory import peak_bytes
from experiments.benchmarks.timing import interleaved, report
from mmgraph.errors import MissingExtraError
from mmgraph.extras import require
from mmgraph.nn.light_gcn import LightGCN
from mmgraph.ops.csr import csr
from mmgraph.ops.light_propagation import LightGraph, light_graph
from mmgraph.ops.normalise import bipartite_weights, inverse_root
from mmgraph.ops.segment import bag

USERS, ITEMS, INTERACTIONS, WIDTH, LAYERS = 20_000, 12_000, 1_000_000, 64, 3
EXPONENT = 0.7
"""How fast popularity falls with rank: a tenth of the users has about half of the interactions."""

Tables = tuple[Tensor, ...]
Propagate = Callable[..., Tensor | Tables]


@dataclass(frozen=True)
class Side:
    """One way to propagate.

    Args:
        propagate: from the tables of embeddings to the new ones.
        tables: users and items, apart or as one table, whichever is this side's form.
    """

    propagate: Propagate
    tables: Tables

    def step(self, gradient: Tensor) -> tuple[Tables, Tables]:
        """Outputs and, backwards, the gradients of the embeddings."""
        out = self.propagate(*self.tables)
        out = out if isinstance(out, tuple) else (out,)
        gradients = torch.autograd.grad(
            out, self.tables, gradient.split([len(table) for table in self.tables])
        )
        return out, gradients


def interactions(users: int, items: int, count: int, seed: int = 0) -> Tensor:
    """Different pairs `[2, count]`, listed by user."""
    random = np.random.default_rng(seed)
    chance = [np.arange(1, n + 1) ** -EXPONENT for n in (users, items)]
    found = np.zeros(0, dtype=np.int64)
    while len(found) < count:
        ends = [random.choice(len(p), 2 * count, p=p / p.sum()) for p in chance]
        found = np.union1d(found, ends[0] * items + ends[1])
    chosen = np.sort(random.choice(found, count, replace=False))
    # Numbers say nothing about popularity.
    source, target = random.permutation(users)[chosen // items], random.permutation(items)[chosen % items]
    order = np.argsort(source, kind="stable")
    return torch.from_numpy(np.stack([source[order], target[order]]))


def sides(edge_index: Tensor, users: Tensor, items: Tensor) -> dict[str, Side]:
    """What propagates the embeddings, by whose it is."""
    forth = torch.stack([edge_index[0], edge_index[1] + len(users)])
    both = torch.cat([forth, forth.flip(0)], dim=1)
    everyone = torch.cat([users, items])
    found = {"ours": _ours(edge_index, len(users), len(items))}
    found["pyg"] = _pyg(both)
    found["csr"] = _torch_csr(both, len(everyone))
    try:
        found["dgl"] = _dgl(both, len(everyone))
    except MissingExtraError as error:
        print(error)
    tables = {name: (users, items) if name == "ours" else (everyone,) for name in found}
    return {
        name: Side(propagate, tuple(table.clone().requires_grad_() for table in tables[name]))
        for name, propagate in found.items()
    }


def _ours(edge_index: Tensor, users: int, items: int) -> Propagate:
    layer, graph = LightGCN(LAYERS), light_graph(csr(edge_index, users, items))
    return lambda x, y: layer((x, y), graph)


@torch.no_grad()
def _only_sums(graph: LightGraph, x: Tensor, y: Tensor) -> Tables:
    """As many weighted sums over edges as a step has, forward and backward."""
    entries = graph.csr
    for _ in range(2 * LAYERS):
        received = bag(entries.back_target, y, entries.colptr, graph.back_weight)
        x, y = received, bag(entries.source, x, entries.rowptr, graph.weight)
    return x, y


def _pyg(edge_index: Tensor) -> Propagate:
    convolution = LGConv()
    return _mean_of_layers(lambda x: convolution(x, edge_index))


def _torch_csr(edge_index: Tensor, nodes: int) -> Propagate:
    entries = csr(edge_index, nodes, nodes)
    weight = bipartite_weights(entries)
    index = entries.rowptr.long(), entries.source.long()
    with warnings.catch_warnings(action="ignore"):
        matrix = torch.sparse_csr_tensor(*index, weight, (nodes, nodes), check_invariants=False)
    return _mean_of_layers(lambda x: matrix @ x)


def _dgl(edge_index: Tensor, nodes: int) -> Propagate:
    dgl = require("dgl")
    graph = dgl.graph((edge_index[0].int(), edge_index[1].int()), num_nodes=nodes).formats(["csr", "csc"])
    graph.create_formats_()
    scale = inverse_root(graph.in_degrees().float())[:, None]
    return _mean_of_layers(lambda x: dgl.ops.copy_u_sum(graph, x * scale) * scale)


def _mean_of_layers(layer: Callable[[Tensor], Tensor]) -> Propagate:
    def propagate(x: Tensor) -> Tensor:
        total = x
        for _ in range(LAYERS):
            x = layer(x)
            total = total + x
        return total / (LAYERS + 1)

    return propagate


def check_equal(found: Mapping[str, tuple[Tables, Tables]]) -> None:
    """All sides give the same outputs and gradients."""
    expected = [torch.cat(tables) for tables in found["ours"]]
    for name, values in found.items():
        for mine, tables in zip(expected, values, strict=True):
            assert torch.allclose(mine, torch.cat(tables), atol=1e-5, rtol=1e-4), name


def main(quick: bool = False, json: str | None = None) -> None:
    """Time and weigh all sides, in turn, with one thread.

    Args:
        quick: a tenth of the graph, and fewer rounds.
        json: where the figures go, as a flat JSON object.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    part, rounds = (10, 3) if quick else (1, 5)
    users, items, count = USERS // part, ITEMS // part, INTERACTIONS // part
    edge_index = interactions(users, items, count)
    gradient = torch.randn(users + items, WIDTH)
    found = sides(edge_index, torch.randn(users, WIDTH), torch.randn(items, WIDTH))
    steps = {name: partial(side.step, gradient) for name, side in found.items()}
    check_equal({name: step() for name, step in steps.items()})
    extra = {
        "sorting": lambda: light_graph(csr(edge_index, users, items)),
        "sums": partial(_only_sums, light_graph(csr(edge_index, users, items)), *found["ours"].tables),
    }
    slow = {name: step for name, step in steps.items() if name in ("ours", "pyg", "csr")}
    quickly = {name: step for name, step in steps.items() if name in ("ours", "dgl")}
    beside_slow = interleaved(slow, rounds, calls=1)
    seconds = {**beside_slow, **interleaved({**quickly, **extra}, 2 * rounds)}
    peak = {name: peak_bytes(step) for name, step in steps.items()}
    copied = 1e9 * rates(rounds)["machine.copy_gb_s"] * seconds["ours"]
    read = 2 * 2 * LAYERS * count * WIDTH * gradient.element_size()
    peers = [name for name in steps if name != "ours"]
    figures = {
        **{
            f"lightgcn.speedup_{name}": seconds[name] / (beside_slow if name in slow else seconds)["ours"]
            for name in peers
        },
        **{f"lightgcn.memory_ratio_{name}": peak["ours"] / peak[name] for name in peers},
        "lightgcn.peak_mib": peak["ours"] / 2**20,
        "lightgcn.sorting": seconds["sorting"] / seconds["ours"],
        "lightgcn.share_of_copy_rate": read / copied,
        "lightgcn.share_of_sums": seconds["sums"] / seconds["ours"],
    }
    title = f"{users} users, {items} items, {count} interactions, width {WIDTH}, {LAYERS} layers"
    report(title, {f"lightgcn.{name}": value for name, value in seconds.items()}, figures, json)


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "a tenth of the graph, and fewer rounds")))
