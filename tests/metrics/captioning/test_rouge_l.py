import random
from itertools import pairwise

import numpy as np
import pytest
from pycocoevalcap.rouge.rouge import Rouge, my_lcs

from mmgraph.metrics.captioning import in_words, rouge_l
from tests.metrics.captioning.sample import coco_scores, corpus


def test_it_is_coco_s_on_the_corpus_and_on_each_image():
    whole, images = coco_scores(Rouge())
    found = rouge_l(corpus())["rouge_l"]
    assert found.value == pytest.approx(whole, abs=1e-12)
    assert np.allclose(list(found.per_image.values()), images, atol=1e-12)


def test_a_case_by_hand():
    # The longest common subsequence is "police the gunman": 3 of 4 words of each.
    found = rouge_l(in_words(["police kill the gunman"], [["police killed the gunman"]]))["rouge_l"]
    assert found.value == pytest.approx(0.75)


def test_random_sentences_have_coco_s_longest_common_subsequence():
    draw = random.Random(0)
    sentences = [" ".join(draw.choices("abcde", k=draw.randrange(1, 40))) for _ in range(80)]
    for a, b in pairwise(sentences):
        length = my_lcs(a.split(" "), b.split(" "))
        precision, recall = length / len(a.split()), length / len(b.split())
        expected = 2.44 * precision * recall / (recall + 1.44 * precision) if length else 0
        assert rouge_l(in_words([a], [[b]], str.split))["rouge_l"].value == pytest.approx(expected)


def test_precision_and_recall_may_come_from_two_references():
    found = rouge_l(in_words(["a b c d"], [["a b c d e f g h", "a b"]]))["rouge_l"]
    assert found.value == pytest.approx(1.0)


def test_captions_without_words_score_nothing():
    assert rouge_l(in_words([""], [["a dog"]]))["rouge_l"].value == 0
    assert rouge_l(in_words(["a dog"], [["."]]))["rouge_l"].value == 0
