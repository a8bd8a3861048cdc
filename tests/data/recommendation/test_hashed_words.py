import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer

from mmgraph.data.recommendation import HashedWords
from mmgraph.errors import InputError

TEXTS = [
    "a cowboy doll is jealous of a new spaceman",
    "A spaceman, lost: a spaceman in SPACE!",
    "the doll don't like space",
    "",
    "... !!!",
]


def test_cosines_are_those_of_scikit_learn():
    words = r"\w+(?:'\w+)*"
    oracle = TfidfVectorizer(sublinear_tf=True, token_pattern=words).fit_transform(TEXTS).toarray()
    # So wide that no two of these words meet: then hashing only permutes columns and turns signs.
    x = HashedWords(2**16).fit(TEXTS)(TEXTS).double().numpy()
    assert np.allclose(x @ x.T, oracle @ oracle.T, atol=1e-6)


def test_a_text_without_words_is_zero():
    assert HashedWords(8).fit(TEXTS)(TEXTS)[3:].tolist() == [[0.0] * 8] * 2
    assert HashedWords(8)([]).shape == (0, 8)


def test_a_text_depends_on_no_other_text_once_fitted():
    words = HashedWords(64).fit(TEXTS)
    assert torch.equal(words(TEXTS)[1], words([TEXTS[1]])[0])


def test_a_new_word_weighs_more_than_a_known_one():
    x = HashedWords(2**16).fit(TEXTS)(["spaceman unheard"])
    assert x.abs()[x != 0].unique().numel() == 2
    known, unheard = x.abs()[x != 0].sort().values.tolist()
    # The rarities: 1 + log(6/3) for spaceman, in two of five texts, and 1 + log 6 for the other.
    assert known / unheard == pytest.approx((1 + np.log(2)) / (1 + np.log(6)), rel=1e-5)


def test_colliding_words_are_unbiased():
    one, other = ([f"{letter}{n}" for n in range(200)] for letter in "ab")
    words = HashedWords(64)
    dots = (words([" ".join(one)]) * words([" ".join(other)])).sum()
    assert abs(float(dots)) < 0.5


def test_places_are_the_same_in_every_process():
    code = "from mmgraph.data.recommendation import HashedWords as H; print(H(32)(['toy story'])[0].tolist())"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert run.stdout == f"{HashedWords(32)(['toy story'])[0].tolist()}\n"


def test_a_width_below_one_is_an_error():
    with pytest.raises(InputError, match="dim=0"):
        HashedWords(0)
