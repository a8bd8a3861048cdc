import pytest
import torch

from mmgraph.heads.search.best_tokens import BLOCK, best_tokens


@pytest.mark.parametrize("tokens", [3, 100, 8 * BLOCK, 8 * BLOCK + 1, 5000])
@pytest.mark.parametrize("count", [1, 2, 10])
def test_they_are_those_that_sorting_finds(tokens, count):
    scores = torch.randn(3, 2, tokens)
    value, token = best_tokens(scores, count)
    expected = scores.sort(-1, descending=True)
    assert torch.equal(value, expected.values[..., :count])
    assert torch.equal(token, expected.indices[..., :count])


def test_the_best_of_all_may_lie_in_one_block_or_in_the_rest_after_the_last():
    for first in (2 * BLOCK, 20 * BLOCK):
        scores = torch.zeros(1, 1, 20 * BLOCK + 7)
        scores[..., first : first + 3] = torch.tensor([1.0, 3.0, 2.0])
        assert best_tokens(scores, 3)[1].flatten().tolist() == [first + 1, first + 2, first]


def test_minus_infinity_is_never_better_than_a_number():
    scores = torch.full((1, 1, 20 * BLOCK), -torch.inf)
    scores[..., 5], scores[..., 700] = -3.0, -2.0
    value, token = best_tokens(scores, 3)
    assert token[0, 0, :2].tolist() == [700, 5]
    assert value[0, 0].tolist() == [-2.0, -3.0, -torch.inf]
