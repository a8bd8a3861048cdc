"""The edges of one type in a batch, laid out once for every layer that reads them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.blocks import Blocks, paired
from mmgraph.ops.crossover import WORKS, Work, grid_is_faster
from mmgraph.ops.csr import Csr, csr
from mmgraph.ops.nodes import Nodes
from mmgraph.ops.precision import at_least_float32

__all__ = ["Form", "Grid", "Relation", "lowest", "relation_of_edges", "relation_of_pairs"]

Form = Literal["complete", "dense", "csr"]

Part = TypeVar("Part", Blocks | None, "Grid | None", Csr | None)


@dataclass(frozen=True)
class Grid:
    """The pairs of padded blocks, target by source, and which of them are joined.

    Args:
        place: the pair `(sample * T + target) * S + source` of each edge, `[E]`; None for a complete relation
            whose edges carry nothing.
        joined: whether a pair is an edge, `[B, T, S]`; of a complete relation `[B, 1, S]`: whether there is
            such a source.
        reaches_all: whether every target is known to have an edge, so that none has to be set to zero.
    """

    place: Int[Tensor, " E"] | None
    joined: Bool[Tensor, "B T1 S"]
    reaches_all: bool = False


@dataclass(frozen=True)
class Relation:
    """The edges of one type between the nodes of a batch.

    It holds a grid of padded blocks, or the edges sorted by target with their transposed copy (CSR), or both;
    then each operation takes the one that was measured to be faster for its work.

    Args:
        num_sources: S, source nodes of the batch.
        num_targets: T, target nodes of the batch.
        num_edges: E.
        complete: whether every pair within a sample is joined.
        source: where the source nodes lie in padded blocks, or None if the samples are not known.
        target: the same of the target nodes.
        grid: the pairs, or None.
        csr: the sorted edges, or None.
    """

    num_sources: int
    num_targets: int
    num_edges: int
    complete: bool = False
    source: Blocks | None = None
    target: Blocks | None = None
    grid: Grid | None = None
    csr: Csr | None = None

    @property
    def form(self) -> str:
        """In which layouts the edges are held."""
        grid = "complete" if self.complete else "dense"
        return "+".join(name for name, held in ((grid, self.grid), ("csr", self.csr)) if held is not None)

    @property
    def shape(self) -> tuple[int, int, int]:
        """B, T and S of the grid."""
        assert self.source is not None
        assert self.target is not None
        return len(self.source.mask), self.target.mask.shape[1], self.source.mask.shape[1]

    @property
    def sizes(self) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        """Targets and sources of each sample, where they are known; not while compiling, for any batch."""
        if torch.compiler.is_compiling() or self.source is None or self.target is None:
            return None
        return self.target.sizes, self.source.sizes

    def on_grid(self, work: Work) -> bool:
        """Whether an operation of this kind of work uses the grid."""
        if self.grid is None or self.csr is None:
            return self.grid is not None
        return grid_is_faster(work, self.num_edges, *self.shape)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Relation":
        """The relation on another device."""
        return self.apply(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def apply(self, function: Callable[[Tensor], Tensor]) -> "Relation":
        """The relation with a function applied to every tensor."""
        return replace(
            self,
            source=_apply(self.source, function),
            target=_apply(self.target, function),
            grid=_apply(self.grid, function),
            csr=_apply(self.csr, function),
        )

    # ------------------------------------------------------------------ values of edges

    def to_grid(self, values: Tensor) -> Tensor:
        """Values of the edges `[E, ...]`, in the edges' order, on the grid: `[B, T, S, ...]`, else 0."""
        assert self.grid is not None
        shape, place = self.shape, self.place
        flat = values.new_zeros((shape[0] * shape[1] * shape[2], *values.shape[1:]))
        return flat.index_copy(0, place, values).view(*shape, *values.shape[1:])

    def from_grid(self, values: Tensor) -> Tensor:
        """Values of the grid `[B, T, S, ...]` of each edge, `[E, ...]`, in the edges' order."""
        return values.flatten(0, 2).index_select(0, self.place)

    @property
    def place(self) -> Int[Tensor, " E"]:
        """The grid's pair of each edge."""
        assert self.grid is not None
        if self.grid.place is not None:
            return self.grid.place
        return _places(self.source, self.target, *self.pairs())

    def ends(self) -> tuple[Int[Tensor, " E"], Int[Tensor, " E"]]:
        """The slots of each edge's source and target in the padded blocks, in the edges' order."""
        place, (_, height, width) = self.place, self.shape
        target = place // max(width, 1)
        return target // max(height, 1) * width + place % max(width, 1), target

    def pairs(self) -> tuple[Int[Tensor, " E"], Int[Tensor, " E"]]:
        """Source and target of every pair of a complete relation."""
        assert self.source is not None
        assert self.target is not None
        return paired(self.source.sample, self.target.sample, len(self.source.mask), self.num_edges)

    def hide(self, logits: Float[Tensor, "B H T S"]) -> Float[Tensor, "B H T S"]:
        """Logits whose softmax leaves out the pairs that are no edges."""
        return logits.masked_fill(~self.joined[:, None], lowest(logits.dtype))

    def clear(self, rows: Float[Tensor, "B H T K"]) -> Float[Tensor, "B H T K"]:
        """Zero where a target has no edge, of weighted means whose weights are a softmax over such logits."""
        # Without an edge the weights are even: over padding alone, which is zero, where it is complete.
        return rows if self.complete or self.reaches_all else rows * self.joined.any(2)[:, None, :, None]

    @property
    def reaches_all(self) -> bool:
        """Whether every target is known to have an edge in the grid."""
        assert self.grid is not None
        return self.grid.reaches_all

    # ------------------------------------------------------------------ degrees

    def in_degree(self, weight: Float[Tensor, " E"] | None = None) -> Nodes:
        """For each target, the number of its edges, or their weights' sum: `[T, 1]`."""
        if self.csr is not None:
            found = _list_degree(self.csr.rowptr, self.csr.target, self.csr.order, self.num_targets, weight)
            return Nodes(found, blocks=self.target)
        values = self.joined.to(torch.get_default_dtype()) if weight is None else self.to_grid(weight)
        return Nodes(padded=values.sum(2, keepdim=True), blocks=self.target)

    def out_degree(self, weight: Float[Tensor, " E"] | None = None) -> Nodes:
        """For each source, the number of its edges, or their weights' sum: `[S, 1]`."""
        if self.csr is not None:
            found = _list_degree(self.csr.colptr, self.csr.source, self.csr.order, self.num_sources, weight)
            return Nodes(found, blocks=self.source)
        if self.complete and weight is None:
            assert self.target is not None
            count = self.target.mask.sum(1).to(torch.get_default_dtype())
            return Nodes(padded=count[:, None, None], blocks=self.source)
        values = self.joined.to(torch.get_default_dtype()) if weight is None else self.to_grid(weight)
        return Nodes(padded=values.sum(1)[..., None], blocks=self.source)

    def has_loop(self) -> Nodes:
        """Of a relation within one node type: 1 for a node that is joined to itself, else 0, `[T, 1]`."""
        if self.grid is None:
            assert self.csr is not None
            loops = (self.csr.source == self.csr.target).to(torch.get_default_dtype())
            count = loops.new_zeros(self.num_targets).index_add(0, self.csr.target, loops)
            return Nodes(count.clamp(max=1)[:, None], blocks=self.target)
        if self.complete:
            return Nodes(padded=self.joined.new_ones(len(self.joined), 1, 1).float(), blocks=self.target)
        diagonal = self.joined.diagonal(dim1=1, dim2=2).to(torch.get_default_dtype())
        return Nodes(padded=diagonal[..., None], blocks=self.target)

    @property
    def joined(self) -> Bool[Tensor, "B T1 S"]:
        """The grid's edges; see `Grid`."""
        assert self.grid is not None
        return self.grid.joined


