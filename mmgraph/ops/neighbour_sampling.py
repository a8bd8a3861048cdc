"""Neighbours of some nodes, and theirs, drawn for all of them at once: no loop over nodes."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.errors import InputError
from mmgraph.ops.csr import Csr
from mmgraph.ops.hashed import hashed, hashed_uniform

__all__ = ["Fanout", "Incoming", "Neighbourhood", "draw_edges", "sample_neighbours", "transposed"]

Key = tuple[str, str, str]
"""Of a relation: source type, name, target type."""

Fanout = Sequence[int | None]
"""How many neighbours in each hop; None for all."""


@dataclass(frozen=True, eq=False)
class Incoming:
    """As much of a `Csr` as sampling reads.

    Args:
        rowptr: where each target's entries begin, and at the end how many there are.
        source: source of each entry.
        num_sources: S.
    """

    rowptr: Int[Tensor, " T1"]
    source: Int[Tensor, " E"]
    num_sources: int

    @property
    def num_targets(self) -> int:
        """T."""
        return self.rowptr.shape[0] - 1


def transposed(entries: Csr) -> Incoming:
    """The same edges the other way round, as entries of the transposed copy; nothing is copied."""
    return Incoming(entries.colptr, entries.back_target, entries.num_targets)


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """What was found around some nodes, numbered from 0 within each node type, seeds first.

    Args:
        nodes: by node type, the number that each node has in the whole graph: the seeds as they were given,
            then hop after hop, ascending within a hop.
        sample: by node type, from which seed each node was found: seeds are counted through all types. Empty
            where the neighbourhoods are not disjoint.
        source: by relation, where each edge begins, as a place in `nodes`.
        target: where it ends; ascending.
        entry: its place in the relation's `Csr`; `csr.order[entry]` is its number in the edge index.
        nodes_per_hop: by node type, how many were new: the seeds, then of each hop.
        edges_per_hop: by relation, how many edges each hop drew.
    """

    nodes: dict[str, Int[Tensor, " N"]]
    sample: dict[str, Int[Tensor, " N"]]
    source: dict[Key, Int[Tensor, " E"]]
    target: dict[Key, Int[Tensor, " E"]]
    entry: dict[Key, Int[Tensor, " E"]]
    nodes_per_hop: dict[str, tuple[int, ...]]
    edges_per_hop: dict[Key, tuple[int, ...]]


def sample_neighbours(
    relations: Mapping[Key, Csr | Incoming],
    seeds: Mapping[str, Int[Tensor, " B"]],
    counts: Fanout | Mapping[Key, Fanout],
    *,
    seed: int = 0,
    replace: bool = False,
    disjoint: bool = False,
) -> Neighbourhood:
    """Go from the seeds against the edges: to the sources of a hop's nodes, then to the sources of those.

    Every node is asked once, in the hop after it was found. Which of its edges are drawn hangs on `seed`, the
    relation and the node alone: not on the other seeds, on the hop, or on how a batch is cut into parts. So
    with one count for all hops, the neighbourhood of a batch is the union of its parts' neighbourhoods.
    Hamilton, Ying and Leskovec, "Inductive Representation Learning on Large Graphs", NeurIPS 2017,
    arXiv 1706.02216; the nodes, hops and counts are those of PyG's NeighborLoader.

    It reads counts from the device: call it where batches are made. For the edges of a `HeteroGraph`:
    `{key: found.csr for key, found in relations_of(graph, "csr").items()}`.

    Args:
        relations: the sorted edges of each relation; `{("node", "to", "node"): csr}` for a graph of one type.
        seeds: numbers of nodes to start from, by type, int64.
        counts: how many edges a node draws in each hop, one list for all relations or one for each; None in
            it for all edges.
        seed: of the draw.
        replace: draw with replacement: `count` edges of every node that has any.
        disjoint: keep what is found from different seeds apart, so that a node may occur once for each.

    Raises:
        InputError: an unknown node type or relation, seeds out of range, lists of counts of different lengths
            or with a negative number, or relations that disagree about how many nodes a type has.
    """
    sizes = _sizes(relations)
    fanouts = _fanouts(relations, counts)
    found = _started(sizes, seeds, disjoint)
    drawn: dict[Key, list[tuple[Tensor, Tensor, Tensor]]] = {key: [] for key in relations}
    for hop in range(len(next(iter(fanouts.values()), ()))):
        edges = {
            key: _drawn(entries, found[key[2]], sizes, key, fanouts[key][hop], seed, replace)
            for key, entries in relations.items()
        }
        for name, one in found.items():
            one.add([source for key, (source, _, _) in edges.items() if key[0] == name])
        for key, (source, target, entry) in edges.items():
            drawn[key].append((found[key[0]].place(source), target, entry))
    return _neighbourhood(found, drawn, sizes, disjoint)


def draw_edges(
    entries: Csr | Incoming,
    targets: Int[Tensor, " B"],
    count: int | None,
    key: Int[Tensor, " B"],
    replace: bool = False,
) -> tuple[Int[Tensor, " E"], Int[Tensor, " E"]]:
    """Some of the edges that end in each of these nodes.

    Without replacement every set of `count` edges of a node is as likely as any other: Floyd's algorithm
    (Bentley and Floyd, "Programming Pearls: A Sample of Brilliance", CACM 30(9), 1987) for all nodes at once,
    so that a node with a million edges costs no more than others.

    Args:
        entries: the edges.
        targets: numbers of nodes.
        count: how many of each node; None for all of them.
        key: what each node's draw hangs on; see `hashed`.
        replace: draw with replacement.

    Returns:
        places in the csr, and for each the row of `targets` that it ends in, ascending.
    """
    begin = entries.rowptr.index_select(0, targets).long()
    degree = entries.rowptr.index_select(0, targets + 1).long() - begin
    if count is None:
        return _all(begin, degree)
    if replace:
        step = torch.arange(count, device=targets.device)
        place = (hashed_uniform(key[:, None], step) * degree[:, None]).long()
        mask = (degree > 0)[:, None].expand(-1, count)
    else:
        place, mask = _subsets(degree, count, key)
    row = torch.arange(len(targets), device=targets.device)[:, None].expand_as(mask)
    return (begin[:, None] + place)[mask], row[mask]


def _all(begin: Tensor, degree: Tensor) -> tuple[Tensor, Tensor]:
    row = torch.repeat_interleave(degree)
    first = degree.cumsum(0) - degree
    place = torch.arange(len(row), device=row.device) - first.index_select(0, row)
    return begin.index_select(0, row) + place, row


def _subsets(degree: Tensor, count: int, key: Tensor) -> tuple[Tensor, Tensor]:
    """Places within each node's edges `[B, count]`, ascending, and which of them count."""
    count = min(count, int(degree.max())) if len(degree) else 0
    step = torch.arange(count, device=degree.device)
    mask = step < degree[:, None]
    many = (degree > count).nonzero()[:, 0]
    uniform = hashed_uniform(key.index_select(0, many)[:, None], step)
    chosen = torch.empty(uniform.shape, dtype=torch.long, device=degree.device)
    for number in range(count):
        last = degree.index_select(0, many) - count + number
        place = (uniform[:, number] * (last + 1)).long()
        taken = (chosen[:, :number] == place[:, None]).any(1)
        chosen[:, number] = torch.where(taken, last, place)
    place = step.expand(mask.shape).clone()
    place[many] = chosen.sort(1).values
    return place, mask


