"""Users, items and who rated what, as one graph."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mmgraph.builders.base import sample_ids
from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, EdgeType, HeteroGraph, NodeSpec, NodeType, Sample, Schema
from mmgraph.ops import ragged

__all__ = ["Interactions", "InteractionsBuilder"]

Array = npt.NDArray[Any]
EDGE: EdgeType = ("user", "rates", "item")
_NOTHING = torch.zeros(2, 0, dtype=torch.long), torch.zeros(0).double(), torch.zeros(0).double()


@dataclass(frozen=True, eq=False)
class Interactions:
    """Columns of one length: who did something with what, and how they rated it when.

    Args:
        users: ids, int or any that NumPy can sort.
        items: ids.
        ratings: a number each; 1 where there are none.
        times: a number each, such as seconds since 1970.
    """

    users: Any
    items: Any
    ratings: Any = None
    times: Any = None

    @classmethod
    def from_rows(cls, rows: Any) -> "Interactions":
        """From rows of (user, item), (user, item, rating) or (user, item, rating, time)."""
        try:
            table = isinstance(rows, np.ndarray | Tensor) and rows.ndim == 2
            columns = list(rows.T) if table else list(zip(*rows, strict=True))
        except (TypeError, ValueError) as error:
            raise InputError(f"interactions are not rows of one length: {error}") from error
        if columns and not 2 <= len(columns) <= 4:
            raise InputError(f"rows of interactions have {len(columns)} columns, expected 2 to 4")
        return cls(*(columns or ([], [])))


@dataclass(frozen=True, eq=False)
class InteractionsBuilder:
    """Interactions into a bipartite graph; the one builder with two node types, "user" and "item".

    A sample is an `Interactions`, or rows that `Interactions.from_rows` takes; usually all there are make one
    sample. Every user and item of the catalogue is a node, whether or not it occurs; `x` is its number. Edges
    user -rates-> item are scored by the rating, 1 where there is none. None makes no nodes.

    Args:
        num_users: how many users; ids are 0..num_users-1.
        num_items: how many items.
        timed: interactions have times, kept in float64 as `extra[("user", "rates", "item")]["time"]`.
        user_ids: for ids of another kind, all of them, sorted; `InteractionsBuilder.fit` finds them.
        item_ids: likewise.
        input: the keyword under which `MultimodalBuilder` takes the interactions.
    """

    num_users: int
    num_items: int
    timed: bool = False
    user_ids: Array | None = None
    item_ids: Array | None = None
    node_type: NodeType = field(default="user", init=False)
    input: str = field(default="interactions", kw_only=True)

    def __post_init__(self) -> None:
        for ids, count in ((self.user_ids, self.num_users), (self.item_ids, self.num_items)):
            if ids is not None and not (len(ids) == count and bool((ids[1:] > ids[:-1]).all())):
                raise InputError(
                    f"InteractionsBuilder: {len(ids)} ids for {count}; give each once, sorted (fit does both)"
                )
        if min(self.num_users, self.num_items) < 1:
            raise InputError(
                f"InteractionsBuilder(num_users={self.num_users}, num_items={self.num_items}): expected >= 1"
            )

    @classmethod
    def fit(cls, rows: Any, timed: bool = False, input: str = "interactions") -> "InteractionsBuilder":
        """A builder for the users and items of these interactions, whatever their ids are."""
        known = _interactions(rows)
        try:
            users, items = np.unique(np.asarray(known.users)), np.unique(np.asarray(known.items))
        except TypeError as error:
            raise InputError(f"InteractionsBuilder.fit cannot sort the ids: {error}") from error
        return cls(len(users), len(items), timed, users, items, input=input)

    @cached_property
    def schema(self) -> Schema:
        """Users, items and the ratings between them."""
        nodes = {"user": NodeSpec(0, self.num_users), "item": NodeSpec(0, self.num_items)}
        return Schema(nodes, {EDGE: EdgeSpec(scored=True, origins=("InteractionsBuilder",))})

    def __call__(self, item: Any, id: str = "") -> HeteroGraph:
        """The graph of one set of interactions; `id` names the sample in messages."""
        return self.batch([item], [id])

    def batch(self, items: Sequence[Any], ids: Sequence[str] | None = None) -> HeteroGraph:
        """The graph of many sets of interactions, one sample each, in order.

        Raises:
            InputError: columns of different lengths, or an unknown user or item.
        """
        names = sample_ids(items, ids)
        parts = [self._columns(item, name) for item, name in zip(items, names, strict=True)]
        pairs, ratings, times = zip(_NOTHING, *parts, strict=True)
        there = torch.tensor([item is not None for item in items], dtype=torch.long)
        sizes = {"user": there * self.num_users, "item": there * self.num_items}
        starts = torch.stack([ragged.offsets(count)[:-1] for count in sizes.values()])
        counts = torch.tensor([len(rating) for rating in ratings[1:]], dtype=torch.long)
        known = {"user": self.user_ids, "item": self.item_ids}
        return HeteroGraph.create(
            self.schema,
            [Sample(name) for name in names],
            sizes={key: count.tolist() for key, count in sizes.items()},
            x={key: ragged.positions(count) for key, count in sizes.items()},
            edge_index={EDGE: torch.cat(pairs, dim=1) + torch.repeat_interleave(starts, counts, dim=1)},
            edge_score={EDGE: torch.cat(ratings).to(torch.get_default_dtype())},
            extra={EDGE: {"time": torch.cat(times)}} if self.timed else {},
            label={
                key: [str(value) for value in ids.tolist()] * int(there.sum())
                for key, ids in known.items()
                if ids is not None
            },
        )

    def _columns(self, item: Any, name: str) -> tuple[Tensor, Tensor, Tensor]:
        """Users and items as numbers `[2, E]`, ratings `[E]`, times `[E]`."""
        if item is None:
            return _NOTHING
        given = _interactions(item)
        if (given.times is None) == self.timed and len(given.users):
            state = "no times" if self.timed else "times, which would be dropped"
            raise InputError(f"sample {name!r} has {state}, but timed={self.timed}")
        users = _numbers(given.users, self.user_ids, self.num_users, f"sample {name!r}: user")
        items = _numbers(given.items, self.item_ids, self.num_items, f"sample {name!r}: item")
        ratings = _values(given.ratings, len(users), f"sample {name!r}: rating")
        times = _values(given.times, len(users), f"sample {name!r}: time")
        lengths = {"users": len(users), "items": len(items), "ratings": len(ratings), "times": len(times)}
        if len(set(lengths.values())) > 1:
            raise InputError(f"sample {name!r} has columns of lengths {lengths}: give one value of each")
        return torch.from_numpy(np.stack([users, items])), ratings, times


def _interactions(item: Any) -> Interactions:
    return item if isinstance(item, Interactions) else Interactions.from_rows(item)


def _numbers(column: Any, known: Array | None, count: int, what: str) -> Array:
    """Ids as numbers from 0."""
    ids = np.asarray(column)
    if ids.ndim != 1:
        raise InputError(f"{what} ids have shape {list(ids.shape)}, expected one dimension")
    if not ids.size:
        return np.zeros(0, np.int64)
    if known is None:
        numeric = ids.dtype.kind in "iuf"
        good = (ids >= 0) & (ids < count) & (ids == np.floor(ids)) if numeric else np.zeros(len(ids), bool)
        place = np.where(good, ids, 0).astype(np.int64) if numeric else ids
        expected = f"an int from 0 to {count - 1} (InteractionsBuilder.fit takes ids of other kinds)"
    else:
        place = _search(known, ids)
        good = known[place] == ids
        expected = "one that fit saw"
    if not good.all():
        row = int(good.argmin())
        raise InputError(f"{what} of row {row} is {ids[row : row + 1].tolist()[0]!r}, expected {expected}")
    return place


def _search(known: Array, ids: Array) -> Array:
    """Where each id is, if it is among the known ones."""
    try:
        return np.searchsorted(known, ids).clip(max=len(known) - 1)
    except TypeError:  # ids that do not compare, such as None, are not among them
        return np.zeros(len(ids), np.int64)


def _values(column: Any, count: int, what: str) -> Tensor:
    """Numbers `[E]`; 1 for each where there are none."""
    if column is None:
        return torch.ones(count, dtype=torch.float64)
    try:
        values = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what}: {error}; expected numbers") from error
    if not np.isfinite(values).all():
        row = int(np.isfinite(values).argmin())
        raise InputError(f"{what} of row {row} is {values[row]}, expected a finite number")
    return torch.from_numpy(values)