def _list_degree(starts: Tensor, ends: Tensor, order: Tensor, count: int, weight: Tensor | None) -> Tensor:
    if weight is None:
        return starts.diff().to(torch.get_default_dtype())[:, None]
    exact = weight.to(at_least_float32(weight.dtype)).index_select(0, order)
    return exact.new_zeros(count).index_add(0, ends, exact).to(weight.dtype)[:, None]


def lowest(dtype: torch.dtype) -> float:
    """The logit of a pair that is no edge: half the least number, so that a bias cannot make it infinite."""
    return torch.finfo(dtype).min / 2


def relation_of_edges(
    edge_index: Int[Tensor, "2 E"],
    num_sources: int,
    num_targets: int,
    source: Blocks | None = None,
    target: Blocks | None = None,
    form: Form | None = None,
) -> Relation:
    """The relation of listed edges.

    Args:
        edge_index: row 0 source, row 1 target.
        num_sources: S.
        num_targets: T.
        source: the blocks of the source nodes, needed for the dense layout.
        target: the blocks of the target nodes.
        form: "dense" or "csr"; the planner's choice if None.

    Raises:
        InputError: dense is asked for without blocks, an edge stands twice in a dense relation, or joins two
            samples.
    """
    if form not in (None, "dense", "csr"):
        raise InputError(
            f'form={form!r} for listed edges: take "dense" or "csr" ("complete" is for relations without '
            "stored edges)"
        )
    num_edges = edge_index.shape[1]
    common = Relation(num_sources, num_targets, num_edges, source=source, target=target)
    if source is None or target is None:
        if form == "dense":
            raise InputError('form="dense" needs the blocks of both ends: plan the relation from a batch')
        return replace(common, csr=csr(edge_index, num_sources, num_targets))
    choice = form or ("csr" if edge_index.device.type != "cpu" else _planned(common))
    grid = _grid(common, edge_index) if choice != "csr" else None
    if grid is None and form == "dense":
        raise InputError("an edge stands twice in this relation, which a dense layout cannot hold: use csr")
    if grid is None or choice != "dense":
        return replace(common, grid=grid, csr=csr(edge_index, num_sources, num_targets))
    return replace(common, grid=grid)


