import torch

from mmgraph.nn.glorot import glorot, glorot_matrices


def test_a_map_has_xavier_weights_and_zero_bias():
    linear = glorot(30, 20, bias=True)
    bound = (6 / 50) ** 0.5
    assert 0.9 * bound < float(linear.weight.abs().max()) <= bound
    assert torch.equal(linear.bias, torch.zeros(20))
    assert glorot(30, 20).bias is None


def test_each_of_many_matrices_has_xavier_weights():
    matrices = glorot_matrices(2, 3, 20, 30)
    assert matrices.shape == (2, 3, 20, 30)
    largest = matrices.abs().amax((2, 3))
    bound = (6 / 50) ** 0.5
    assert bool(((0.9 * bound < largest) & (largest <= bound)).all())
