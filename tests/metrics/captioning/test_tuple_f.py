import pytest

from mmgraph.metrics.captioning import in_words, tuple_f


def score(candidate, *references):
    return tuple_f(in_words([candidate], [list(references)]))["tuple_f"].value


def test_cases_by_hand():
    assert score("a brown dog", "a brown dog") == 1.0
    assert score("a cat", "a dog") == 0.0
    assert score("", "a dog") == score("a dog", ".") == 0.0
    # Shared: dog. Said: dog, dog brown. Known: dog, dog small, dog running.
    assert score("a brown dog", "a small dog is running") == pytest.approx(2 * 1 / (2 + 3))


def test_references_count_together():
    # Said: dog, dog brown, dog small. Known: the same and dog old, each once.
    assert score("a small brown dog", "a brown dog", "a small dog", "an old dog") == pytest.approx(6 / 7)


def test_swapped_roles_are_no_match_though_the_words_are_the_same():
    assert score("a circle above a square", "a square above a circle") == pytest.approx(2 / 3)
