"""Ridge regression from a picture's hand-made features to the words of its captions: no graph, no network."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from mmgraph.tasks.retrieval.data import PICTURE, TOKEN, Pairs
from mmgraph.tasks.retrieval.scores import RetrievalScores, score_retrieval

__all__ = ["Ridge"]

PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3)
"""Penalties that are tried, each times the number of features, beside the mean square over the captions."""

FOLDS = 5
"""Parts of the training pictures, each of which judges the penalties once."""


@dataclass(frozen=True, eq=False)
class Ridge:
    r"""Texts as unit vectors of the words in them, weighted by :math:`\log(1 / \mathrm{df})`; a picture as
    what ridge regression predicts for the mean of its captions. The weighting is that of Spärck Jones, "A
    statistical interpretation of term specificity", Journal of Documentation 28, 1972.

    Args:
        mean: of the pictures' features.
        deviation: of the same.
        rarity: the weight of each word, 0 for unknown ones.
        usual: the mean of the training captions, which is taken off all texts.
        weight: from standardised features to words.
        penalty: the one that was chosen.
    """

    mean: Float[Tensor, " F"]
    deviation: Float[Tensor, " F"]
    rarity: Float[Tensor, " V"]
    usual: Float[Tensor, " V"]
    weight: Float[Tensor, "F V"]
    penalty: float

    @classmethod
    def fit(cls, train: Pairs) -> "Ridge":
        """Fit to training captions, with the penalty that does best in cross-validation by picture."""
        counts, features = _words(train), train.graphs.graph.x[PICTURE].double()
        best = max(PENALTIES, key=lambda penalty: cls._judge(train.items, counts, features, penalty))
        return cls._fit(features, counts, best)

    @classmethod
    def _judge(cls, items: Tensor, counts: Tensor, features: Tensor, penalty: float) -> int:
        """How many captions find their picture among the first ten, each in the fold that leaves it out."""
        right = 0
        for fold in range(FOLDS):
            out = items % FOLDS == fold
            if bool(out.any()) and not bool(out.all()):
                ridge = cls._fit(features[~out], counts[~out], penalty)
                pictures = ridge.pictures(features[out][_first_of(items[out])])
                own = torch.unique(items[out], return_inverse=True)[1]
                right += score_retrieval(ridge.texts(counts[out]), pictures, own).recall(10).right
        return right

    @classmethod
    def _fit(cls, features: Tensor, counts: Tensor, penalty: float) -> "Ridge":
        here = (counts > 0).double()
        rarity = -here.mean(0).clamp(min=1 / len(here)).log()
        rarity[0] = 0.0
        texts = normalize(here * rarity, dim=1)
        mean, deviation = features.mean(0), features.std(0).clamp(min=1e-3)
        usual = texts.mean(0)
        x = (features - mean) / deviation
        # A picture's captions stand beside one another: fitting each is fitting their mean.
        left = x.T @ x / len(x) + penalty * x.shape[1] * torch.eye(x.shape[1], dtype=x.dtype)
        weight = torch.linalg.solve(left, x.T @ (texts - usual) / len(x))
        return cls(mean, deviation, rarity, usual, weight, penalty)

    def texts(self, counts: Float[Tensor, "M V"]) -> Float[Tensor, "M V"]:
        """Texts, given as how often each word is in them, as vectors."""
        return normalize((counts > 0).double() * self.rarity, dim=1) - self.usual

    def pictures(self, features: Float[Tensor, "P F"]) -> Float[Tensor, "P V"]:
        """Pictures as vectors of words."""
        return (features.double() - self.mean) / self.deviation @ self.weight

    def score(self, pairs: Pairs) -> RetrievalScores:
        """Search the pictures of a split with its texts, and the texts with the pictures."""
        features = pairs.graphs.graph.x[PICTURE][pairs.first]
        return score_retrieval(self.texts(_words(pairs)), self.pictures(features), pairs.items)


def _words(pairs: Pairs) -> Float[Tensor, "M V"]:
    """How often each word is in each text."""
    graph = pairs.graphs.graph
    size = graph.schema.nodes[TOKEN].num_ids
    assert size is not None
    counts = torch.zeros(graph.num_graphs * size, dtype=torch.float64)
    place = graph.batch[TOKEN] * size + graph.x[TOKEN]
    return counts.index_add_(0, place, torch.ones(len(place), dtype=torch.float64)).view(-1, size)


def _first_of(items: Int[Tensor, " M"]) -> Int[Tensor, " P"]:
    """Where each number comes first, in the order of the numbers."""
    numbers, own = torch.unique(items, return_inverse=True)
    places = torch.full((len(numbers),), len(items))
    return places.scatter_reduce_(0, own, torch.arange(len(items)), "amin")
