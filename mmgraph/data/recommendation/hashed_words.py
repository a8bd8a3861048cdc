"""Texts as vectors of a fixed width, without a vocabulary: hashed words, weighted by how rare they are."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.builders.tokens.words import split_words
from mmgraph.errors import InputError

__all__ = ["HashedWords"]


class HashedWords:
    r"""Bag of words with tf-idf weights, hashed to a fixed width.

    .. math:: x_d \propto \sum_{h(w) = d} s(w) \, (1 + \log n_w) \left(1 + \log \frac{1 + N}{1 + N_w}\right)

    with n_w how often the word comes in the text, N_w in how many of N texts, and h and s its place and sign;
    each row has length 1. Weights after Spärck Jones, "A statistical interpretation of term specificity",
    Journal of Documentation 28, 1972, smoothed as scikit-learn does; hashing after Weinberger et al.,
    "Feature Hashing for Large Scale Multitask Learning", ICML 2009, arXiv 0902.2206. Words are those of
    `mmgraph.builders.tokens`, in lower case, those without a letter or digit left out. A word that no fitted
    text had has the weight of one that none has.

    Args:
        dim: D, width of the vectors.

    Raises:
        InputError: a width below 1.
    """

    def __init__(self, dim: int = 1024) -> None:
        if dim < 1:
            raise InputError(f"HashedWords(dim={dim}): expected at least 1")
        self.dim = dim
        self.num_texts = 0
        self._texts_with: Counter[str] = Counter()

    def fit(self, texts: Sequence[str]) -> "HashedWords":
        """Take the words' rarity from these texts; returns itself."""
        self.num_texts = len(texts)
        self._texts_with = Counter(word for text in texts for word in set(_words(text)))
        return self

    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "N D"]:
        """The vectors; zeros for a text without words."""
        rows: list[int] = []
        places: list[int] = []
        signs: list[float] = []
        counts: list[int] = []
        found: list[int] = []
        for row, text in enumerate(texts):
            for word, count in Counter(_words(text)).items():
                place, sign = _place(word)
                rows.append(row)
                places.append(place % self.dim)
                signs.append(sign)
                counts.append(count)
                found.append(self._texts_with[word])
        rarity = 1 + torch.log((1 + self.num_texts) / (1 + torch.tensor(found, dtype=torch.float64)))
        weight = (1 + torch.tensor(counts, dtype=torch.float64).log()) * rarity
        x = torch.zeros(len(texts), self.dim, dtype=torch.float64)
        index = torch.tensor(rows, dtype=torch.long), torch.tensor(places, dtype=torch.long)
        x.index_put_(index, weight * torch.tensor(signs, dtype=torch.float64), accumulate=True)
        return torch.nn.functional.normalize(x, dim=1).float()


def _words(text: str) -> list[str]:
    return [word for word in split_words(text.lower()) if any(letter.isalnum() for letter in word)]


@lru_cache(maxsize=2**16)
def _place(word: str) -> tuple[int, float]:
    """A place in 0..2^62 and a sign, the same in every process."""
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    return number >> 2, 1.0 if number & 1 else -1.0
