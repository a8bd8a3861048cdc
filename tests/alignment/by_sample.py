"""What an aligner computes, sample by sample: the oracles' side."""

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from mmgraph.alignment import Sides
from tests.alignment.every_aligner import SOURCES, TARGETS


def by_sample(source: Tensor, target: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The rows of each sample of `example_sides`, of both sides."""
    return list(zip(source.split(list(SOURCES)), target.split(list(TARGETS)), strict=True))


def cosine_plans(source: Tensor, target: Tensor, temperature: float) -> Tensor:
    """Softmax over targets of the cosines of the projected nodes, padded."""
    plan = source.new_zeros(len(SOURCES), max(SOURCES), max(TARGETS))
    for number, (rows, columns) in enumerate(by_sample(source, target)):
        if len(rows) and len(columns):
            cosines = cosine_similarity(rows[:, None], columns[None], dim=-1)
            plan[number, : len(rows), : len(columns)] = (cosines / temperature).softmax(-1)
    return plan


def same_gradients(found: Tensor, expected: Tensor, leaves: list[Tensor], atol: float = 1e-10) -> bool:
    """Whether both have the same gradients, of which one at least is not zero."""
    pairs = [torch.autograd.grad(value, leaves, retain_graph=True) for value in (found, expected)]
    assert any(float(gradient.abs().max()) > 1e-6 for gradient in pairs[1])
    return all(torch.allclose(a, b, atol=atol) for a, b in zip(*pairs, strict=True))


def without_target(sides: Sides) -> Sides:
    """The same batch of sources, and not one target."""
    blocks = sides.target_blocks
    nothing = type(blocks)(
        blocks.slot[:0],
        blocks.mask[:, :0],
        blocks.order[:0],
        torch.zeros_like(blocks.start),
        tuple(0 for _ in blocks.sizes),
    )
    return Sides(sides.source, sides.target[:0], sides.source_blocks, nothing)
