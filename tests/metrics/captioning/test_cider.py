import math

import numpy as np
import pytest
from pycocoevalcap.cider.cider import Cider

from mmgraph.metrics.captioning import CiderD, DocumentFrequencies, cider, in_words
from tests.metrics.captioning.sample import coco_scores, corpus


def test_it_is_coco_s_on_the_corpus_and_on_each_image():
    whole, images = coco_scores(Cider())
    found = cider(corpus())
    for name in ("cider", "cider_d"):
        assert found[name].value == pytest.approx(whole, abs=1e-12)
        assert np.allclose(list(found[name].per_image.values()), images, atol=1e-12)


def test_cases_by_hand():
    # Each word is rare by log 2, and each pair; there is no run of three: half of 10 for equal texts.
    found = cider(in_words({1: "a b", 2: "x y"}, {1: ["a b"], 2: ["c d"]}))
    assert found["cider_d"].per_image == pytest.approx({1: 5.0, 2: 0.0})
    # "a" twice against once: the minimum leaves 1 of 2; and one pair against none.
    found = cider(in_words({1: "a a", 2: "x"}, {1: ["a"], 2: ["c"]}))
    assert found["cider_d"].per_image[1] == pytest.approx(2.5 * 0.5 * math.exp(-1 / 72))
    assert found["cider_plain"].per_image[1] == pytest.approx(2.5)


def test_what_every_image_has_counts_nothing():
    found = cider(in_words({1: "the", 2: "the"}, {1: ["the dog"], 2: ["the cat"]}))
    assert found["cider"].value == found["cider_plain"].value == 0


def test_of_one_image_without_frequencies_it_is_0_and_with_them_it_is_not():
    one = in_words(["a dog"], [["a dog"]])
    assert cider(one)["cider"].value == 0
    frequencies = DocumentFrequencies.of([[("a", "dog")], [("a", "cat")]])
    assert cider(one, frequencies)["cider"].value == pytest.approx(5.0)


def test_the_reward_is_the_metric_with_the_same_frequencies():
    words = corpus()
    reward = CiderD(DocumentFrequencies.of(one.references for one in words.values()))
    found = cider(words)["cider_d"].per_image
    for _ in range(2):
        assert {key: reward(list(one.candidate), one.references) for key, one in words.items()} == found


def test_document_frequencies_count_images_not_captions():
    frequencies = DocumentFrequencies.of([[("a", "a"), ("a", "b")], [("b",)]])
    assert frequencies.images == 2
    assert frequencies.counts == {("a",): 1, ("b",): 2, ("a", "a"): 1, ("a", "b"): 1}
    assert frequencies.weight(("a",)) == frequencies.weight(("never",)) == pytest.approx(math.log(2))
    assert frequencies.weight(("b",)) == 0
