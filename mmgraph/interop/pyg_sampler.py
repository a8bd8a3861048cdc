"""Neighbour sampling for PyG's loaders without compiled wheels."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data, HeteroData
from torch_geometric.sampler import (
    BaseSampler,
    EdgeSamplerInput,
    HeteroSamplerOutput,
    NegativeSampling,
    NodeSamplerInput,
    SamplerOutput,
)
from torch_geometric.sampler.neighbor_sampler import edge_sample, node_sample

from mmgraph.errors import InputError
from mmgraph.graph.schema import EdgeType, NodeType
from mmgraph.ops.csr import Csr, csr
from mmgraph.ops.neighbour_sampling import Neighbourhood, sample_neighbours

__all__ = ["PyGNeighbourSampler"]

HOMOGENEOUS: EdgeType = ("node", "to", "node")


class PyGNeighbourSampler(BaseSampler):
    """PyG's `NeighborSampler` in torch alone, for `NodeLoader` and `LinkLoader`, with workers.

    `NodeLoader(data, PyGNeighbourSampler(data, [10, 5]), input_nodes=..., batch_size=..., num_workers=2)`
    gives what `NeighborLoader` gives where pyg-lib is installed: seeds first, edges towards the seeds,
    `n_id`, `e_id`, `num_sampled_nodes` and `num_sampled_edges`. New nodes of a hop stand in ascending order.
    Weights and times are not read.

    Args:
        data: the graph; of each edge type `edge_index` is read.
        num_neighbors: edges of a node in each hop, -1 for all; one list, or one for each edge type.
        replace: draw with replacement.
        disjoint: keep each seed's neighbourhood apart; `batch` then says whose a node is.
        seed: with a number, a node's neighbours are the same in every batch, epoch and worker, as for
            evaluation. With None, each batch draws anew, from torch's generator: a `DataLoader` seeds that of
            each worker in every epoch.

    Raises:
        InputError: neither `Data` nor `HeteroData`, or an edge type without `edge_index`.
    """

    def __init__(
        self,
        data: Data | HeteroData,
        num_neighbors: Sequence[int] | Mapping[EdgeType, Sequence[int]],
        replace: bool = False,
        disjoint: bool = False,
        seed: int | None = None,
    ) -> None:
        if not isinstance(data, Data | HeteroData):
            raise InputError(f"PyGNeighbourSampler got {type(data).__name__}, expected Data or HeteroData")
        self.is_hetero = isinstance(data, HeteroData)
        self.num_nodes: int | dict[NodeType, int] = (
            {key: data[key].num_nodes for key in data.node_types} if self.is_hetero else data.num_nodes
        )
        self.relations = _relations(data)
        self.counts = (
            {key: _counts(counts) for key, counts in num_neighbors.items()}
            if isinstance(num_neighbors, Mapping)
            else _counts(num_neighbors)
        )
        self.replace, self.disjoint, self.seed = replace, disjoint, seed

    def sample_from_nodes(
        self, index: NodeSamplerInput, **kwargs: Any
    ) -> SamplerOutput | HeteroSamplerOutput:
        """The neighbourhood of some nodes.

        Raises:
            InputError: the nodes come with times.
        """
        _check_no_time(index.time)
        return node_sample(index, self._sample)

    def sample_from_edges(
        self, index: EdgeSamplerInput, neg_sampling: NegativeSampling | None = None
    ) -> SamplerOutput | HeteroSamplerOutput:
        """The neighbourhood of the ends of some edges, and of negative ones.

        As in PyG, a negative edge may be an edge of the graph by chance.

        Raises:
            InputError: the edges come with times.
        """
        _check_no_time(index.time)
        return edge_sample(
            index, self._sample, self.num_nodes, self.disjoint, node_time=None, neg_sampling=neg_sampling
        )

    def _sample(
        self, seed: Tensor | dict[NodeType, Tensor], seed_time: None
    ) -> SamplerOutput | HeteroSamplerOutput:
        seeds = seed if isinstance(seed, dict) else {HOMOGENEOUS[0]: seed}
        found = sample_neighbours(
            self.relations,
            seeds,
            self.counts,
            seed=int(torch.randint(2**62, ())) if self.seed is None else self.seed,
            replace=self.replace,
            disjoint=self.disjoint,
        )
        return self._hetero(found) if self.is_hetero else self._homogeneous(found)

    def _hetero(self, found: Neighbourhood) -> HeteroSamplerOutput:
        return HeteroSamplerOutput(
            node=found.nodes,
            row=found.source,
            col=found.target,
            edge=self._edges(found),
            batch=found.sample if self.disjoint else None,
            num_sampled_nodes={key: list(counts) for key, counts in found.nodes_per_hop.items()},
            num_sampled_edges={key: list(counts) for key, counts in found.edges_per_hop.items()},
        )

    def _homogeneous(self, found: Neighbourhood) -> SamplerOutput:
        name = HOMOGENEOUS[0]
        return SamplerOutput(
            node=found.nodes[name],
            row=found.source[HOMOGENEOUS],
            col=found.target[HOMOGENEOUS],
            edge=self._edges(found)[HOMOGENEOUS],
            batch=found.sample[name] if self.disjoint else None,
            num_sampled_nodes=list(found.nodes_per_hop[name]),
            num_sampled_edges=list(found.edges_per_hop[HOMOGENEOUS]),
        )

    def _edges(self, found: Neighbourhood) -> dict[EdgeType, Tensor]:
        """The number of each edge in the data."""
        return {key: self.relations[key].order.index_select(0, entry) for key, entry in found.entry.items()}


def _relations(data: Data | HeteroData) -> dict[EdgeType, Csr]:
    if isinstance(data, Data):
        return {HOMOGENEOUS: _sorted(data, HOMOGENEOUS, data.num_nodes, data.num_nodes)}
    return {
        key: _sorted(data[key], key, data[key[0]].num_nodes, data[key[2]].num_nodes)
        for key in data.edge_types
    }


def _sorted(store: Any, key: EdgeType, num_sources: int, num_targets: int) -> Csr:
    index = store.edge_index if "edge_index" in store else None
    if not isinstance(index, Tensor):
        raise InputError(f"PyGNeighbourSampler: {key} has no edge_index, and only that is read")
    return csr(index.cpu(), num_sources, num_targets)


def _counts(num_neighbors: Sequence[int]) -> list[int | None]:
    return [None if count == -1 else count for count in num_neighbors]


def _check_no_time(time: Tensor | None) -> None:
    if time is not None:
        raise InputError("PyGNeighbourSampler got times, and does not read them: leave them out")
