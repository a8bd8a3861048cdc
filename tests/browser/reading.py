"""What a page has to show, worked out in Python from the explanation."""

import torch

from mmgraph.explanation import Attribution, Explanation, Pair, WeightMap
from mmgraph.visualization.numbers import weight_text

__all__ = ["label", "link_pairs", "strongest"]


def label(explanation: Explanation, key: str, index: int) -> str:
    return explanation.graph.label[key][index]


def strongest(
    weights: WeightMap, row: int, layer: int | None = None, head: int | None = None
) -> tuple[int, str]:
    """The target that a source looks at most, and the weight as a text."""
    values = weights.mean(layer, head)[row]
    target = int(values.abs().argmax())
    return target, weight_text(float(values[target]))


def link_pairs(
    found: Attribution, top: int, threshold: float, layer: int | None = None, head: int | None = None
) -> set[tuple[str, str]]:
    """The links without a focus: of each source its `top` largest that reach the threshold."""
    links = set()
    for pair, weights in found.maps.items():
        if pair[0] != pair[1]:
            links |= links_of_pair(pair, weights.mean(layer, head).abs(), top, threshold)
    return links


def links_of_pair(pair: Pair, size: torch.Tensor, top: int, threshold: float) -> set[tuple[str, str]]:
    limit = threshold * float(size.max()) if size.numel() else 0.0
    links = set()
    for source, row in enumerate(size.tolist()):
        order = sorted(range(len(row)), key=lambda target: -row[target])
        links |= {
            (f"{pair[0]}:{source}", f"{pair[1]}:{target}")
            for target in order[:top]
            if row[target] > 0 and row[target] >= limit
        }
    return links
