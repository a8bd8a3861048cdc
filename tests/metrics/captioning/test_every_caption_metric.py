"""What holds for every metric of captions."""

import functools
import math

import pytest

from mmgraph.metrics.captioning import ALL_CAPTION_METRICS, Captioned, in_words, meteor, no_synonyms
from tests.metrics.captioning.sample import corpus, raw, tokenised

METRICS = [
    functools.partial(meteor, synonyms=no_synonyms) if metric is meteor else metric
    for metric in ALL_CAPTION_METRICS
]
NAMES = ["bleu", "rouge_l", "cider", "meteor", "tuple_f", "distinct"]
every_metric = pytest.mark.parametrize("metric", METRICS, ids=NAMES)


def values(metric, words):
    return {name: score.value for name, score in metric(words).items()}


def images(metric, words):
    return {name: dict(score.per_image) for name, score in metric(words).items()}


@every_metric
def test_images_keep_their_ids_and_their_values_are_finite(metric):
    for score in metric(corpus()).values():
        assert list(score.per_image) == list(corpus())
        assert all(math.isfinite(value) and value >= 0 for value in [score.value, *score.per_image.values()])


@every_metric
def test_the_order_of_images_and_of_references_does_not_matter(metric):
    words = corpus()
    assert values(metric, dict(reversed(words.items()))) == pytest.approx(values(metric, words))
    turned = {key: Captioned(one.candidate, one.references[::-1]) for key, one in words.items()}
    for name, found in images(metric, turned).items():
        assert found == pytest.approx(images(metric, words)[name])


@every_metric
def test_an_image_s_value_depends_on_no_other_image_s_caption(metric):
    words = corpus()
    other = {**words, "dog": Captioned(("a", "zebra"), words["dog"].references)}
    before, after = images(metric, words), images(metric, other)
    assert all(before[name].pop("dog") is not None and after[name].pop("dog") is not None for name in before)
    assert before == after


@every_metric
def test_a_reference_as_caption_scores_better_than_another_image_s(metric):
    words = corpus()
    keys = list(words)
    right = {key: Captioned(one.references[0], one.references) for key, one in words.items()}
    wrong = {
        key: Captioned(words[keys[n - 1]].references[0], words[key].references) for n, key in enumerate(keys)
    }
    for name, value in values(metric, right).items():
        if not name.startswith("distinct"):
            assert value > 2 * values(metric, wrong)[name]


@every_metric
def test_candidates_without_words_score_nothing(metric):
    empty = {key: Captioned((), one.references) for key, one in corpus().items()}
    assert all(value == pytest.approx(0, abs=1e-9) for value in values(metric, empty).values())


@every_metric
def test_raw_text_scores_as_stanford_s_words_do(metric):
    ours, theirs = in_words(*raw()), in_words(*tokenised(), str.split)
    assert values(metric, ours) == pytest.approx(values(metric, theirs), abs=5e-3)
