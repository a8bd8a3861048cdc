"""How well a recommender ranks what it has not been shown: over all items, seen ones masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mmgraph.data.recommendation import InteractionTable
from mmgraph.errors import InputError
from mmgraph.metrics.interval import MeanInterval, mean_interval
from mmgraph.metrics.ranking import ranking_metrics
from mmgraph.metrics.recommended_items import average_popularity, gini_index, item_coverage, novelty
from mmgraph.models.recommendation import Embedded, RecommendationGraph
from mmgraph.ops.top_scores import top_scores

__all__ = ["RankingScores", "UserScores", "evaluate_ranking"]

QUINTILES = 5

OF_QUINTILES = ("recall", "ndcg")
"""The metrics that are computed for groups of popularity and activity."""


@dataclass(frozen=True, eq=False)
class UserScores:
    """Some users, and the scores of each.

    Args:
        users: their numbers, ascending.
        values: of each metric, such as "recall@20", in the order of the users.
    """

    users: Int[Tensor, " A"]
    values: Mapping[str, Float[Tensor, " A"]]


@dataclass(frozen=True, eq=False)
class RankingScores:
    """Scores by name: "recall@20" of all users, "cold.recall@20" of a group, "coverage@20" of all lists.

    Args:
        overall: scores of all users who were asked about.
        groups: the same by group, such as "cold" or "popularity.q1"; those that have no user are not there.
        lists: of all lists together.
    """

    overall: UserScores
    groups: Mapping[str, UserScores] = field(default_factory=dict)
    lists: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        """A score by name, the mean over its users.

        Raises:
            InputError: there is no such score.
        """
        return self.lists[name] if name in self.lists else float(self.per_user(name).mean())

    def per_user(self, name: str) -> Float[Tensor, " A"]:
        """A value for each user: of `overall.users`, or of a group's users.

        Raises:
            InputError: there is no such score, or it is not of single users.
        """
        group, _, metric = name.rpartition(".")
        scores = self.groups.get(group) if group else self.overall
        if scores is None or metric not in scores.values:
            raise InputError(f"there is no score {name!r} of single users: expected one of {self._names()}")
        return scores.values[metric]

    def interval(self, name: str) -> MeanInterval:
        """The mean of a score with its 95 % interval over users: what other users might give."""
        return mean_interval(self.per_user(name).tolist())

    def as_dict(self) -> dict[str, float]:
        """All of them, flat."""
        found = {name: float(values.mean()) for name, values in self.overall.values.items()}
        for group, scores in self.groups.items():
            found |= {f"{group}.{name}": float(values.mean()) for name, values in scores.values.items()}
        return found | dict(self.lists)

    def _names(self) -> str:
        own = [f"{group}." for group in self.groups]
        metrics = ", ".join(self.overall.values)
        return f"{metrics}, some of them after {', '.join(own)}" if own else metrics


def evaluate_ranking(
    found: Embedded,
    graph: RecommendationGraph,
    held_out: InteractionTable,
    ks: Sequence[int] = (10, 20),
    also_seen: InteractionTable | None = None,
    groups: bool = True,
    cold: Bool[Tensor, " I"] | None = None,
    metrics: Sequence[str] | None = None,
) -> RankingScores:
    """Rank all items for each user with held-out items, those of training left out, and score the lists.

    A pair that is held out several times counts once. One that is masked as well counts as not found. Of
    equal scores an order decides that is drawn once for all users and always the same, so that a model which
    knows nothing finds no more than chance. The groups, each of the users who have a held-out item in it:

    - "cold": held-out items that are cold, ranked among all items.
    - "cold_only": the same, ranked among the cold items.
    - "popularity.q1" to "popularity.q5": held-out items that are not cold, those with the fewest training
      interactions first; each group has about a fifth of these interactions.
    - "activity.q1" to "activity.q5": users by training interactions, those with the fewest first; each group
      has a fifth of the users.

    Of all lists together: "coverage", "popularity", "novelty" and "gini", see
    `mmgraph.metrics.recommended_items`.

    Args:
        found: all users and items.
        graph: whose training interactions are masked, on the same device.
        held_out: validation or test, on any device.
        ks: lengths of the lists.
        also_seen: what is masked besides, such as validation while the test is reported.
        groups: compute them, and the scores of all lists together; off where a score picks weights.
        cold: which items are; those without a training interaction if None.
        metrics: which ones of `RANKING_METRICS`; all if None.

    Raises:
        InputError: nothing is held out, an unknown metric, a k below 1, or vectors that are not finite.
    """
    held_out = held_out.to(found.items.device)
    also_seen = None if also_seen is None else also_seen.to(found.items.device)
    keys = torch.unique(held_out.users * graph.num_items + held_out.items)
    if not len(keys):
        raise InputError("evaluate_ranking got no held-out interactions: nothing can be scored")
    if not ks or min(ks) < 1:
        raise InputError(f"evaluate_ranking got ks={list(ks)}: expected lengths of at least 1")
    if not (bool(found.users.isfinite().all()) and bool(found.items.isfinite().all())):
        raise InputError("evaluate_ranking got vectors with NaN or infinite numbers: lower the learning rate")
    users = torch.unique(keys // graph.num_items)
    seen = _seen(graph, users, also_seen)
    ranked = _Ranked(users, _top(found, users, max(ks), seen), keys, graph.num_items)
    overall = ranked.scores(ks, metrics)
    if not groups:
        return RankingScores(overall)
    popularity = graph.interactions.csr.rowptr.diff().long()
    cold = popularity == 0 if cold is None else cold
    chosen = OF_QUINTILES if metrics is None else [name for name in OF_QUINTILES if name in metrics]
    asked = ranked.of(cold)
    top = _top(found, asked.users, max(ks), _seen(graph, asked.users, also_seen), cold)
    by_group = {
        "cold": asked.scores(ks, metrics),
        "cold_only": replace(asked, top=top).scores(ks, metrics),
    }
    for name, items in _by_popularity(popularity, ~cold).items():
        by_group[name] = ranked.of(items).scores(ks, chosen)
    by_group |= _by_activity(graph, overall)
    by_group = {name: scores for name, scores in by_group.items() if len(scores.users)}
    return RankingScores(overall, by_group, _of_lists(ranked.top, popularity, graph.num_users, ks))


@dataclass(frozen=True, eq=False)
class _Ranked:
    """Users with their lists and held-out pairs, as `user * I + item`, ascending."""

    users: Tensor
    top: Tensor
    keys: Tensor
    num_items: int

    def scores(self, ks: Sequence[int], metrics: Sequence[str] | None) -> UserScores:
        return UserScores(self.users, ranking_metrics(self._hits(), self._relevant(), ks, metrics))

    def of(self, items: Bool[Tensor, " I"]) -> "_Ranked":
        """The users who have held-out items of a group, with these."""
        keys = self.keys[items[self.keys % self.num_items]]
        some = torch.isin(self.users, keys // self.num_items)
        return _Ranked(self.users[some], self.top[some], keys, self.num_items)

    def _hits(self) -> Bool[Tensor, "A K"]:
        if not len(self.keys):
            return torch.zeros_like(self.top, dtype=torch.bool)
        wanted = self.users[:, None] * self.num_items + self.top
        place = torch.searchsorted(self.keys, wanted).clamp(max=len(self.keys) - 1)
        return (self.keys[place] == wanted) & (self.top >= 0)

    def _relevant(self) -> Int[Tensor, " A"]:
        ends = torch.searchsorted(self.keys, torch.stack([self.users, self.users + 1]) * self.num_items)
        return ends[1] - ends[0]


def _top(
    found: Embedded,
    users: Int[Tensor, " A"],
    k: int,
    seen: tuple[Tensor, Tensor],
    among: Bool[Tensor, " I"] | None = None,
) -> Int[Tensor, "A K"]:
    """The list of each user, filled up with -1 to k places; of equal scores a drawn order decides."""
    # Numbers may know something: films that many chose often come first in a file.
    order = torch.randperm(len(found.items), generator=torch.Generator().manual_seed(0)).to(users.device)
    starts, items = seen
    masked = starts, order.argsort()[items]
    among = None if among is None else among[order]
    top = top_scores(found.users[users], found.items[order], k, masked, among)[1]
    named = torch.where(top < 0, top, order[top.clamp(min=0)])
    return torch.nn.functional.pad(named, (0, k - top.shape[1]), value=-1)


def _seen(
    graph: RecommendationGraph, users: Int[Tensor, " A"], also_seen: InteractionTable | None
) -> tuple[Tensor, Tensor]:
    """Where each of these users' masked items begin, and the items."""
    starts, items = graph.seen
    counts = starts.diff()[users].long()
    places = torch.arange(len(users), device=users.device)
    owner = torch.repeat_interleave(places, counts)
    ends = counts.cumsum(0)
    # Each user's entries follow each other: a running number, less where that number has to begin anew.
    entry = torch.arange(len(owner), device=users.device) + (starts[users] - ends + counts)[owner]
    masked = items[entry].long()
    if also_seen is not None:
        asked = torch.isin(also_seen.users, users)
        owner = torch.cat([owner, torch.searchsorted(users, also_seen.users[asked])])
        owner, order = owner.sort(stable=True)
        masked = torch.cat([masked, also_seen.items[asked]])[order]
    begins = torch.searchsorted(owner, torch.arange(len(users) + 1, device=users.device))
    return begins, masked


