import math

import numpy as np
import pytest
from pycocoevalcap.bleu.bleu import Bleu

from mmgraph.metrics.captioning import bleu, in_words
from tests.metrics.captioning.sample import coco_scores, corpus


def test_it_is_coco_s_on_the_corpus_and_on_each_image(capsys):
    whole, images = coco_scores(Bleu(4))
    found = bleu(corpus())
    assert list(found) == ["bleu_1", "bleu_2", "bleu_3", "bleu_4"]
    for n, score in enumerate(found.values()):
        assert score.value == pytest.approx(whole[n], abs=1e-10)
        assert list(score.per_image) == list(corpus())
        assert np.allclose(list(score.per_image.values()), images[n], atol=1e-10)


def test_a_case_by_hand():
    # Papineni's: "the" occurs twice in a reference, so two of the seven count; no pair of words does.
    words = in_words(
        ["the the the the the the the"], [["the cat is on the mat", "there is a cat on the mat"]]
    )
    found = bleu(words, 2)
    assert found["bleu_1"].value == pytest.approx(2 / 7)
    assert found["bleu_2"].value == pytest.approx(0, abs=1e-6)


def test_of_references_as_near_the_shorter_one_sets_the_length():
    found = bleu(in_words(["a b c"], [["a b c d e", "a"]]), 1)
    assert found["bleu_1"].value == pytest.approx(1.0)
    assert bleu(in_words(["a b c"], [["a b c d e"]]), 1)["bleu_1"].value == pytest.approx(math.exp(1 - 5 / 3))


def test_the_corpus_is_not_the_mean_over_images():
    found = bleu(in_words(["a", "x x x"], [["a"], ["b b b"]]), 1)["bleu_1"]
    assert found.value == pytest.approx(0.25)
    assert sum(found.per_image.values()) / 2 == pytest.approx(0.5)


def test_a_candidate_without_words_scores_nothing():
    assert bleu(in_words([""], [["a dog"]]))["bleu_4"].value == 0
