"""Edges of one relation sorted by target, with a copy sorted by source for the way back."""

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["Csr", "csr", "transposed"]

LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Csr:
    """Edges sorted by target, with their transposed copy, which is sorted by source.

    Values of edges, such as weights, lie in the order of the entries here: `values[csr.order]` brings values
    in the order of the edge index into it. Parallel edges are entries of their own.

    Args:
        rowptr: where each target's entries begin, and at the end how many there are: int32 `[T+1]`.
        source: source of each entry, int32.
        target: target of each entry, int32, ascending.
        order: the number that the entry's edge has in the edge index, int64.
        colptr: `rowptr` of the transposed copy, int32 `[S+1]`.
        back: for each entry of the transposed copy, its place here, int64.
        back_target: target of each entry of the transposed copy, int32.
    """

    rowptr: Int[Tensor, " T1"]
    source: Int[Tensor, " E"]
    target: Int[Tensor, " E"]
    order: Int[Tensor, " E"]
    colptr: Int[Tensor, " S1"]
    back: Int[Tensor, " E"]
    back_target: Int[Tensor, " E"]

    @property
    def num_sources(self) -> int:
        """S."""
        return self.colptr.shape[0] - 1

    @property
    def num_targets(self) -> int:
        """T."""
        return self.rowptr.shape[0] - 1

    @property
    def num_edges(self) -> int:
        """E."""
        return self.source.shape[0]


def transposed(entries: Csr) -> Csr:
    """The same edges the other way round, without sorting: sources are targets."""
    places = torch.arange(entries.num_edges, device=entries.back.device)
    return Csr(
        rowptr=entries.colptr,
        source=entries.back_target,
        target=entries.source.index_select(0, entries.back),
        order=entries.order.index_select(0, entries.back),
        colptr=entries.rowptr,
        back=torch.empty_like(entries.back).scatter_(0, entries.back, places),
        back_target=entries.source,
    )


def csr(edge_index: Int[Tensor, "2 E"], num_sources: int, num_targets: int) -> Csr:
    """Sort edges by target, and a copy of them by source, without waiting for the device.

    Edges with one target keep the order that they have in `edge_index`. That no index is out of range is for
    the caller to know: to look would be to wait.

    Args:
        edge_index: source (row 0) and target (row 1) of each edge.
        num_sources: S, rows that sources are numbers of.
        num_targets: T, rows that targets are numbers of.

    Raises:
        InputError: there are more edges or nodes than int32 can count.
    """
    if any(count > LARGEST for count in (edge_index.shape[1], num_sources, num_targets)):
        raise InputError(
            f"csr got {edge_index.shape[1]} edges from {num_sources} sources to {num_targets} targets, but "
            f"its int32 indices count to {LARGEST}: split the relation"
        )
    targets, order = edge_index[1].sort(stable=True)
    sources, back = edge_index[0].index_select(0, order).sort(stable=True)
    target = targets.int()
    return Csr(
        rowptr=_starts(targets, num_targets),
        source=edge_index[0].index_select(0, order).int(),
        target=target,
        order=order,
        colptr=_starts(sources, num_sources),
        back=back,
        back_target=target.index_select(0, back),
    )


def _starts(ascending: Tensor, count: int) -> Tensor:
    """Where each number from 0 to `count` begins."""
    numbers = torch.arange(count + 1, dtype=ascending.dtype, device=ascending.device)
    return torch.searchsorted(ascending, numbers, out_int32=True)
