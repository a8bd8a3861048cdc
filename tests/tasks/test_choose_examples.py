import pytest

from mmgraph.errors import InputError
from mmgraph.tasks.choose_examples import choose_examples


def test_the_best_the_worst_and_others_are_chosen_and_none_twice():
    quality, sure = [0.2, 1.0, 1.0, 0.5, 0.2, 0.7], [0.1, 0.5, 0.9, 0.1, 0.3, 0.1]
    found = choose_examples(quality, sure, each=2)
    assert found == {"best": [2, 1], "worst": [4, 0], "random": [3, 5]}
    assert choose_examples(quality, sure, each=4) == {"best": [2, 1, 5, 3], "worst": [4, 0], "random": []}
    drawn = {tuple(choose_examples([0.5] * 30, [0.5] * 30, 3, seed)["random"]) for seed in range(5)}
    assert len(drawn) > 1
    with pytest.raises(InputError, match="each=0"):
        choose_examples(quality, sure, each=0)
