"""How fast LightGCN learns: steps of an epoch, ours against PyG's LightGCN and DGL's message passing.

    OMP_NUM_THREADS=1 python -m experiments.benchmarks.recommendation --only epoch
    OMP_NUM_THREADS=1 THP_MEM_ALLOC_ENABLE=1 python -m experiments.benchmarks.recommendation --only epoch

The interactions are those of `lightgcn`. A step draws a negative for each interaction of a batch, propagates
all users and items through three layers, takes BPR with a decay, goes backward and makes a step of Adam. All
steps of an epoch cost the same, so a few are timed, in turn; `epoch.seconds` is the time of one, times the
number of batches of 8192. The order of the interactions is drawn for all sides beforehand.

PyG is its `LightGCN` with its `recommendation_loss`, used as its own example does: edge_index in both
directions, normalised in every layer, negatives by `torch.randint` (also such that the user chose),
`torch.optim.Adam`. DGL is `update_all` over a graph with both of its formats, with scales made once, and the
loss and decay of the paper's code. Ours is `LightGCNRecommender` as `train_recommender` trains it; its
negatives leave out what the user chose. That all have the same BPR and gradient from the same weights is
checked before anything is timed. Ours is timed in turn with PyG, and once more in turn with DGL, away from
the gigabytes that PyG fetches and returns.

PyG's steps are mostly fetching memory for their temporaries: with THP_MEM_ALLOC_ENABLE=1 torch asks for huge
pages, which shortens that. The title says how it was.

`epoch.share_of_*` is what a part alone takes, forward and backward, over a step: `propagation`, `negatives`,
`loss` (BPR and decay) and `optimizer`. Names that end in `_2048` are of smaller batches.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import cycle

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid
from torch_geometric.nn.models import LightGCN as PyGLightGCN

from experiments.benchmarks.lightgcn import INTERACTIONS, ITEMS, LAYERS, USERS, WIDTH, interactions
from experiments.benchmarks.memory import peak_bytes
from experiments.benchmarks.timing import interleaved, report
from mmgraph.data.recommendation import InteractionTable
from mmgraph.data.recommendation.negative_sampler import NegativeSampler
from mmgraph.errors import MissingExtraError
from mmgraph.extras import require
from mmgraph.models.recommendation import Embedded, LightGCNRecommender, RecommendationGraph, Triplets
from mmgraph.models.recommendation.batch_terms import bpr_terms
from mmgraph.ops.normalise import inverse_root

BATCH, SMALL_BATCH = 8192, 2048
RATE, DECAY = 1e-3, 1e-4

Draw = Callable[[Tensor, Tensor], Triplets]
Loss = Callable[[Triplets, float], Tensor]


@dataclass(frozen=True)
class Side:
    """One way to learn.

    Args:
        tables: what is learned: users and items, apart or as one.
        draw: from users and the items that they chose, a batch with negatives.
        loss: of a batch, with a decay.
        optimizer: of the tables.
    """

    tables: list[nn.Parameter]
    draw: Draw
    loss: Loss
    optimizer: torch.optim.Optimizer

    def gradient(self, batch: Triplets) -> tuple[Tensor, Tensor]:
        """BPR without decay, and its gradient."""
        loss = self.loss(batch, 0.0)
        return loss.detach(), torch.cat(torch.autograd.grad(loss, self.tables))

    def step(self, users: Tensor, items: Tensor) -> None:
        """A step of training."""
        batch = self.draw(users, items)
        self.optimizer.zero_grad()
        self.loss(batch, DECAY).backward()
        self.optimizer.step()


class Ours:
    """`LightGCNRecommender`, and the parts of its step."""

    def __init__(self, train: InteractionTable, users: Tensor, items: Tensor) -> None:
        self.graph = RecommendationGraph.of(train, len(users), len(items))
        self.model = LightGCNRecommender(self.graph, dim=WIDTH, layers=LAYERS)
        with torch.no_grad():
            self.model.users.copy_(users)
            self.model.items.copy_(items)
        self.sampler, self.generator = NegativeSampler(train, len(items)), torch.Generator().manual_seed(0)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=RATE, fused=True)

    def side(self) -> Side:
        """As the peers are."""
        return Side([self.model.users, self.model.items], self.draw, self.loss, self.optimizer)

    def draw(self, users: Tensor, items: Tensor) -> Triplets:
        """A batch."""
        return Triplets(users, items, self.sampler.draw(users, items, 1, self.generator))

    def loss(self, batch: Triplets, decay: float) -> Tensor:
        """The sum of the model's terms."""
        self.model.decay = decay
        return torch.stack(list(self.model.loss(self.graph, batch).values())).sum()

    def parts(self, users: Tensor, items: Tensor) -> dict[str, Callable[[], object]]:
        """What a step consists of."""
        batch = self.draw(users, items)
        tables = [self.model.users, self.model.items]
        gradients = [torch.randn_like(table) for table in tables]
        self.loss(batch, DECAY).backward()

        def propagation() -> object:
            found = self.model(self.graph)
            return torch.autograd.grad([found.users, found.items], tables, gradients)

        def loss() -> object:
            found = Embedded(*(table.detach().requires_grad_() for table in tables))
            terms = bpr_terms(found, Embedded(*tables), batch, DECAY)
            return torch.autograd.grad(terms["bpr"] + terms["decay"], [found.users, found.items, *tables])

        return {
            "propagation": propagation,
            "negatives": partial(self.draw, users, items),
            "loss": loss,
            "optimizer": self.optimizer.step,
        }


