"""A batch of samples whose sides say the same in other words, for aligners that correlate them."""

import torch
from torch import Tensor

from mmgraph.alignment import Sides
from mmgraph.ops.blocks import blocks
from tests.alignment.every_aligner import WIDTH


def paired_sides(samples: int = 40) -> tuple[Sides, list[Tensor]]:
    """Samples of 0 to 3 nodes a side, and the means of both sides of those that have both."""
    common, turned = torch.randn(samples, WIDTH), torch.randn(WIDTH, WIDTH)
    sizes = [torch.randint(0, 4, (samples,)).tolist() for _ in range(2)]
    of = [torch.repeat_interleave(torch.arange(samples), torch.tensor(counts)) for counts in sizes]
    nodes = [common[of[0]], common[of[1]].tanh() @ turned]
    nodes = [(side + 0.3 * torch.randn_like(side)).double() for side in nodes]
    whole = [s > 0 and t > 0 for s, t in zip(*sizes, strict=True)]
    means = [
        torch.stack([rows.mean(0) for rows, kept in zip(side.split(counts), whole, strict=True) if kept])
        for side, counts in zip(nodes, sizes, strict=True)
    ]
    return Sides(*nodes, *(blocks(b, s) for b, s in zip(of, sizes, strict=True))), means
