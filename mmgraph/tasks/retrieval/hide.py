"""What a small data set is protected with: words and features that a training step does not see."""

from dataclasses import replace

import torch

from mmgraph.graph import HeteroGraph, NodeType

__all__ = ["Hide"]


class Hide:
    """Hides words and features at random, `fit(..., prepare=Hide(...))`.

    A hidden word has the id of unknown words, 0; a hidden feature has its training mean, which says
    nothing, and the others lie further from theirs, so that sums over features stay as large: as in dropout.

    Args:
        train: where the means come from.
        words: the share of hidden words, 0..1.
        features: the share of hidden features of each node, at least 0 and below 1.
        seed: of what is hidden.
    """

    def __init__(self, train: HeteroGraph, words: float = 0.0, features: float = 0.0, seed: int = 0) -> None:
        self.words = words
        self.features = features
        self._means = {key: x.mean(0) for key, x in train.x.items() if x.is_floating_point() and len(x)}
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, graph: HeteroGraph) -> HeteroGraph:
        """The batch with some of it hidden."""
        return replace(graph, x={key: self._hidden(key, x) for key, x in graph.x.items()})

    def _hidden(self, key: NodeType, x: torch.Tensor) -> torch.Tensor:
        if x.is_floating_point():
            if key not in self._means:
                return x
            kept = (torch.rand(x.shape, generator=self._generator) >= self.features).to(x.dtype)
            mean = self._means[key]
            return mean + (x - mean) * kept / (1 - self.features)
        return x.masked_fill(torch.rand(x.shape, generator=self._generator) < self.words, 0)
