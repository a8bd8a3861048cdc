import torch

from mmgraph.heads.search import Greedy
from tests.heads.search.toy import END, ToySteps, padded


def test_each_token_is_the_likeliest_after_those_before_it():
    steps = ToySteps(num_samples=5, max_length=7)
    found = Greedy()(steps)
    for b in range(5):
        sequence = []
        while len(sequence) < 7 and END not in sequence:
            sequence.append(int(steps.next(b, sequence).argmax()))
        assert found.best[b].tolist() == padded(sequence, 7)
    assert len(torch.unique(found.best, dim=0)) > 1
