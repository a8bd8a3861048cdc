"""What every structural aligner has to find: a graph in its renamed copy, by the distances alone."""

import torch
from torch import nn

from experiments.benchmarks.planted import WIDTH, edges, recovered, weighted
from mmgraph.alignment import Sides
from mmgraph.metrics import permutation_recovery
from mmgraph.ops.blocks import blocks


def assert_planted_matchings_are_recovered(aligner: nn.Module) -> None:
    """Of 20 graphs of 20 nodes nearly all nodes, with weights perturbed or edges flipped by 5 %."""
    assert recovered(weighted(0.0, 20), aligner).share == 1
    assert recovered(weighted(0.05, 20), aligner).share > 0.99
    assert recovered(weighted(0.1, 20), aligner).share > 0.95
    assert recovered(edges(0.0, 20), aligner).share == 1
    assert recovered(edges(0.05, 20), aligner).share > 0.85


def assert_graphs_of_other_sizes_are_found_within_larger_ones(aligner: nn.Module, least: float) -> None:
    """Some of a graph's nodes, as a graph of their own, keep their partners."""
    planted = weighted(0.0, 20, 16)
    kept = 12
    sizes = [kept] * 20, [16] * 20
    placed = [blocks(torch.arange(20).repeat_interleave(size[0]), size) for size in sizes]
    nodes = [torch.ones(sum(size), WIDTH) for size in sizes]
    sides = Sides(*nodes, *placed, planted.source[:, :kept, :kept], planted.target)
    with torch.no_grad():
        plan = aligner(sides).plan
    assert permutation_recovery(plan, planted.permutation[:, :kept]).share > least