def _by_popularity(popularity: Int[Tensor, " I"], warm: Bool[Tensor, " I"]) -> dict[str, Bool[Tensor, " I"]]:
    """Items in groups of equally many interactions, the rarest first."""
    popularity = torch.where(warm, popularity, 0)
    order = popularity.sort(stable=True).indices
    before = popularity[order].cumsum(0) - popularity[order]
    group = torch.empty_like(order)
    group[order] = (QUINTILES * before) // popularity.sum().clamp(min=1)
    return {f"popularity.q{q + 1}": (group == q) & warm for q in range(QUINTILES)}


def _by_activity(graph: RecommendationGraph, overall: UserScores) -> dict[str, UserScores]:
    """Users in groups of equally many, those with the fewest interactions first."""
    order = graph.interactions.csr.colptr.diff()[overall.users].sort(stable=True).indices
    parts = {f"activity.q{q + 1}": part.sort().values for q, part in enumerate(order.tensor_split(QUINTILES))}
    wanted = {name: values for name, values in overall.values.items() if name.startswith(OF_QUINTILES)}
    return {
        name: UserScores(overall.users[part], {metric: values[part] for metric, values in wanted.items()})
        for name, part in parts.items()
    }


def _of_lists(
    top: Int[Tensor, "A K"], popularity: Int[Tensor, " I"], num_users: int, ks: Sequence[int]
) -> dict[str, float]:
    found: dict[str, float] = {}
    for k in ks:
        first = top[:, :k]
        if bool((first >= 0).any()):
            found |= {
                f"coverage@{k}": item_coverage(first, len(popularity)),
                f"popularity@{k}": average_popularity(first, popularity),
                f"novelty@{k}": novelty(first, popularity, num_users),
                f"gini@{k}": gini_index(first, len(popularity)),
            }
    return found
