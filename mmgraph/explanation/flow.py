"""How the nodes of one sample met in a model, step by step, as matrices over all its nodes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Pair
from mmgraph.explanation.evaluating import evaluating, one_sample
from mmgraph.explanation.recording import AttentionRun, PlanRun, PoolRun, Recording, recorded
from mmgraph.explanation.subject import Subject
from mmgraph.explanation.weight_map import WeightMap
from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.models import Encoded
from mmgraph.nn.schema_conv import SchemaConv

__all__ = ["OTHERS", "Flow", "encoded", "flow", "flow_and_gradients", "require_steps"]

Run = AttentionRun | PlanRun | PoolRun

OTHERS = "integrated_gradients, leave_one_out, transport and similarity work for every model"
"""The way out of a model that a method cannot read."""


@dataclass(frozen=True)
class Flow:
    """The steps from the embedded nodes of one sample to its pooled vectors, on the CPU, in float64.

    The nodes of all types stand end to end, N of them. A row looks at its columns.

    Args:
        places: where the nodes of each type stand.
        layers: attention of each layer, `[H, N, N]`.
        plans: after the layers, the shares of each aligned (source, target) pair, `[S, T]`.
        pools: last, how much each node of a type counts in its pool, `[L]`; of types with nodes.
    """

    places: Mapping[NodeType, slice]
    layers: tuple[Tensor, ...]
    plans: tuple[tuple[Pair, Tensor], ...]
    pools: Mapping[NodeType, Tensor]

    @property
    def present(self) -> list[NodeType]:
        """The types with nodes."""
        return [key for key, place in self.places.items() if place.stop > place.start]

    @property
    def num_nodes(self) -> int:
        """N."""
        return max((place.stop for place in self.places.values()), default=0)

    @property
    def steps(self) -> str:
        """How many steps there are, in words."""
        counts = {"layer": len(self.layers), "alignment": len(self.plans)}
        named = [f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items() if count]
        return " and ".join(named)

    def maps(self, weights: Float[Tensor, "*L N N"]) -> dict[Pair, WeightMap]:
        """The blocks of a matrix, for each pair of types with nodes, a type with itself included."""
        return {
            (source, target): WeightMap.of(weights[..., self.places[source], self.places[target]])
            for source in self.present
            for target in self.present
        }

    def nodes(self, row: Float[Tensor, " N"]) -> dict[NodeType, Tensor]:
        """The parts of a vector, for each type."""
        return {key: row[place] for key, place in self.places.items()}

    def whole(self, pair: Pair, block: Float[Tensor, "S T"]) -> Float[Tensor, "N N"]:
        """A matrix of zeros with one block."""
        matrix = block.new_zeros(self.num_nodes, self.num_nodes)
        matrix[self.places[pair[0]], self.places[pair[1]]] = block
        return matrix


def encoded(method: str, subject: Subject, graph: HeteroGraph) -> Encoded:
    """What the model makes of one sample, in evaluation mode and without gradients.

    Raises:
        InputError: more or fewer samples than one, or one without nodes.
    """
    sample = one_sample(subject, graph, method)
    with torch.no_grad(), evaluating(subject):
        return subject.model.encode(sample)


def flow(method: str, subject: Subject, graph: HeteroGraph) -> Flow:
    """The steps of one sample.

    Raises:
        InputError: more or fewer samples than one, one without nodes, or a model that cannot be watched.
    """
    sample = one_sample(subject, graph, method)
    with torch.no_grad(), evaluating(subject), recorded(subject.model) as recording:
        made = subject.model.encode(sample)
    return _flow(made, recording, lambda run: run.weights())


def flow_and_gradients(method: str, subject: Subject, graph: HeteroGraph) -> tuple[Flow, Flow]:
    """The steps of one sample, and the gradient of its score with respect to every weight in them.

    It takes one forward and one backward pass: the gradient with respect to the weights of a mix follows from
    that with respect to the mix.

    Raises:
        InputError: as of `flow` and `require_steps`, or a score without a gradient.
    """
    sample = one_sample(subject, graph, method)
    with torch.enable_grad(), evaluating(subject), recorded(subject.model) as recording:
        made = subject.model.encode(sample)
        score = subject.score(made).sum()
    weights = _flow(made, recording, lambda run: run.weights())
    require_steps(method, subject, weights)
    if not score.requires_grad:
        raise InputError(f"{method}: the score has no gradient: give one that is computed of what is encoded")
    runs: list[Run] = [*recording.attention, *recording.plans, *recording.pools]
    outputs = [run.output for run in runs]
    found = torch.autograd.grad(score, outputs, allow_unused=True, materialize_grads=True)
    gradient = {id(run): value for run, value in zip(runs, found, strict=True)}
    return weights, _flow(made, recording, lambda run: run.gradient(gradient[id(run)]))


def require_steps(method: str, subject: Subject, found: Flow) -> None:
    """Raise an InputError where a flow is not all that happened between nodes and answer."""
    model, name = subject.model, type(subject.model).__name__
    if isinstance(model, nn.Module) and any(isinstance(part, SchemaConv) for part in model.modules()):
        raise InputError(
            f"{method}: the graph layers of this {name} are convolutions, whose weights it does not read: "
            f'make the model with layer="relational"; {OTHERS}, and plan where it aligns'
        )
    if not found.layers and not found.plans:
        raise InputError(f"{method}: this {name} has no layer with attention over nodes; {OTHERS}")
    if missing := [key for key in found.present if key not in found.pools]:
        raise InputError(
            f"{method}: this {name} reads its answer off something else than an AttentionPool over the "
            f"{missing[0]} nodes, which it cannot follow; {OTHERS}"
        )


def _flow(made: Encoded, recording: Recording, read: Callable[[Run], Tensor]) -> Flow:
    places, start = {}, 0
    for key, value in made.nodes.items():
        places[key] = slice(start, start + len(value))
        start += len(value)
    return Flow(
        places,
        _layers([run for run in recording.attention if run.module.places == "nodes"], places, read),
        tuple((run.pair, _sample(read(run))) for run in recording.plans),
        _pools(made, recording.pools, read),
    )


def _layers(
    runs: Sequence[AttentionRun], places: Mapping[NodeType, slice], read: Callable[[Run], Tensor]
) -> tuple[Tensor, ...]:
    """Runs over different types, as those of a model that keeps them apart, stand in one layer."""
    length = max((place.stop for place in places.values()), default=0)
    depth = dict.fromkeys(places, 0)
    layers: list[Tensor] = []
    for run in runs:
        types = tuple(places) if run.types is None else run.types
        order = [i for key in types for i in range(places[key].start, places[key].stop)]
        weight = _sample(read(run))
        if weight.shape[1] != len(order):
            raise InputError(
                f"a MaskedAttention ran over {weight.shape[1]} places, but the sample has {len(order)} "
                f'nodes: one over other things is made as MaskedAttention("clusters"); {OTHERS}'
            )
        if layers and len(weight) != len(layers[0]):
            raise InputError(
                f"layers of attention with {len(layers[0])} and with {len(weight)} heads: expected one "
                f"number of heads in a model; {OTHERS}"
            )
        number = max(depth[key] for key in types)
        depth.update(dict.fromkeys(types, number + 1))
        if number == len(layers):
            layers.append(weight.new_zeros(len(weight), length, length))
        index = torch.tensor(order, dtype=torch.long)
        layers[number][:, index[:, None], index] = weight
    return tuple(layers)


def _pools(made: Encoded, runs: Sequence[PoolRun], read: Callable[[Run], Tensor]) -> dict[NodeType, Tensor]:
    """A type is pooled by the run whose output the model calls its pooled vector."""
    return {
        key: _sample(read(run))
        for key, value in made.pooled.items()
        for run in runs
        if run.output is value and len(made.nodes[key])
    }


def _sample(batch: Tensor) -> Tensor:
    """The only sample of a batch, on the CPU, in float64."""
    return batch[0].detach().cpu().double()
