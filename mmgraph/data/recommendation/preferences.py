"""Users and items drawn from a seed, whose taste in looks, words and sounds is known.

```python
from mmgraph.data.recommendation import Preferences

world = Preferences(num_users=1000, num_items=500, seed=3)
world.data                              # RecommendationData, split
world.truth.weights                     # [U, 3]: how much each user minds image, text and audio
world.truth.scores(users)               # [B, I]: what the interactions were drawn from
world.truth.by_modality(users)          # [B, 3, I]: the part of each modality in them
```
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from mmgraph.data.recommendation.catalogue import Catalogue
from mmgraph.data.recommendation.interaction_table import InteractionTable
from mmgraph.data.recommendation.item_features import ItemFeatures
from mmgraph.data.recommendation.item_media import draw_media
from mmgraph.data.recommendation.recommendation_data import RecommendationData
from mmgraph.data.recommendation.splits import split_randomly
from mmgraph.errors import InputError

__all__ = ["MODALITIES", "Preferences", "Truth"]

MODALITIES = ("image", "text", "audio")

DIMS = {"image": 64, "text": 96, "audio": 32}

BLOCK = 2**22
"""How many scores are held at once while interactions are drawn."""

DAYS = 365


@dataclass(frozen=True, eq=False)
class Truth:
    """What the interactions were drawn from.

    Args:
        weights: how much each user minds each modality, in the order of `MODALITIES`; a row sums to 1.
        tastes: what each user likes, in each modality's factors.
        factors: what each item is like.
        popularity: what every user adds to an item's score.
        sharpness: what the tastes' share of the scores is multiplied by.
    """

    weights: Float[Tensor, "U M"]
    tastes: Float[Tensor, "M U F"]
    factors: Float[Tensor, "M I F"]
    popularity: Float[Tensor, " I"]
    sharpness: float

    def by_modality(self, users: Int[Tensor, " B"]) -> Float[Tensor, "B M I"]:
        """The part of each modality in the scores; with the popularity they add up to them."""
        matches = torch.einsum("mbf,mif->bmi", self.tastes[:, users], self.factors)
        scale = self.sharpness / self.factors.shape[2] ** 0.5
        return scale * self.weights[users][:, :, None] * matches

    def scores(self, users: Int[Tensor, " B"]) -> Float[Tensor, "B I"]:
        """Logarithm, up to a constant, of the chance of a user's next item: the oracle's ranking."""
        return self.by_modality(users).sum(1) + self.popularity

    def speaks(self, users: Int[Tensor, " E"], items: Int[Tensor, " E"]) -> Int[Tensor, " E"]:
        """The modality that adds most to the score of each pair, by its place in `MODALITIES`."""
        matches = (self.tastes[:, users] * self.factors[:, items]).sum(2)
        return (self.weights[users].T * matches).argmax(0)


@dataclass(frozen=True)
class Preferences:
    r"""A world of users and items with known truth, and the data that is seen of it.

    Each item has factors in each modality, and each user a taste in them and weights of the modalities:

    .. math:: s_{ui} = \frac{\sigma}{\sqrt{F}} \sum_m w_{um} \, \langle t_{um}, z_{im} \rangle + p_i,
              \qquad z_{im} = \sqrt{c} \, z_i + \sqrt{1 - c} \, z'_{im}

    with factors, tastes and popularity normal and weights from a Dirichlet distribution. A user takes n
    items, one after the other and none twice, with chances as softmax of s: the n largest of s plus Gumbel
    noise (Kool et al., "Stochastic Beams and Where to Find Them", ICML 2019, arXiv 1903.06059). Features are
    the factors after a layer of tanh and a linear one with random weights, with noise.

    Args:
        num_users: U.
        num_items: I.
        factors: F, of each modality; 1 to 8.
        seed: at least 0. Everything is drawn from it.
        interactions: mean number of each user, at least 5; it varies, from 5 to half of the items.
        sharpness: how much taste decides; 0 for not at all.
        popularity: deviation of what all users add to an item's score.
        picky: how much one modality rules each user: 1 for weights of all kinds, more for extreme ones.
        shared: c, the share of an item's factors that its modalities have in common, 0 to 1.
        noise: deviation of the noise on features, whose own deviation is 1.
        missing: the share of items that lack each modality; a modality that a mapping leaves out is there for
            all.
        cold_share: the share of items that have no training interactions; see `hold_out_cold_items`.
        dims: width of each modality's features.

    Raises:
        InputError: an argument outside its range.
    """

    num_users: int = 1000
    num_items: int = 500
    factors: int = 4
    seed: int = 0
    interactions: float | int = field(default=20.0, kw_only=True)
    sharpness: float | int = field(default=4.0, kw_only=True)
    popularity: float | int = field(default=0.5, kw_only=True)
    picky: float | int = field(default=2.0, kw_only=True)
    shared: float | int = field(default=0.2, kw_only=True)
    noise: float | int = field(default=0.3, kw_only=True)
    missing: float | int | Mapping[str, float | int] = field(default=0.0, kw_only=True)
    cold_share: float | int = field(default=0.0, kw_only=True)
    dims: Mapping[str, int] = field(default_factory=lambda: dict(DIMS), kw_only=True)

    def __post_init__(self) -> None:
        shares = [self._missing(name) for name in MODALITIES]
        checks = {
            "num_users": self.num_users >= 1,
            "num_items": self.num_items >= 20,
            "factors": 1 <= self.factors <= 8,
            "seed": self.seed >= 0,
            "interactions": 5 <= self.interactions <= self.num_items / 2,
            "sharpness": self.sharpness >= 0,
            "popularity": self.popularity >= 0,
            "picky": self.picky > 0,
            "shared": 0 <= self.shared <= 1,
            "noise": self.noise >= 0,
            "missing": all(0 <= share < 1 for share in shares) and self._knows(self.missing),
            "cold_share": 0 <= self.cold_share < 1,
            "dims": set(self.dims) == set(MODALITIES) and min(self.dims.values()) >= 1,
        }
        for name, fits in checks.items():
            if not fits:
                raise InputError(
                    f"Preferences({name}={getattr(self, name)!r}) is outside its range: see its Args; items "
                    "are at least 20, and interactions 5 to half of the items"
                )

    @cached_property
    def truth(self) -> Truth:
        """What the interactions are drawn from."""
        rng = self._rng(0)
        size = (3, self.num_items, self.factors)
        common, own = rng.standard_normal(size[1:]), rng.standard_normal(size)
        factors = self.shared**0.5 * common + (1 - self.shared) ** 0.5 * own
        rng = self._rng(1)
        tastes = rng.standard_normal((3, self.num_users, self.factors))
        weights = rng.dirichlet(np.full(3, 1 / self.picky), self.num_users)
        popularity = self._rng(2).standard_normal(self.num_items) * self.popularity
        return Truth(
            torch.from_numpy(weights).float(),
            torch.from_numpy(tastes).float(),
            torch.from_numpy(factors).float(),
            torch.from_numpy(popularity).float(),
            float(self.sharpness),
        )

    @cached_property
    def data(self) -> RecommendationData:
        """What is seen: features, and interactions with times, split 80/10/10 at random by user."""
        parts = split_randomly(self.interaction_table, seed=self.seed)
        name = f"Preferences(seed={self.seed})"
        data = RecommendationData(self.catalogue, *parts, name=name)
        return data.with_cold_items(self.cold_share, self.seed) if self.cold_share else data

    @cached_property
    def catalogue(self) -> Catalogue:
        """Users and items with their features."""
        return Catalogue(
            tuple(f"user {number}" for number in range(self.num_users)),
            tuple(f"item {number}" for number in range(self.num_items)),
            {name: self._features(place, name) for place, name in enumerate(MODALITIES)},
        )

    @cached_property
    def interaction_table(self) -> InteractionTable:
        """Everything that users did, at a time within a year, in seconds."""
        rng = self._rng(3)
        spread = rng.gamma(2.0, (self.interactions - 5) / 2.0, self.num_users)
        counts = np.minimum(5 + np.round(spread), self.num_items // 2).astype(np.int64)
        users = torch.arange(self.num_users)
        chosen = []
        for some in users.split(max(1, BLOCK // self.num_items)):
            waits = rng.standard_exponential((len(some), self.num_items), dtype=np.float32)
            noisy = self.truth.scores(some) - torch.from_numpy(waits).log()
            own = torch.from_numpy(counts)[some]
            best = noisy.topk(int(own.max()), dim=1).indices
            chosen.append(best[torch.arange(best.shape[1]) < own[:, None]])
        times = rng.uniform(0, DAYS * 86400, int(counts.sum()))
        users = users.repeat_interleave(torch.from_numpy(counts))
        return InteractionTable(users, torch.cat(chosen), times=torch.from_numpy(times))

    def write_media(self, folder: str | os.PathLike[str]) -> RecommendationData:
        """Draw a picture, a text and a sound of each item that has them, and give the data with their files.

        See `mmgraph.data.recommendation.item_media` for what they show. Titles are the texts' first words.

        Args:
            folder: a new one, which gets `image/`, `text/` and `audio/`.

        Raises:
            InputError: the folder exists.
        """
        factors = dict(zip(MODALITIES, self.truth.factors.numpy(), strict=True))
        present = {name: found.present.numpy() for name, found in self.catalogue.features.items()}
        media, titles = draw_media(folder, factors, present, self._rng(4))
        return self.data.with_catalogue(
            Catalogue(
                self.catalogue.user_ids,
                self.catalogue.item_ids,
                self.catalogue.features,
                titles=titles,
                media=media,
            )
        )

    def _features(self, place: int, name: str) -> ItemFeatures:
        rng = self._rng(10 + place)
        z, dim = self.truth.factors[place].numpy(), self.dims[name]
        hidden = np.tanh(z @ rng.standard_normal((self.factors, 2 * dim)) + rng.standard_normal(2 * dim))
        x = hidden @ rng.standard_normal((2 * dim, dim))
        x = (x - x.mean(0)) / x.std(0) + self.noise * rng.standard_normal(x.shape)
        order: NDArray[np.int64] = rng.permutation(self.num_items)
        present = np.ones(self.num_items, dtype=bool)
        present[order[: round(self._missing(name) * self.num_items)]] = False
        return ItemFeatures.of(torch.from_numpy(x), torch.from_numpy(present))

    def _missing(self, name: str) -> float:
        return self.missing.get(name, 0.0) if isinstance(self.missing, Mapping) else self.missing

    @staticmethod
    def _knows(missing: float | Mapping[str, float | int]) -> bool:
        return not isinstance(missing, Mapping) or set(missing) <= set(MODALITIES)

    def _rng(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, stream])
