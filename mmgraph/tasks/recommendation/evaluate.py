"""How well a recommender ranks what it has not been shown: over all items, seen ones masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmgraph.data.recommendation import InteractionTable
from mmgraph.errors import InputError
from mmgraph.metrics.ranking import average_popularity, gini, item_coverage, ranking_metrics
from mmgraph.models.recommendation import Embedded, RecommendationGraph
from mmgraph.ops.top_scores import top_scores

__all__ = ["RankingScores", "evaluate_ranking"]

QUINTILES = 5


@dataclass(frozen=True, eq=False)
class RankingScores:
    """Scores over users, each user's own beside them.

    Args:
        per_user: of each metric, a value for each user who was asked about.
        users: the numbers of these users.
        lists: of all lists together: "coverage@20", "popularity@20" and "gini@20".
        groups: scores of groups of held-out items or of users, such as "cold.recall@20".
    """

    per_user: Mapping[str, Float[Tensor, " A"]]
    users: Int[Tensor, " A"]
    lists: Mapping[str, float] = field(default_factory=dict)
    groups: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        """The mean of a metric over the users, such as "recall@20".

        Raises:
            InputError: there is no such metric.
        """
        if name not in self.per_user:
            raise InputError(f"there is no score {name!r}: expected one of {', '.join(self.per_user)}")
        return float(self.per_user[name].mean())

    def as_dict(self) -> dict[str, float]:
        """All of them, flat."""
        return {name: self[name] for name in self.per_user} | dict(self.lists) | dict(self.groups)


def evaluate_ranking(
    found: Embedded,
    graph: RecommendationGraph,
    held_out: InteractionTable,
    ks: Sequence[int] = (10, 20),
    also_seen: InteractionTable | None = None,
    groups: bool = True,
) -> RankingScores:
    """Rank all items for each user with held-out items, those of training left out, and score the lists.

    The groups, each a mean over the users who have a held-out item in it:

    - "cold": held-out items without a training interaction, ranked among all items.
    - "cold_only": the same, ranked among the items without a training interaction.
    - "item_q1" to "item_q5": held-out items by popularity, from the rarest on, a fifth of the training
      interactions each.
    - "user_q1" to "user_q5": users by the number of their training interactions, a fifth of the users each.

    Args:
        found: all users and items.
        graph: whose training interactions are masked.
        held_out: validation or test.
        ks: lengths of the lists.
        also_seen: what is masked besides, such as validation while the test is reported.
        groups: compute them, and the scores of all lists together.

    Raises:
        InputError: nothing is held out.
    """
    keys = torch.unique(held_out.users * graph.num_items + held_out.items)
    if not len(keys):
        raise InputError("evaluate_ranking got no held-out interactions: nothing can be scored")
    ks = [min(k, graph.num_items) for k in ks]
    users = torch.unique(keys // graph.num_items)
    seen = _seen(graph, users, also_seen)
    top = top_scores(found.users[users], found.items, max(ks), seen)[1]
    mine = _Lists(users, top, keys, graph.num_items)
    per_user = ranking_metrics(mine.hits(), mine.relevant(), ks)
    if not groups:
        return RankingScores(per_user, users)
    popularity = graph.interactions.csr.rowptr.diff().long()
    lists: dict[str, float] = {}
    for k in ks:
        lists |= {
            f"coverage@{k}": item_coverage(top[:, :k], graph.num_items),
            f"popularity@{k}": average_popularity(top[:, :k], popularity),
            f"gini@{k}": gini(top[:, :k], graph.num_items),
        }
    return RankingScores(per_user, users, lists, _groups(found, graph, mine, per_user, ks, popularity))


@dataclass(frozen=True, eq=False)
class _Lists:
    """Users with their lists and held-out pairs, as `user * I + item`, ascending."""

    users: Tensor
    top: Tensor
    keys: Tensor
    num_items: int

    def hits(self) -> Bool[Tensor, "A K"]:
        return torch.isin(self.users[:, None] * self.num_items + self.top, self.keys)

    def relevant(self) -> Int[Tensor, " A"]:
        ends = torch.searchsorted(self.keys, torch.stack([self.users, self.users + 1]) * self.num_items)
        return ends[1] - ends[0]

    def of(self, items: Bool[Tensor, " I"]) -> "_Lists":
        """The users who have held-out items of a group, with these."""
        keys = self.keys[items[self.keys % self.num_items]]
        some = torch.isin(self.users, keys // self.num_items)
        return _Lists(self.users[some], self.top[some], keys, self.num_items)


def _seen(
    graph: RecommendationGraph, users: Int[Tensor, " A"], also_seen: InteractionTable | None
) -> tuple[Tensor, Tensor]:
    """Where each of these users' masked items begin, and the items."""
    starts, items = graph.seen
    owner = torch.repeat_interleave(torch.arange(graph.num_users, device=starts.device), starts.diff())
    pairs = owner * graph.num_items + items
    if also_seen is not None:
        pairs = torch.cat([pairs, also_seen.users * graph.num_items + also_seen.items])
    pairs = torch.unique(pairs)
    pairs = pairs[torch.isin(pairs // graph.num_items, users)]
    begins = torch.searchsorted(pairs, users * graph.num_items)
    return torch.cat([begins, begins.new_tensor([len(pairs)])]), pairs % graph.num_items


def _groups(
    found: Embedded,
    graph: RecommendationGraph,
    mine: _Lists,
    per_user: Mapping[str, Tensor],
    ks: Sequence[int],
    popularity: Int[Tensor, " I"],
) -> dict[str, float]:
    scores: dict[str, float] = {}
    cold = popularity == 0
    groups = {"cold": cold, **_by_popularity(popularity)}
    for name, items in groups.items():
        part = mine.of(items)
        if len(part.users):
            scores |= _means(f"{name}.", ranking_metrics(part.hits(), part.relevant(), ks))
    part = mine.of(cold)
    if len(part.users):
        scores |= _cold_only(found, part, cold, ks)
    for name, chosen in _by_activity(graph, mine.users).items():
        scores |= _means(f"{name}.", {metric: values[chosen] for metric, values in per_user.items()})
    return scores


def _cold_only(
    found: Embedded,
    part: _Lists,
    cold: Bool[Tensor, " I"],
    ks: Sequence[int],
) -> dict[str, float]:
    """Ranked among the cold items; none of them is masked by training."""
    numbers = cold.nonzero()[:, 0]
    ks = sorted({min(k, len(numbers)) for k in ks})
    top = numbers[top_scores(found.users[part.users], found.items[numbers], max(ks))[1]]
    ranked = _Lists(part.users, top, part.keys, part.num_items)
    return _means("cold_only.", ranking_metrics(ranked.hits(), ranked.relevant(), ks))


def _by_popularity(popularity: Int[Tensor, " I"]) -> dict[str, Bool[Tensor, " I"]]:
    """Items that have been seen, the rarest first, in groups of equally many interactions."""
    order = popularity.sort(stable=True).indices
    before = popularity[order].cumsum(0) - popularity[order]
    group = torch.empty_like(order)
    group[order] = (QUINTILES * before) // popularity.sum().clamp(min=1)
    return {f"item_q{q + 1}": (group == q) & (popularity > 0) for q in range(QUINTILES)}


def _by_activity(graph: RecommendationGraph, users: Int[Tensor, " A"]) -> dict[str, Int[Tensor, " G"]]:
    """Places of users, those with the fewest interactions first, in groups of equally many users."""
    order = graph.interactions.csr.colptr.diff()[users].sort(stable=True).indices
    parts = order.tensor_split(QUINTILES)
    return {f"user_q{q + 1}": part for q, part in enumerate(parts) if len(part)}


def _means(prefix: str, values: Mapping[str, Tensor]) -> dict[str, float]:
    return {f"{prefix}{name}": float(value.mean()) for name, value in values.items()}
