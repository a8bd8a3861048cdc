import numpy as np
import torch

from mmgraph.ops.hashed import hashed, hashed_uniform


def test_the_numbers_are_those_of_splitmix64():
    # From the seed 1234567, as the generator's reference implementation prints them.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    found = hashed(1234567, torch.arange(3)).numpy().view(np.uint64)
    assert found.tolist() == expected


def test_keys_and_values_broadcast():
    keys, values = torch.arange(3)[:, None], torch.arange(4)
    found = hashed(keys, values)
    assert found.shape == (3, 4)
    assert found[2, 1] == hashed(2, 1)


def test_uniform_numbers_are_from_0_to_below_1_and_evenly_so():
    found = hashed_uniform(5, torch.arange(100_000))
    assert found.dtype == torch.float64
    assert found.min() >= 0
    assert found.max() < 1
    count = torch.histc(found.float(), 100, 0, 1)
    # 99 degrees of freedom: above 149 once in a thousand.
    assert ((count - 1000) ** 2 / 1000).sum() < 149


def test_neighbouring_keys_give_unrelated_numbers():
    found = hashed_uniform(torch.arange(1000)[:, None], torch.arange(2)) - 0.5
    assert abs((found[1:] * found[:-1]).mean()) < 0.01
    assert abs((found[:, 0] * found[:, 1]).mean()) < 0.01
