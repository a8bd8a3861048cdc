import functools

import pytest
from torch import multiprocessing

from mmgraph.errors import InputError
from mmgraph.metrics.captioning import CaptionMetrics, bleu, cider
from tests.metrics.captioning.gathering import score_in_process
from tests.metrics.captioning.sample import raw

CANDIDATES, REFERENCES = raw()
KEYS = list(CANDIDATES)


def part(keys):
    return {key: CANDIDATES[key] for key in keys}, {key: REFERENCES[key] for key in keys}


def plain(scores):
    return {name: (score.value, dict(score.per_image)) for name, score in scores.items()}


@functools.cache
def whole():
    metrics = CaptionMetrics()
    metrics.update(CANDIDATES, REFERENCES)
    return plain(metrics.compute())


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, (value, images) in expected.items():
        assert found[name][0] == pytest.approx(value, abs=1e-12)
        assert found[name][1] == pytest.approx(images, abs=1e-12)


def test_it_computes_all_metrics_by_name():
    assert list(whole()) == [
        *("bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l", "cider", "cider_d", "cider_plain"),
        *("meteor", "tuple_f", "distinct_1", "distinct_2"),
    ]


def test_images_may_come_in_parts():
    metrics = CaptionMetrics()
    for keys in (KEYS[:5], KEYS[5:6], KEYS[6:]):
        metrics.update(*part(keys))
    assert len(metrics) == len(KEYS)
    assert_equal(plain(metrics.compute()), whole())


def test_captions_are_tokenised_once():
    seen = []
    metrics = CaptionMetrics(tokenizer=lambda text: seen.append(text) or text.split())
    metrics.update({1: "a"}, {1: ["b", "c"]})
    metrics.compute()
    metrics.compute()
    assert seen == ["a", "b", "c"]


def test_some_metrics_alone_and_after_reset_nothing_is_left():
    metrics = CaptionMetrics([functools.partial(bleu, longest=1), cider])
    metrics.update(["a dog"], [["a dog"]])
    metrics.reset()
    metrics.update(*part(KEYS))
    found = plain(metrics.compute())
    assert list(found) == ["bleu_1", "cider", "cider_d", "cider_plain"]
    assert found["bleu_1"] == whole()["bleu_1"]


def test_lists_are_numbered_on():
    metrics, other = CaptionMetrics([bleu]), CaptionMetrics([bleu])
    metrics.update(["a", "a"], [["a"], ["a"]])
    metrics.update(["a"], [["b"]])
    other.update(["a"], [["a"]])
    metrics.merge(other)
    assert metrics.compute()["bleu_1"].per_image == pytest.approx({0: 1.0, 1: 1.0, 2: 0.0, 3: 1.0})


def test_merged_collections_are_the_whole_and_what_both_have_counts_once():
    metrics, other = CaptionMetrics(), CaptionMetrics()
    metrics.update(*part(KEYS[:7]))
    other.update(*part(KEYS[5:]))
    metrics.merge(other)
    metrics.merge(CaptionMetrics())
    assert_equal(plain(metrics.compute()), whole())


def test_images_do_not_come_twice_nor_with_other_captions():
    metrics, other = CaptionMetrics(), CaptionMetrics()
    metrics.update({"x": "a"}, {"x": ["b"]})
    with pytest.raises(InputError, match="image 'x' was there before: give each once"):
        metrics.update({"x": "a"}, {"x": ["b"]})
    other.update({"x": "c"}, {"x": ["b"]})
    with pytest.raises(InputError, match="image 'x' was there before with other captions"):
        metrics.merge(other)
    with pytest.raises(InputError, match="do not mix: give ids to all"):
        metrics.update(["a"], [["b"]])
    assert len(metrics) == 1


def test_nothing_cannot_be_computed():
    with pytest.raises(InputError, match="no caption to score"):
        CaptionMetrics().compute()


def test_two_processes_compute_what_one_does(tmp_path):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    # As a sampler deals them out: every other image, and the first one again to fill up.
    parts = [part(KEYS[::2]), part([*KEYS[1::2], KEYS[0]])]
    arguments = [(rank, str(tmp_path / "store"), parts[rank], results) for rank in range(2)]
    running = [context.Process(target=score_in_process, args=one) for one in arguments]
    for process in running:
        process.start()
    found = dict(results.get(timeout=120) for _ in running)
    for process in running:
        process.join(60)
        assert process.exitcode == 0
    for rank, (scores, alone, numbered) in found.items():
        assert_equal(plain(scores), whole())
        assert alone == len(parts[rank][0])
        assert numbered == 2