def pyg(edge_index: Tensor, users: Tensor, items: Tensor) -> Side:
    """PyG's LightGCN as its example trains it."""
    num_users, nodes = len(users), len(users) + len(items)
    both = _both_ways(edge_index, num_users)
    model = PyGLightGCN(nodes, WIDTH, LAYERS)
    with torch.no_grad():
        model.embedding.weight.copy_(torch.cat([users, items]))

    def loss(batch: Triplets, decay: float) -> Tensor:
        ends = torch.cat([batch.items, batch.negatives[:, 0]]) + num_users
        label = torch.stack([batch.users.repeat(2), ends])
        positive, negative = model(both, label).chunk(2)
        return model.recommendation_loss(positive, negative, node_id=label.unique(), lambda_reg=decay)

    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    return Side([model.embedding.weight], partial(_any_item, len(items)), loss, optimizer)


def dgl(edge_index: Tensor, users: Tensor, items: Tensor) -> Side:
    """DGL's message passing, with the loss of the paper's code."""
    library, function = require("dgl"), require("dgl").function
    num_users, nodes = len(users), len(users) + len(items)
    ends = _both_ways(edge_index, num_users).int()
    graph = library.graph((ends[0], ends[1]), num_nodes=nodes).formats(["csr", "csc"])
    graph.create_formats_()
    scale = inverse_root(graph.in_degrees().float())[:, None]
    table = nn.Parameter(torch.cat([users, items]))

    def propagate() -> Tensor:
        x = total = table
        for _ in range(LAYERS):
            with graph.local_scope():
                graph.ndata["x"] = x * scale
                graph.update_all(function.copy_u("x", "m"), function.sum("m", "y"))
                x = graph.ndata["y"] * scale
            total = total + x
        return total / (LAYERS + 1)

    def loss(batch: Triplets, decay: float) -> Tensor:
        found = propagate()
        rows = [batch.users, batch.items + num_users, batch.negatives[:, 0] + num_users]
        user, positive, negative = (found[row] for row in rows)
        size = sum(table[row].norm(2).pow(2) for row in rows) / len(batch.users)
        difference = (user * positive).sum(1) - (user * negative).sum(1)
        return -logsigmoid(difference).mean() + decay * 0.5 * size

    optimizer = torch.optim.Adam([table], lr=RATE)
    return Side([table], partial(_any_item, len(items)), loss, optimizer)


