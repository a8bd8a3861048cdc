"""A mask over the pairs that attention sees, learned so that the answer stays."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.errors import InputError
from mmgraph.explanation.attribution import Attribution
from mmgraph.explanation.evaluating import evaluating, one_sample
from mmgraph.explanation.subject import Subject
from mmgraph.explanation.weight_map import WeightMap
from mmgraph.graph import HeteroGraph, NodeType
from mmgraph.nn import RelationalAttention
from mmgraph.nn.masked_attention import MaskedAttention

__all__ = ["edge_mask", "mask_terms"]

EPSILON = 1e-15


def edge_mask(
    subject: Subject,
    graph: HeteroGraph,
    steps: int = 100,
    rate: float = 0.01,
    size: float = 0.005,
    entropy: float = 1.0,
    seed: int = 0,
) -> Attribution:
    r"""How much of each pair has to stay for the answer to stay.

    .. math:: \min_M \; -\log f(\sigma(M)) + c_s \sum_{ij} \sigma(M_{ij})
        + c_e \operatorname{mean}_{ij} H(\sigma(M_{ij}))

    Ying et al., "GNNExplainer: Generating Explanations for Graph Neural Networks", NeurIPS 2019, arXiv
    1903.03894, with the terms, coefficients, start and optimiser of PyG's `GNNExplainer`; like there, the
    terms join after the first step, and a pair without a gradient in that step gets zero. One mask serves all
    layers and heads. It multiplies what attention weighs before the weights are made to sum to one
    (:math:`\log \sigma(M)` is added to the logits), where PyG's multiplies messages: so a mask says what a
    node looks at before others, and masks of a node that are equal say nothing, however small they are.

    Args:
        subject: a model with attention over nodes, and what is explained.
        graph: one sample, on any device.
        steps: of Adam, at least 1.
        rate: of Adam.
        size: coefficient of the sum of the mask.
        entropy: coefficient of its mean entropy, in nats.
        seed: of the start.

    Raises:
        InputError: the model has no attention over nodes, or no node of the sample sees one.
    """
    if steps < 1:
        raise InputError(f"edge_mask(steps={steps}): expected at least 1")
    sample = one_sample(subject, graph, "edge_mask")
    with evaluating(subject), _masked(subject, sample) as pairs:
        with torch.no_grad():
            before = subject.confidence(subject.model.encode(sample))[0]
        if not bool(pairs.seen.any()):
            raise InputError(
                f"edge_mask needs pairs of nodes that attention sees, but {type(subject.model).__name__} has "
                "none in this sample; integrated_gradients and leave_one_out explain it"
            )
        with torch.enable_grad():
            mask, felt = _learned(subject, sample, pairs, steps, rate, size, entropy, seed)
        with torch.no_grad():
            after = _confidence(subject, sample, pairs, mask)
    weights = torch.zeros_like(pairs.seen, dtype=mask.dtype)
    weights[pairs.seen] = torch.where(felt, mask.detach().sigmoid(), 0)
    note = (
        f"{steps} steps, seed {seed}; the confidence is {float(before):.4f} whole and {float(after):.4f} "
        "with the mask"
    )
    return Attribution("edge_mask", maps=_maps(pairs, weights.cpu()), note=note)


def mask_terms(mask: Float[Tensor, " E"], size: float, entropy: float) -> Float[Tensor, ""]:
    """PyG's terms of a mask before its sigmoid: its size, and its entropy in nats."""
    m = mask.sigmoid()
    each = -m * torch.log(m + EPSILON) - (1 - m) * torch.log(1 - m + EPSILON)
    return size * m.sum() + entropy * each.mean()


