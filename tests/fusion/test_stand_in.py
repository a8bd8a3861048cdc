import torch

from mmgraph.fusion.stand_in import StandIn


def test_it_keeps_what_is_there_and_fills_what_is_not():
    stand_in = StandIn(2, 3)
    assert torch.equal(stand_in.vector, torch.zeros(2, 3))
    stand_in.vector.data = torch.tensor([[1.0, 2, 3], [4, 5, 6]])
    rows = torch.full((1, 2, 3), 9.0)
    out = stand_in(rows, torch.tensor([[True, False]]))
    assert out.tolist() == [[[9, 9, 9], [4, 5, 6]]]


def test_a_vector_learns_only_from_the_samples_that_lack_its_modality():
    stand_in = StandIn(2, 3)
    here = torch.tensor([[True, False], [True, False]])
    stand_in(torch.zeros(2, 2, 3), here).sum().backward()
    assert stand_in.vector.grad.tolist() == [[0, 0, 0], [2, 2, 2]]
