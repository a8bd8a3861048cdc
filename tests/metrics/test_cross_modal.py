import math

import numpy as np
import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.metrics import Accuracy, Ranks, cross_modal, cross_modal_ranks, modality_gap


def ranks_by_hand(queries, candidates, query_sample, candidate_sample):
    """Cosines pair by pair; a false candidate as good as the best true one comes before it."""
    found = []
    for query, own in zip(queries, query_sample, strict=True):
        scores = [float(query @ c / (query.norm() * c.norm())) for c in candidates]
        true = [s for s, other in zip(scores, candidate_sample, strict=True) if other == own]
        if true:
            false = [
                s
                for s, other in zip(scores, candidate_sample, strict=True)
                if other != own and other in query_sample
            ]
            found.append(1 + sum(s >= max(true) for s in false))
    return found


@pytest.mark.parametrize("at_once", [1, 30, 1 << 24])
def test_ranks_are_those_of_a_loop_whatever_the_block(monkeypatch, at_once):
    monkeypatch.setattr(cross_modal, "SCORES_AT_ONCE", at_once)
    source, target = torch.randn(9, 4, dtype=torch.float64), torch.randn(12, 4, dtype=torch.float64)
    samples = [0, 1, 2, 3, 4, 5, 6, 8, 20], [0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 6, 7]
    forth, back = cross_modal_ranks(source, target, *map(torch.tensor, samples))
    assert forth.ranks.tolist() == ranks_by_hand(source, target, *samples)
    assert back.ranks.tolist() == ranks_by_hand(target, source, *samples[::-1])
    assert len(forth.ranks) == 7
    assert len(back.ranks) == 11


def test_recall_and_median_are_of_the_ranks():
    ranks = [1, 2, 2, 7, 30, 3]
    found = Ranks(torch.tensor(ranks))
    assert found.recall(1) == Accuracy(1, 6)
    assert found.recall(2) == Accuracy(3, 6)
    assert found.recall(100) == Accuracy(6, 6)
    assert found.median == np.median(ranks) == 2.5
    assert Ranks(torch.tensor(ranks[:5])).median == np.median(ranks[:5])


def test_collapsed_or_undefined_vectors_find_nothing():
    for value in (1.0, math.nan):
        same = torch.full((5, 3), value)
        for ranks in cross_modal_ranks(same, same):
            assert ranks.ranks.tolist() == [5] * 5


def test_the_dot_product_counts_length_and_the_cosine_does_not():
    source = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    target = torch.tensor([[1.0, 0.0], [9.0, 9.0]])
    assert cross_modal_ranks(source, target)[0].ranks.tolist() == [1, 1]
    assert cross_modal_ranks(source, target, normalise=False)[0].ranks.tolist() == [2, 1]


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (0, 3), (3, 0)])
def test_samples_that_lack_a_modality_count_for_nothing(rows, columns):
    for ranks in cross_modal_ranks(torch.zeros(rows, 4), torch.zeros(columns, 4)):
        assert ranks.recall(1) == Accuracy(0, 0)
        assert math.isnan(ranks.median)
    assert math.isnan(modality_gap(torch.zeros(rows, 4), torch.zeros(columns, 4)))


def test_the_gap_is_between_the_centres_of_normalised_vectors():
    source = torch.tensor([[2.0, 0.0], [0.0, 5.0]])
    target = torch.tensor([[-1.0, 0.0]])
    assert modality_gap(source, target) == pytest.approx(math.hypot(0.5 + 1, 0.5))
    assert modality_gap(source, 7 * source) == pytest.approx(0, abs=1e-12)
    assert modality_gap(target, -target) == pytest.approx(2)


def test_what_does_not_fit_is_an_error():
    with pytest.raises(InputError, match="width 3 and targets of width 4"):
        cross_modal_ranks(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(InputError, match="target_sample has 1 entries for 2 rows"):
        cross_modal_ranks(torch.zeros(2, 3), torch.zeros(2, 3), None, torch.zeros(1, dtype=torch.long))
