"""Knowledge, as (head, relation, tail) triples, into graphs of its entities."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmgraph.builders.base import sample_ids
from mmgraph.builders.tokens.vocabulary import HashedVocabulary, Vocabulary
from mmgraph.errors import InputError
from mmgraph.graph import EdgeSpec, EdgeType, HeteroGraph, NodeSpec, NodeType, Sample, Schema
from mmgraph.ops import ragged

__all__ = ["TriplesBuilder"]

Triple = tuple[str, str, str]
ANY_NAME = HashedVocabulary(lower=False)


@dataclass(frozen=True)
class TriplesBuilder:
    """Triples of strings into graphs: entities and the edges head -relates-> tail.

    An item is a sequence of (head, relation, tail), the path of a file with a triple a line, cut by tabs, or
    None. A sample's nodes are its different entities in order of appearance; `x` holds their ids and `label`
    their names. A triple that stands twice is two edges.

    Args:
        relations: the names of all relations; another one is an error, since a class cannot be guessed.
        entities: names -> ids; by default hashed, without fitting. A fitted `Vocabulary` gives id 0 to an
            entity that it does not know.
        node_type: name of the nodes.
        input: the keyword under which `MultimodalBuilder` takes the triples.
    """

    relations: tuple[str, ...]
    entities: Vocabulary | HashedVocabulary = ANY_NAME
    node_type: NodeType = field(default="entity", kw_only=True)
    input: str = field(default="triples", kw_only=True)

    def __post_init__(self) -> None:
        if isinstance(self.relations, str) or len(self._class) < max(len(self.relations), 1):
            raise InputError(f"TriplesBuilder(relations={self.relations!r}): give a tuple of different names")

    @classmethod
    def fit(cls, triples: Any, node_type: NodeType = "entity", input: str = "triples") -> "TriplesBuilder":
        """A builder that knows the entities and relations of the training triples, or of their file."""
        rows = _read(triples, "fit")
        relations = tuple(sorted({relation for _, relation, _ in rows}))
        entities = Vocabulary.from_words(chain.from_iterable((h, t) for h, _, t in rows), lower=False)
        return cls(relations, entities, node_type=node_type, input=input)

    @cached_property
    def schema(self) -> Schema:
        """The entities and the one relation, whose classes are the relations' names."""
        edge = EdgeSpec(classes=self.relations, origins=("TriplesBuilder",))
        node = NodeSpec(dim=0, num_ids=self.entities.num_ids)
        return Schema({self.node_type: node}, {self._edge_type: edge})

    def __call__(self, item: Any, id: str = "") -> HeteroGraph:
        """The graph of one set of triples; `id` names the sample in messages."""
        return self.batch([item], [id])

    def batch(self, items: Sequence[Any], ids: Sequence[str] | None = None) -> HeteroGraph:
        """The graph of many sets of triples, one sample each, in order.

        Raises:
            InputError: a file that cannot be read, a triple that is none, or an unknown relation.
        """
        names = sample_ids(items, ids)
        rows = [_read(item, name) for item, name in zip(items, names, strict=True)]
        entities = [list(dict.fromkeys(chain.from_iterable((h, t) for h, _, t in own))) for own in rows]
        sizes = [len(own) for own in entities]
        labels = list(chain.from_iterable(entities))
        files = [{self.input: os.fspath(item)} if _is_path(item) else {} for item in items]
        return HeteroGraph.create(
            self.schema,
            [Sample(name, files=own) for name, own in zip(names, files, strict=True)],
            sizes={self.node_type: sizes},
            x={self.node_type: self.entities.encode(labels)},
            edge_index={self._edge_type: _edges(rows, entities)},
            edge_attr={self._edge_type: self._classes(rows, names)},
            label={self.node_type: labels},
        )

    @cached_property
    def _class(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.relations)}

    @property
    def _edge_type(self) -> EdgeType:
        return self.node_type, "relates", self.node_type

    def _classes(self, rows: Sequence[Sequence[Triple]], names: Sequence[str]) -> Tensor:
        for own, name in zip(rows, names, strict=True):
            if unknown := {relation for _, relation, _ in own} - self._class.keys():
                raise InputError(
                    f"sample {name!r}: unknown relation {min(unknown)!r}; TriplesBuilder knows "
                    f"{list(self.relations)[:10]}{'...' if len(self.relations) > 10 else ''}"
                )
        return torch.tensor([self._class[r] for own in rows for _, r, _ in own], dtype=torch.long)


def _edges(rows: Sequence[Sequence[Triple]], entities: Sequence[Sequence[str]]) -> Tensor:
    ends: list[tuple[int, int]] = []
    for own, nodes in zip(rows, entities, strict=True):
        number = dict(zip(nodes, range(len(nodes)), strict=True))
        ends += [(number[head], number[tail]) for head, _, tail in own]
    starts = ragged.offsets([len(nodes) for nodes in entities])[:-1]
    counts = torch.tensor([len(own) for own in rows], dtype=torch.long)
    return torch.tensor(ends, dtype=torch.long).reshape(-1, 2).T + torch.repeat_interleave(starts, counts)


def _is_path(item: Any) -> bool:
    return isinstance(item, str | os.PathLike)


def _read(item: Any, name: str) -> list[Triple]:
    if item is None:
        return []
    lines: Iterable[Any] = _lines(item, name) if _is_path(item) else item
    rows = [tuple(row) if not isinstance(row, str) else (row,) for row in lines]
    for number, row in enumerate(rows):
        if len(row) != 3 or not all(isinstance(value, str) for value in row):
            where = f"{os.fspath(item)!r}, line {number + 1}," if _is_path(item) else f"triple {number}"
            raise InputError(
                f"sample {name!r}: {where} is {row!r}, expected three strings: head, relation, tail"
            )
    return rows


def _lines(path: str | os.PathLike[str], name: str) -> list[list[str]]:
    try:
        content = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"sample {name!r}: {os.fspath(path)!r} cannot be read: {error}") from error
    return [line.split("\t") for line in content.removesuffix("\n").split("\n")] if content else []
