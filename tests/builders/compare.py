"""Graphs that are the same but for rounding."""

from dataclasses import replace

import torch

from mmgraph.graph import HeteroGraph


def assert_close(one: HeteroGraph, other: HeteroGraph, tolerance: float = 1e-4) -> None:
    """Features and scores are near each other, and everything else is equal."""
    for name in ("x", "edge_score"):
        for key, value in getattr(one, name).items():
            assert torch.allclose(value, getattr(other, name)[key], atol=tolerance), f"{name}[{key!r}]"
    assert _bare(one).difference(_bare(other)) == ""


def _bare(graph: HeteroGraph) -> HeteroGraph:
    zero = {
        name: {key: torch.zeros_like(v) for key, v in getattr(graph, name).items()}
        for name in ("x", "edge_score")
    }
    return replace(graph, **zero)