def _learned(
    subject: Subject,
    sample: HeteroGraph,
    pairs: "_Pairs",
    steps: int,
    rate: float,
    size: float,
    entropy: float,
    seed: int,
) -> tuple[Float[Tensor, " E"], Bool[Tensor, " E"]]:
    """The mask of the pairs that are seen, before its sigmoid; and which of them the answer feels."""
    random = torch.Generator().manual_seed(seed)
    # PyG's: the gain of a rectified unit, 2**0.5, by (2 / 2N)**0.5.
    start = torch.randn(int(pairs.seen.sum()), generator=random) * (2 / len(pairs.seen)) ** 0.5
    mask = start.to(pairs.seen.device).requires_grad_()
    optimiser = torch.optim.Adam([mask], lr=rate)
    felt = torch.ones_like(mask, dtype=torch.bool)
    for step in range(steps):
        confidence = _confidence(subject, sample, pairs, mask)
        loss = -confidence.clamp(min=torch.finfo(confidence.dtype).tiny).log()
        if step and bool(felt.any()):
            loss = loss + mask_terms(mask[felt], size, entropy)
        (mask.grad,) = torch.autograd.grad(loss, [mask])
        if not step:
            felt = mask.grad != 0
        optimiser.step()
    return mask, felt


def _confidence(subject: Subject, sample: HeteroGraph, pairs: "_Pairs", mask: Tensor) -> Float[Tensor, ""]:
    pairs.factor = torch.zeros_like(pairs.seen, dtype=mask.dtype).masked_scatter(
        pairs.seen, torch.nn.functional.logsigmoid(mask)
    )
    return subject.confidence(subject.model.encode(sample))[0]


@dataclass
class _Pairs:
    """The pairs of nodes of a sample, those of all types in a row.

    Args:
        numbers: for each node type, the numbers of its nodes in the row.
        seen: which node (column) each node (row) sees in any layer.
        factor: the logarithm of what each pair's attention is multiplied with; None until there is one.
    """

    numbers: dict[NodeType, Tensor]
    seen: Bool[Tensor, "N N"]
    factor: Float[Tensor, "N N"] | None = None
    types: dict[nn.Module, tuple[NodeType, ...]] = field(default_factory=dict)

    def remember(self, layer: RelationalAttention, inputs: Any) -> None:
        """Which node types a layer's attention is about to see."""
        self.types[layer.attention] = tuple(inputs[1].blocks)

    def enter(self, module: MaskedAttention, inputs: Any) -> Any:
        """Add the mask to what an attention is given, or note what it sees."""
        query, key, value, bias, visible = inputs
        types = self.types.get(module, tuple(self.numbers))
        row = torch.cat([self.numbers[name] for name in types])
        if visible.shape[1] != len(row):
            raise InputError(
                f"edge_mask: a MaskedAttention ran over {visible.shape[1]} places, but there are {len(row)} "
                f'nodes of {list(types)}: one over other things is made as MaskedAttention("clusters"); '
                "integrated_gradients and leave_one_out explain any model"
            )
        place = row[:, None], row[None, :]
        if self.factor is None:
            self.seen[place] |= visible[0]
            return None
        factor = self.factor[place].to(query.dtype).expand(1, query.shape[1], -1, -1)
        return query, key, value, factor if bias is None else bias + factor, visible


@contextmanager
def _masked(subject: Subject, sample: HeteroGraph) -> Iterator[_Pairs]:
    """While this holds, every attention over nodes is given the mask."""
    counts = [sample.num_nodes(key) for key in sample.schema.nodes]
    every = torch.arange(sum(counts), device=sample.device)
    numbers = dict(zip(sample.schema.nodes, every.split(counts), strict=True))
    pairs = _Pairs(numbers, torch.zeros(len(every), len(every), dtype=torch.bool, device=sample.device))
    model = subject.model
    with ExitStack() as hooks:
        for part in model.modules() if isinstance(model, nn.Module) else []:
            if isinstance(part, RelationalAttention):
                hooks.callback(part.register_forward_pre_hook(pairs.remember).remove)
            if isinstance(part, MaskedAttention) and part.places == "nodes":
                hooks.callback(part.register_forward_pre_hook(pairs.enter).remove)
        yield pairs


def _maps(pairs: _Pairs, weights: Float[Tensor, "N N"]) -> dict[tuple[NodeType, NodeType], WeightMap]:
    seen, numbers = pairs.seen.cpu(), {key: value.cpu() for key, value in pairs.numbers.items()}
    found = {}
    for source, target in product(numbers, numbers):
        place = numbers[source][:, None], numbers[target][None, :]
        if bool(seen[place].any()):
            found[source, target] = WeightMap.of(weights[place])
    return found
