"""A data set kept as one graph, from which batches are cut by number."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.graph.collate import in_sample_order, row_counts
from mmgraph.graph.hetero_graph import HeteroGraph
from mmgraph.graph.schema import EdgeType
from mmgraph.ops import ragged

__all__ = ["GraphStore", "select"]


class GraphStore:
    """Cuts batches of chosen samples out of one large graph, without a Python object for each sample.

    `store[3]` is the graph of sample 3 and `store[[5, 0, 5]]` a batch of three, in the order given, so a
    store is a map-style data set for torch's DataLoader:

    ```python
    batches = BatchSampler(RandomSampler(store), 64, drop_last=False)
    loader = DataLoader(store, sampler=batches, batch_size=None)
    ```

    Args:
        graph: the samples; it should lie on the CPU.
    """

    def __init__(self, graph: HeteroGraph) -> None:
        self.graph = in_sample_order(graph)
        self._counts = {
            key: torch.tensor(value, dtype=torch.long) for key, value in row_counts(self.graph).items()
        }
        self._starts = {key: ragged.offsets(value) for key, value in self._counts.items()}

    def __len__(self) -> int:
        return self.graph.num_graphs

    def __iter__(self) -> Iterator[HeteroGraph]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, samples: Any) -> HeteroGraph:
        chosen = _numbers(samples, len(self))
        for number in chosen:
            if not 0 <= number < len(self):
                raise InputError(f"sample {number} was asked for, but there are {len(self)} samples")
        return self._cut(chosen)

    def _cut(self, samples: list[int]) -> HeteroGraph:
        graph, chosen = self.graph, torch.tensor(samples, dtype=torch.long)
        counts = {key: value[chosen] for key, value in self._counts.items()}
        rows = {
            key: _ranges(self._starts[key][chosen], count).to(graph.device) for key, count in counts.items()
        }
        edge_index = dict(graph.edge_index)
        for key, index in graph.edge_index.items():
            if isinstance(index, Tensor):
                edge_index[key] = index[:, rows[key]] + self._shift(key, chosen).to(index.device)
        numbers = {key: rows[key].tolist() for key in graph.label}
        return replace(
            graph,
            samples=tuple(graph.samples[i] for i in samples),
            sizes={key: tuple(counts[key].tolist()) for key in graph.schema.nodes},
            x={key: value[rows[key]] for key, value in graph.x.items()},
            batch={key: ragged.sample_of(counts[key]).to(graph.device) for key in graph.schema.nodes},
            edge_index=edge_index,
            pos={key: value[rows[key]] for key, value in graph.pos.items()},
            edge_attr={key: value[rows[key]] for key, value in graph.edge_attr.items()},
            edge_score={key: value[rows[key]] for key, value in graph.edge_score.items()},
            edge_origin={key: value[rows[key]] for key, value in graph.edge_origin.items()},
            label={key: tuple(value[i] for i in numbers[key]) for key, value in graph.label.items()},
            extra={k: {name: t[rows[k]] for name, t in value.items()} for k, value in graph.extra.items()},
            target={key: value[chosen.to(value.device)] for key, value in graph.target.items()},
            relations={},
        )

    def _shift(self, key: EdgeType, chosen: Tensor) -> Tensor:
        """For each edge of the chosen samples, how far the first nodes of its sample move: `[2, E]`."""
        moved = [
            ragged.offsets(self._counts[end][chosen])[:-1] - self._starts[end][chosen]
            for end in (key[0], key[2])
        ]
        return torch.repeat_interleave(torch.stack(moved), self._counts[key][chosen], dim=1)


def _numbers(samples: Any, count: int) -> list[int]:
    """The samples that an index means: one number, a slice, or numbers."""
    if isinstance(samples, slice):
        return list(range(count))[samples]
    try:
        numbers = np.asarray(samples)
    except ValueError:
        numbers = np.empty(0, dtype=object)
    if numbers.size and numbers.dtype.kind not in "iu":
        raise InputError(f"samples were asked for by {samples!r:.60}: give a number, a slice or numbers")
    return [int(number) for number in numbers.reshape(-1)]


def select(graph: HeteroGraph, samples: Sequence[int]) -> HeteroGraph:
    """A batch of chosen samples, in the order given; a sample may be taken more than once.

    Args:
        graph: a batch.
        samples: numbers of samples, from 0.

    Raises:
        InputError: a number that is no sample's.
    """
    return GraphStore(graph)[list(samples)]


def _ranges(starts: Tensor, counts: Tensor) -> Tensor:
    """start, start + 1, ... for each start, `count` of them, one after the other."""
    return torch.repeat_interleave(starts, counts) + ragged.positions(counts)
