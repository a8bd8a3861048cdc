import torch

from mmgraph.ops.bounded import at_most


def test_values_are_cut_at_the_limit():
    assert at_most(torch.tensor([-1.0, 2.0, 5.0]), 2.0).tolist() == [-1.0, 2.0, 2.0]


def test_a_gradient_leads_back_below_the_limit_but_not_further_up():
    value = torch.tensor([1.0, 1.0, 2.0, 2.0, 3.0, 3.0], requires_grad=True)
    wanted = torch.tensor([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])
    at_most(value, 2.0).backward(wanted)
    assert value.grad.tolist() == [-1.0, 1.0, -1.0, 1.0, 0.0, 1.0]