def relation_of_pairs(source: Blocks, target: Blocks, num_edges: int, form: Form | None = None) -> Relation:
    """The relation of all pairs within a sample.

    Args:
        source: the blocks of the source nodes.
        target: the blocks of the target nodes.
        num_edges: how many pairs there are.
        form: "dense" or "csr" writes the pairs out; "complete" or None does not.
    """
    grid = Grid(None, source.mask[:, None, :])
    relation = Relation(len(source.slot), len(target.slot), num_edges, True, source, target, grid)
    if form in ("dense", "csr"):
        index = torch.stack(relation.pairs())
        return relation_of_edges(index, len(source.slot), len(target.slot), source, target, form)
    return relation


def _planned(relation: Relation) -> str:
    """Dense or csr where that is the faster for every kind of work, else both."""
    faster = {grid_is_faster(work, relation.num_edges, *relation.shape) for work in WORKS}
    return "both" if len(faster) == 2 else "dense" if faster == {True} else "csr"


def _grid(relation: Relation, edge_index: Tensor) -> Grid | None:
    """The grid of listed edges; None if an edge stands twice. Waits for the device."""
    batch, height, width = relation.shape
    assert relation.source is not None
    assert relation.target is not None
    samples = relation.source.sample[edge_index[0]], relation.target.sample[edge_index[1]]
    if not torch.equal(*samples):
        number = int((samples[0] != samples[1]).nonzero()[0])
        source, target = edge_index[:, number].tolist()
        first, second = (int(sample[number]) for sample in samples)
        raise InputError(
            f"edge {number} joins node {source} of sample {first} to node {target} of sample {second}: edges "
            "stay within their sample"
        )
    place = _places(relation.source, relation.target, edge_index[0], edge_index[1])
    joined = torch.zeros(batch * height * width, dtype=torch.bool, device=place.device)
    joined.index_fill_(0, place, True)
    if int(joined.sum()) != relation.num_edges:
        return None
    joined = joined.view(batch, height, width)
    return Grid(place, joined, reaches_all=bool((joined.any(2) | ~relation.target.mask).all()))


def _places(source: Blocks | None, target: Blocks | None, sources: Tensor, targets: Tensor) -> Tensor:
    assert source is not None
    assert target is not None
    width = source.mask.shape[1]
    return target.slot[targets] * width + source.slot[sources] % max(width, 1)


def _apply(part: Part, function: Callable[[Tensor], Tensor]) -> Part:
    if part is None:
        return None
    changed: dict[str, Any] = {k: function(v) for k, v in vars(part).items() if isinstance(v, Tensor)}
    return replace(part, **changed)
