"""Items for users from a trained model: with reasons, and for users and items that are new."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from mmgraph.data.recommendation import Catalogue, InteractionTable, ItemFeatures
from mmgraph.errors import InputError
from mmgraph.models.recommendation import Embedded, RecommendationGraph, Recommender
from mmgraph.ops.top_scores import top_scores
from mmgraph.tasks.recommendation.grow import grow
from mmgraph.tasks.recommendation.reason import Reason, reasons

__all__ = ["Recommendations", "Recommended"]


@dataclass(frozen=True)
class Recommended:
    """An item for a user.

    Args:
        item: by number.
        title: how it is shown.
        score: how well it suits; comparable for one user only.
        reason: why; None where it was not asked.
    """

    item: int
    title: str
    score: float
    reason: Reason | None


@dataclass(frozen=True, eq=False)
class Recommendations:
    """A trained model with its graph.

    ```python
    found = load_recommendations("runs/recommendation/cells/aligned/seed0")
    for one in found.recommend(user=3, k=5):
        print(one.title, one.reason.speaks, one.reason.path)
    more = found.with_items({"image": features}, ["a new film"])
    ```

    Args:
        model: in evaluation mode.
        make: from a graph to a model of the same kind with new weights.
        build: from a catalogue and interactions to the graph that such a model reads.
        catalogue: users and items.
        interactions: all that the graph has.
    """

    model: Recommender
    make: Callable[[RecommendationGraph], Recommender]
    build: Callable[[Catalogue, InteractionTable], RecommendationGraph]
    catalogue: Catalogue
    interactions: InteractionTable

    @cached_property
    def graph(self) -> RecommendationGraph:
        """What the model reads."""
        return self.build(self.catalogue, self.interactions)

    @cached_property
    def embedded(self) -> Embedded:
        """All users and items."""
        with torch.no_grad():
            return self.model(self.graph)

    def recommend(self, user: int | str, k: int = 10, why: bool = True) -> list[Recommended]:
        """The k best items that a user has not chosen yet, the best first.

        Args:
            user: by number, or by the data's own name.
            k: how many; fewer where fewer are left.
            why: find reasons too, which takes a pass over the graph for each of the user's items.

        Raises:
            InputError: there is no such user, or k is below 1.
        """
        number = self._number(user)
        if k < 1:
            raise InputError(f"recommend got k={k}: expected at least 1")
        # Not the graph's own, which lacks interactions where they are what a control takes away.
        mine = self.interactions.items[self.interactions.users == number]
        seen = torch.tensor([0, len(mine)]), mine
        found = self.embedded
        scores, numbers = top_scores(found.users[number : number + 1], found.items, k, seen)
        left = scores[0] > float("-inf")
        chosen, values = numbers[0][left].tolist(), scores[0][left].tolist()
        said: Sequence[Reason | None] = [None] * len(chosen)
        if why:
            said = reasons(self.model, self.graph, number, chosen)
        titles = [self.catalogue.title(item) for item in chosen]
        return [Recommended(*one) for one in zip(chosen, titles, values, said, strict=True)]

    def with_items(
        self,
        features: Mapping[str, Float[Tensor, "N _"]],
        item_ids: Sequence[str],
        present: Mapping[str, Bool[Tensor, " N"]] | None = None,
    ) -> "Recommendations":
        """The same with new items, known by their features; nothing is trained again.

        Args:
            features: of some of the modalities that the catalogue has, made and scaled as these were (see
                `ItemFeatures.standardised(like=...)`); the items lack the others.
            item_ids: their names.
            present: which of them have each of these modalities; those whose row is not all zeros if None.

        Raises:
            InputError: a modality that the catalogue does not have, features of another width or number,
                flags without features or of another number, or a name that is taken.
        """
        known, count, flags = self.catalogue, len(item_ids), present or {}
        if taken := set(item_ids) & set(known.item_ids):
            raise InputError(f"with_items got {min(taken)!r}, which is an item already")
        if unknown := sorted(features.keys() - known.features.keys()):
            raise InputError(
                f"with_items got features of {unknown[0]!r}, but the model knows {sorted(known.features)}"
            )
        for name, flag in flags.items():
            if name not in features or flag.shape != (count,):
                raise InputError(
                    f"with_items got present[{name!r}] of {list(flag.shape)}: expected a flag of each of the "
                    f"{count} items, of modalities that have features here: {sorted(features)}"
                )
        both = {}
        for name, old in known.features.items():
            x = features.get(name, old.x.new_zeros(count, old.dim))
            if x.shape != (count, old.dim):
                raise InputError(
                    f"with_items got {name} features {list(x.shape)} for {count} items: expected "
                    f"{[count, old.dim]}"
                )
            new = ItemFeatures.of(x, flags.get(name))
            both[name] = ItemFeatures(torch.cat([old.x, new.x]), torch.cat([old.present, new.present]))
        titles = None if known.titles is None else (*known.titles, *item_ids)
        knowledge = known.knowledge
        if knowledge is not None:
            none = knowledge.item_entity.new_full((count,), -1)
            knowledge = replace(knowledge, item_entity=torch.cat([knowledge.item_entity, none]))
        catalogue = replace(
            known,
            item_ids=(*known.item_ids, *item_ids),
            features=both,
            titles=titles,
            knowledge=knowledge,
        )
        return self._grown(catalogue, self.interactions)

    def with_users(self, chosen: Mapping[str, Sequence[int]]) -> "Recommendations":
        """The same with new users, known by what they chose; nothing is trained again.

        Args:
            chosen: by the name of each new user, numbers of items.

        Raises:
            InputError: a name that is taken, or an item that there is not.
        """
        known = self.catalogue
        if taken := set(chosen) & set(known.user_ids):
            raise InputError(f"with_users got {min(taken)!r}, who is a user already")
        pairs = [(known.num_users + n, item) for n, items in enumerate(chosen.values()) for item in items]
        if wrong := [item for _, item in pairs if not 0 <= item < known.num_items]:
            raise InputError(f"with_users got item {wrong[0]}: expected 0 to {known.num_items - 1}")
        users, items = torch.tensor(pairs, dtype=torch.long).view(-1, 2).T
        old = self.interactions
        both = InteractionTable(torch.cat([old.users, users]), torch.cat([old.items, items]))
        return self._grown(replace(known, user_ids=(*known.user_ids, *chosen)), both)

    def _grown(self, catalogue: Catalogue, interactions: InteractionTable) -> "Recommendations":
        model = self.make(self.build(catalogue, interactions))
        assert isinstance(model, nn.Module)
        assert isinstance(self.model, nn.Module)
        grow(self.model, model)
        return Recommendations(model, self.make, self.build, catalogue, interactions)

    def _number(self, user: int | str) -> int:
        if isinstance(user, str):
            if user not in self.catalogue.user_ids:
                raise InputError(f"there is no user {user!r}")
            return self.catalogue.user_ids.index(user)
        if not 0 <= user < self.catalogue.num_users:
            raise InputError(f"there is no user {user}: expected 0 to {self.catalogue.num_users - 1}")
        return user
