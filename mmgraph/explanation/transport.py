"""The cheapest way to move the nodes of one type onto those of another, after the model."""

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.alignment import shares
from mmgraph.explanation.attribution import Attribution
from mmgraph.explanation.between import between
from mmgraph.explanation.flow import encoded
from mmgraph.explanation.subject import Subject
from mmgraph.graph import HeteroGraph
from mmgraph.ops.sinkhorn import even_mass, sinkhorn

__all__ = ["transport"]


def transport(
    subject: Subject, graph: HeteroGraph, *, eps: float = 0.05, iterations: int = 200
) -> Attribution:
    r"""Entropic optimal transport between the encoded nodes of each two types, read as shares.

    .. math:: P = \arg\min_P \sum_{ij} (1 - \cos(x_i, y_j)) P_{ij}
        + \varepsilon \sum_{ij} P_{ij} (\log P_{ij} - 1)

    over plans with rows of :math:`1/S` and columns of :math:`1/T`. Cuturi, "Sinkhorn Distances: Lightspeed
    Computation of Optimal Transport", NeurIPS 2013, arXiv 1306.0895. Unlike a cosine, a target can be taken
    by many only if others are left, so the matching is of all nodes together. It does not know the score, and
    has no numbers for nodes, as all have the same mass.

    Args:
        subject: the model; its score is not read.
        graph: one sample.
        eps: weight of the entropy, above 0; costs are 0..2. The smaller, the harder the plan.
        iterations: of the Sinkhorn algorithm, at least 1.

    Returns:
        maps `[1, 1, S, T]` for each two different types with nodes, both ways; a row sums to one.

    Raises:
        InputError: several samples, or eps or iterations out of range.
    """

    def plan(cosines: Float[Tensor, "1 S T"]) -> Float[Tensor, "1 S T"]:
        source, target = (torch.ones_like(cosines.select(dim, 0), dtype=torch.bool) for dim in (2, 1))
        masses = even_mass(source, cosines.dtype), even_mass(target, cosines.dtype)
        return shares(sinkhorn(1 - cosines, *masses, eps, iterations), source)

    maps = between(encoded("transport", subject, graph).nodes, plan)
    note = (
        f"Optimal transport between the encoded nodes, at a cost of one less the cosine, eps = {eps:g}; rows "
        "as shares. It is the same for every answer."
    )
    return Attribution("transport", maps, note=note)