class _Found:
    """The nodes of a type so far; a key is the node's number, and above it that of the sample."""

    def __init__(self, keys: Tensor) -> None:
        self.keys, self.starts = keys, [0]
        self._sort()

    @property
    def newest(self) -> Tensor:
        """What the last hop found."""
        return self.keys[self.starts[-1] :]

    def add(self, reached: list[Tensor]) -> None:
        """A hop's nodes; those that are there already are not new."""
        self.starts.append(len(self.keys))
        keys = torch.cat([self.keys[:0], *reached]).unique()
        if len(self.keys):
            near = torch.searchsorted(self._sorted, keys).clamp(max=len(self.keys) - 1)
            keys = keys[self._sorted.index_select(0, near) != keys]
        self.keys = torch.cat([self.keys, keys])
        self._sort()

    def place(self, keys: Tensor) -> Tensor:
        """Where each of these keys stands; the first place where a seed was given twice."""
        return self._order.index_select(0, torch.searchsorted(self._sorted, keys))

    def counts(self) -> tuple[int, ...]:
        """How many were new, hop by hop."""
        ends = [*self.starts[1:], len(self.keys)]
        return tuple(end - start for start, end in zip(self.starts, ends, strict=True))

    def _sort(self) -> None:
        self._sorted, self._order = self.keys.sort(stable=True)


