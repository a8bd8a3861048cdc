"""How fast one training step of the scenes model is, from the data to the optimizer: ours against PyG.

    OMP_NUM_THREADS=1 python -m experiments.benchmarks.training_step --json step.json

Both train the same model on the same questions about the same scenes: encoders, layers of graph attention for
each relation, attention alignment, attention pooling and fusion, answer head, AdamW. The peer is written as
users of PyG write it: a HeteroData for each question, PyG's DataLoader, HeteroConv of GATConv,
to_dense_batch, softmax and scatter over the batch vector. Both have the same weights and the same logits,
which is checked before anything is timed. A step takes the next batch from the loader, runs forward and
backward, and updates the weights.

"step" has the graphs and the width of the experiment: about ten words, five regions found in the picture and
two sounds. "step.grid" has the size that layers are timed at: 36 patches, the words, 14 windows, width 256.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

import torch
from torch import Tensor, nn
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler
from torch_geometric.data import HeteroData
from torch_geometric.loader import DataLoader as PygLoader
from torch_geometric.nn import GATConv, HeteroConv
from torch_geometric.utils import scatter, softmax, to_dense_batch

from experiments.benchmarks.arguments import arguments
from experiments.benchmarks.memory import peak_bytes
from experiments.benchmarks.timing import interleaved, report
from mmgraph.builders import MultimodalBuilder, RegionBuilder, SegmentBuilder, TokenBuilder, Vocabulary
from mmgraph.data.synthetic import ANSWERS, Scenes, flatten
from mmgraph.graph import EdgeType, HeteroGraph, plan
from mmgraph.graph.schema import parameter_name
from mmgraph.heads import AnswerHead
from mmgraph.linkers import CompleteLinker
from mmgraph.models import FusionModel
from mmgraph.nn.layout import feature_width, lay_out
from mmgraph.tasks.vqa import make_builder, make_split

BATCH, HEADS, LAYERS = 64, 4, 2
PAIRS = [("token", "region"), ("token", "segment"), ("segment", "region")]


class Ours(nn.Module):
    """The scenes model with graph attention for each relation."""

    def __init__(self, graph: HeteroGraph, dim: int) -> None:
        super().__init__()
        self.model = FusionModel(graph.schema, dim, LAYERS, HEADS, align=PAIRS, layer="gat")
        self.head = AnswerHead(dim, ANSWERS["full"])

    def forward(self, graph: HeteroGraph) -> Tensor:
        return self.head.classify(self.model(graph))


class Peer(nn.Module):
    """The same model on a PyG batch; every weight that is not in a convolution is our module's own."""

    def __init__(self, ours: Ours, dim: int) -> None:
        super().__init__()
        self.ours = ours
        schema = ours.model.schema
        self.types = list(schema.nodes)
        self.convs = nn.ModuleList()
        for layer in ours.model.encoder.layers:
            convs = {key: self._gat(key, feature_width(spec), dim) for key, spec in schema.edges.items()}
            conv = HeteroConv(convs, aggr="sum")
            conv.load_state_dict(layer.mix.conv.state_dict())
            self.convs.append(conv)

    def _gat(self, key: EdgeType, edge_dim: int, dim: int) -> GATConv:
        in_dim = dim if key[0] == key[2] else (dim, dim)
        return GATConv(in_dim, dim // HEADS, HEADS, add_self_loops=False, edge_dim=edge_dim or None)

    def forward(self, data: HeteroData) -> Tensor:
        model, size = self.ours.model, data.y.shape[0]
        nodes = {key: self._encode(data[key], key) for key in self.types}
        for layer, conv in zip(model.encoder.layers, self.convs, strict=True):
            normed = {key: layer.norm(x) for key, x in nodes.items()}
            mixed = conv(normed, data.edge_index_dict, edge_attr_dict=data.edge_attr_dict)
            nodes = {key: x + mixed[key] if key in mixed else x for key, x in nodes.items()}
            nodes = {key: x + layer.feed_forward(x) for key, x in nodes.items()}
        nodes = {key: model.encoder.norm(x) for key, x in nodes.items()}
        align = model.align
        for (source, target), aligner, message in zip(
            align.pairs, align.aligners, align.messages, strict=True
        ):
            query, there = to_dense_batch(aligner.source(nodes[source]), data[source].batch, batch_size=size)
            key, valid = to_dense_batch(aligner.target(nodes[target]), data[target].batch, batch_size=size)
            value, _ = to_dense_batch(message(nodes[target]), data[target].batch, batch_size=size)
            logits = query @ key.transpose(1, 2) / query.shape[-1] ** 0.5
            logits = logits.masked_fill(~valid[:, None], torch.finfo(logits.dtype).min)
            share = logits.softmax(-1) * valid[:, None]
            nodes = {**nodes, source: nodes[source] + (share @ value)[there]}
        pooled = {key: self._pool(x, data[key].batch, key, size) for key, x in nodes.items()}
        present = {key: torch.bincount(data[key].batch, minlength=size) > 0 for key in self.types}
        return self.ours.head.classify(model.fusion(pooled, present))

    def _encode(self, store: HeteroData, key: str) -> Tensor:
        encoder = self.ours.model.encoder.embed.types[parameter_name(key)]
        order = torch.arange(len(store.x)) - store.ptr[store.batch]
        return encoder.embed(store.x, store.get("pos"), order)

    def _pool(self, x: Tensor, batch: Tensor, key: str, size: int) -> Tensor:
        gate = self.ours.model.pool[parameter_name(key)].gate(x)
        return scatter(softmax(gate, batch, num_nodes=size) * x, batch, dim=0, dim_size=size, reduce="sum")


def heterodata(graph: HeteroGraph) -> HeteroData:
    """One question as a user of PyG stores it: features, positions, edges written out, the answer."""
    data, features = HeteroData(), lay_out(graph).edge_features
    for key in graph.schema.nodes:
        data[key].x = graph.x[key]
        data[key].num_nodes = len(graph.x[key])
        if key in graph.pos:
            data[key].pos = graph.pos[key]
    for key in graph.schema.edges:
        data[key].edge_index = graph.edges(key)
        if key in features:
            data[key].edge_attr = features[key]
    data.y = graph.target["answer"]
    return data


def stepper(
    module: nn.Module, batches: Iterator[object], answer: Callable[[object], Tensor]
) -> Callable[[], Tensor]:
    """One call is one step, from the loader to the optimizer."""
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-4, fused=True)

    def step() -> Tensor:
        batch = next(batches)
        loss = nn.functional.cross_entropy(module(batch), answer(batch))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