def _both_ways(edge_index: Tensor, num_users: int) -> Tensor:
    forth = torch.stack([edge_index[0], edge_index[1] + num_users])
    return torch.cat([forth, forth.flip(0)], dim=1)


def _any_item(num_items: int, users: Tensor, items: Tensor) -> Triplets:
    return Triplets(users, items, torch.randint(num_items, (len(users), 1)))


def check_equal(sides: dict[str, Side], batch: Triplets) -> None:
    """All sides have the same loss and gradient."""
    found = {name: side.gradient(batch) for name, side in sides.items()}
    loss, gradient = found["ours"]
    for name, (other_loss, other_gradient) in found.items():
        assert torch.allclose(loss, other_loss, atol=1e-6), name
        assert torch.allclose(gradient, other_gradient, atol=1e-3 * float(gradient.abs().max())), name


def figures(quick: bool = False) -> dict[str, float]:
    """Time and weigh the steps of all sides, in turn, with one thread.

    Args:
        quick: a tenth of the graph, and fewer rounds.
    """
    torch.set_num_threads(1)
    part, rounds = (10, 3) if quick else (1, 5)
    users, items, count = USERS // part, ITEMS // part, INTERACTIONS // part
    edge_index = interactions(users, items, count)
    train = InteractionTable(edge_index[0].contiguous(), edge_index[1].contiguous())
    tables = 0.1 * torch.randn(users, WIDTH), 0.1 * torch.randn(items, WIDTH)
    ours = Ours(train, *tables)
    sides = {"ours": ours.side(), "pyg": pyg(edge_index, *tables)}
    try:
        sides["dgl"] = dgl(edge_index, *tables)
    except MissingExtraError as error:
        print(error)
    check_equal(sides, ours.draw(train.users[:BATCH], train.items[:BATCH]))
    found = _of_batches(BATCH // part, train, sides, ours, rounds)
    smaller = _of_batches(SMALL_BATCH // part, train, sides, ours, rounds)
    found |= {f"{name}_2048": value for name, value in smaller.items() if "speedup" in name}
    return {f"epoch.{name}": value for name, value in found.items()}


def _of_batches(
    batch: int, train: InteractionTable, sides: dict[str, Side], ours: Ours, rounds: int
) -> dict[str, float]:
    """The figures of steps with so many interactions."""
    steps = {name: partial(_next_step, side, _batches(train, batch)) for name, side in sides.items()}
    parts = ours.parts(*next(_batches(train, batch)))
    slow = {name: step for name, step in steps.items() if name != "dgl"}
    quickly = {name: step for name, step in steps.items() if name != "pyg"}
    beside_slow = interleaved(slow, max(rounds // 2, 1), calls=1)
    seconds = {**beside_slow, **interleaved({**quickly, **parts}, 2 * rounds)}
    number = math.ceil(len(train) / batch)
    found = {
        **{
            f"speedup_{name}": seconds[name] / (beside_slow if name in slow else seconds)["ours"]
            for name in steps
            if name != "ours"
        },
        "seconds": seconds["ours"] * number,
        "peak_mib": peak_bytes(steps["ours"]) / 2**20,
        **{f"share_of_{name}": seconds[name] / seconds["ours"] for name in parts},
    }
    huge = os.environ.get("THP_MEM_ALLOC_ENABLE", "unset")
    title = (
        f"{len(train)} interactions, batches of {batch}, {number} steps an epoch, THP_MEM_ALLOC_ENABLE={huge}"
    )
    report(title, {f"epoch.{name}": value for name, value in seconds.items()}, found, None)
    return found


def _next_step(side: Side, batches: "cycle[tuple[Tensor, Tensor]]") -> None:
    side.step(*next(batches))


def _batches(train: InteractionTable, batch: int) -> "cycle[tuple[Tensor, Tensor]]":
    """Some batches of the same random order for each side, over and over."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(1))
    rows = order[: min(len(order) // batch, 16) * batch].split(batch)
    return cycle([(train.users[one], train.items[one]) for one in rows])