def _drawn(
    entries: Csr | Incoming,
    found: _Found,
    sizes: Mapping[str, int],
    key: Key,
    count: int | None,
    seed: int,
    replace: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Keys of the sources, places of the targets and entries of the edges that a hop draws."""
    newest, start = found.newest, found.starts[-1]
    if not len(newest):
        nothing = newest[:0]
        return nothing, nothing, nothing
    stream = hashed(hashed(seed, zlib.crc32("\0".join(key).encode())), newest)
    entry, row = draw_edges(entries, newest % sizes[key[2]], count, stream, replace)
    sample = newest.index_select(0, row) // sizes[key[2]]
    return sample * sizes[key[0]] + entries.source.index_select(0, entry), row + start, entry


def _started(sizes: Mapping[str, int], seeds: Mapping[str, Tensor], disjoint: bool) -> dict[str, _Found]:
    """The seeds of each type, checked."""
    if unknown := seeds.keys() - sizes.keys():
        raise InputError(
            f"sample_neighbours got seeds of {min(unknown)!r}, but the relations join {sorted(sizes)}"
        )
    found, before = {}, 0
    device = next((one.device for one in seeds.values()), None)
    for name in [*seeds, *sizes.keys() - seeds.keys()]:
        own = seeds[name] if name in seeds else torch.zeros(0, dtype=torch.long, device=device)
        if len(own) and not 0 <= int(own.min()) <= int(own.max()) < sizes[name]:
            raise InputError(
                f"sample_neighbours got seeds of {name!r} from {int(own.min())} to {int(own.max())}, but its "
                f"nodes are 0 to {sizes[name] - 1}"
            )
        sample = torch.arange(before, before + len(own), device=own.device)
        found[name] = _Found(sample * sizes[name] + own if disjoint else own.long())
        before += len(own)
    return {name: found[name] for name in sizes}


def _sizes(relations: Mapping[Key, Csr | Incoming]) -> dict[str, int]:
    """How many nodes each type has."""
    sizes: dict[str, int] = {}
    for key, entries in relations.items():
        for name, size in ((key[0], entries.num_sources), (key[2], entries.num_targets)):
            if sizes.setdefault(name, size) != size:
                raise InputError(
                    f"sample_neighbours: {key} has {size} nodes of {name!r}, another relation {sizes[name]}"
                )
    return sizes


def _fanouts(
    relations: Mapping[Key, Csr | Incoming], counts: Fanout | Mapping[Key, Fanout]
) -> Mapping[Key, Fanout]:
    fanouts = counts if isinstance(counts, Mapping) else dict.fromkeys(relations, counts)
    if fanouts.keys() != relations.keys():
        raise InputError(
            f"sample_neighbours got counts for {sorted(fanouts)}, but the relations are {sorted(relations)}: "
            "give a list for each"
        )
    if len({len(hops) for hops in fanouts.values()}) > 1:
        raise InputError(
            f"sample_neighbours got counts for different numbers of hops: {dict(fanouts)}; 0 draws nothing"
        )
    if any(count is not None and count < 0 for hops in fanouts.values() for count in hops):
        raise InputError(f"sample_neighbours got counts {dict(fanouts)}: expected 0 or more, or None for all")
    return fanouts


def _neighbourhood(
    found: Mapping[str, _Found],
    drawn: Mapping[Key, list[tuple[Tensor, Tensor, Tensor]]],
    sizes: Mapping[str, int],
    disjoint: bool,
) -> Neighbourhood:
    nothing = next(iter(found.values())).keys[:0] if found else torch.zeros(0, dtype=torch.long)
    source, target, entry = (
        {key: torch.cat([nothing, *(part[place] for part in parts)]) for key, parts in drawn.items()}
        for place in range(3)
    )
    # A type without nodes has size 0, and no key to take apart.
    whole = {name: max(size, 1) for name, size in sizes.items()}
    return Neighbourhood(
        nodes={name: one.keys % whole[name] for name, one in found.items()},
        sample={name: one.keys // whole[name] for name, one in found.items()} if disjoint else {},
        source=source,
        target=target,
        entry=entry,
        nodes_per_hop={name: one.counts() for name, one in found.items()},
        edges_per_hop={key: tuple(len(part[2]) for part in parts) for key, parts in drawn.items()},
    )
