"""Facts about items: triples of a knowledge graph, and which entity each item is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.errors import InputError

__all__ = ["Knowledge"]


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Triples by number.

    Args:
        heads: entity of each triple, int64.
        relations: relation of each triple, int64.
        tails: entity of each triple, int64.
        item_entity: entity of each item, int64; -1 for an item without one.
        entities: their names, by number.
        relation_names: likewise.

    Raises:
        InputError: columns of different lengths, or a number that names nothing.
    """

    heads: Int[Tensor, " F"]
    relations: Int[Tensor, " F"]
    tails: Int[Tensor, " F"]
    item_entity: Int[Tensor, " I"]
    entities: tuple[str, ...]
    relation_names: tuple[str, ...]

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in ("heads", "relations", "tails")}
        if len(set(lengths.values())) > 1:
            raise InputError(f"Knowledge got columns of different lengths: {lengths}")
        num_relations = len(self.relation_names)
        bounds = (("heads", 0, self.num_entities), ("tails", 0, self.num_entities))
        for name, low, high in (
            *bounds,
            ("relations", 0, num_relations),
            ("item_entity", -1, self.num_entities),
        ):
            values = getattr(self, name)
            if values.device.type != "cpu":  # checked where it was made; here it would wait
                continue
            outside = ((values < low) | (values >= high)).nonzero()
            if len(outside):
                place = int(outside[0])
                raise InputError(
                    f"Knowledge: {name}[{place}] is {int(values[place])}, expected {low} to {high - 1}"
                )

    @classmethod
    def of(
        cls, triples: Sequence[tuple[str, str, str]], links: Mapping[str, str], item_ids: Sequence[str]
    ) -> "Knowledge":
        """Facts from names; entities and relations are numbered in the order of their names, facts each once.

        Args:
            triples: head, relation and tail.
            links: the entity of an item, by the item's id; items that `item_ids` lacks are left out.
            item_ids: all items, by number. An item whose entity is in no triple has an entity all the same.
        """
        facts = sorted(set(triples))
        linked = {links[item] for item in item_ids if item in links}
        entities = tuple(sorted({name for head, _, tail in facts for name in (head, tail)} | linked))
        relation_names = tuple(sorted({relation for _, relation, _ in facts}))
        entity = {name: number for number, name in enumerate(entities)}
        relation = {name: number for number, name in enumerate(relation_names)}
        rows = [(entity[head], relation[name], entity[tail]) for head, name, tail in facts]
        heads, relations, tails = torch.tensor(rows, dtype=torch.long).reshape(-1, 3).unbind(1)
        of_item = [entity[links[item]] if item in links else -1 for item in item_ids]
        return cls(heads, relations, tails, torch.tensor(of_item, dtype=torch.long), entities, relation_names)

    @property
    def num_entities(self) -> int:
        """How many entities there are, items among them."""
        return len(self.entities)

    def __len__(self) -> int:
        return len(self.heads)

    def to(self, device: torch.device | str) -> "Knowledge":
        """The same on a device."""
        return replace(
            self,
            heads=self.heads.to(device),
            relations=self.relations.to(device),
            tails=self.tails.to(device),
            item_entity=self.item_entity.to(device),
        )