@dataclass(frozen=True)
class Setting:
    """Graphs of one size and a model of one width."""

    builder: Callable[[list[str]], MultimodalBuilder]
    dim: int


def grid_builder(texts: list[str]) -> MultimodalBuilder:
    """36 patches of the picture, the words, and windows of the sound, joined as in the experiment."""
    return MultimodalBuilder(
        TokenBuilder(vocabulary=Vocabulary.fit(texts), edges=("next", "complete")),
        RegionBuilder(boxes="grid:6", features="statistics+pixels:5", edges="complete"),
        SegmentBuilder(seconds=0.1, edges=("next", "complete")),
        linkers=[
            CompleteLinker("token", "region"),
            CompleteLinker("token", "segment"),
            CompleteLinker("segment", "region"),
        ],
        check=False,
    )


SETTINGS = {
    "step": Setting(lambda texts: make_builder(texts, ("image", "audio")), 64),
    "step.grid": Setting(grid_builder, 256),
}


def measure(name: str, setting: Setting, rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds and figures of one setting."""
    torch.manual_seed(0)
    scenes = Scenes("train", 32, kind="full", questions_per_scene=4)
    builder = setting.builder([question.text for _, question in flatten(scenes)])
    store = make_split(scenes, builder, ANSWERS["full"]).graphs
    sampler = BatchSampler(SequentialSampler(store), BATCH, drop_last=False)
    ours_loader = DataLoader(store, sampler=sampler, batch_size=None, collate_fn=plan)
    peer_loader = PygLoader([heterodata(graph) for graph in store], batch_size=BATCH)

    ours = Ours(store.graph, setting.dim)
    peer = Peer(ours, setting.dim)
    with torch.no_grad():
        for mine, theirs in zip(ours_loader, peer_loader, strict=True):
            error = float((ours(mine) - peer(theirs)).abs().max())
            assert error < 1e-4, f"the logits differ by {error:.2e}"
    sizes = {key: sum(counts) // len(store) for key, counts in store.graph.sizes.items()}
    print(f"{name}: {BATCH} questions of {sizes}, width {setting.dim}, logits equal to {error:.0e}")

    steps = {
        f"{name}.ours": stepper(ours, cycle_of(ours_loader), lambda graph: graph.target["answer"]),
        f"{name}.pyg": stepper(peer, cycle_of(peer_loader), lambda data: data.y),
    }
    seconds = interleaved(steps, rounds, calls=2)
    memory = {key: peak_bytes(step) for key, step in steps.items()}
    figures = {
        f"{name}.speedup_pyg": seconds[f"{name}.pyg"] / seconds[f"{name}.ours"],
        f"{name}.memory_ratio_pyg": memory[f"{name}.ours"] / memory[f"{name}.pyg"],
    }
    return seconds, figures


def main(quick: bool = False, json: str | None = None) -> None:
    """Time both settings and print the table.

    Args:
        quick: fewer rounds.
        json: where the figures go, as a flat JSON object.
    """
    torch.set_num_threads(1)
    seconds: dict[str, float] = {}
    figures: dict[str, float] = {}
    for name, setting in SETTINGS.items():
        times, found = measure(name, setting, rounds=3 if quick else 9)
        seconds |= times
        figures |= found
    report("one training step, from the loader to the optimizer", seconds, figures, json)


def cycle_of(loader: object) -> Iterator[object]:
    """Batches without end, each made anew."""
    for _ in cycle([None]):
        yield from loader


if __name__ == "__main__":
    main(**vars(arguments(__doc__, "fewer rounds")))
