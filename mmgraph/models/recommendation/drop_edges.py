"""Interactions thinned out for an epoch."""

from typing import Literal

import torch

from mmgraph.ops.csr import csr
from mmgraph.ops.light_propagation import LightGraph, light_graph

__all__ = ["drop_edges"]


def drop_edges(
    graph: LightGraph,
    share: float,
    generator: torch.Generator,
    by: Literal["chance", "degree"] = "chance",
) -> LightGraph:
    r"""The graph without a share of its edges, its weights made anew.

    Edges are kept by chance (Rong et al., "DropEdge", ICLR 2020, arXiv 1907.10903), all alike, or with one
    in proportion to :math:`1 / \sqrt{d_u d_i}` (Zhou and Shen, "A Tale of Two Graphs: Freezing and Denoising
    Graph Structures for Multimodal Recommendation", MM 2023, arXiv 2211.06924): edges of popular nodes go
    first. Drawn without replacement by the largest of log-weights plus Gumbel noise.

    Args:
        graph: the edges.
        share: how many are dropped, 0 to 1.
        generator: on the CPU.
        by: what decides.
    """
    entries = graph.csr
    count = entries.num_edges - round(share * entries.num_edges)
    chance = torch.rand(entries.num_edges, generator=generator).clamp_(1e-12, 1 - 1e-7)
    keys = -(-chance.log()).log()
    if by == "degree":
        keys = keys + graph.weight.cpu().log()
    kept = keys.topk(count, sorted=False).indices.sort().values.to(entries.source.device)
    ends = torch.stack([entries.source.index_select(0, kept), entries.target.index_select(0, kept)]).long()
    return light_graph(csr(ends, entries.num_sources, entries.num_targets), dtype=graph.weight.dtype)
