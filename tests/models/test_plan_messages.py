import torch

from mmgraph.models import PairAlignment
from mmgraph.models.plan_messages import PlanMessages
from tests.nn.example import SCHEMA


def test_a_source_receives_the_sum_of_its_shares():
    share = torch.tensor([[[0.5, 0.5, 0.0], [0.0, 0.25, 0.0]]])
    message = torch.tensor([[[2.0, 0.0], [4.0, 8.0], [100.0, 100.0]]])
    assert torch.equal(PlanMessages()(share, message), torch.tensor([[[3.0, 4.0], [1.0, 2.0]]]))


def test_without_targets_nothing_is_received():
    assert torch.equal(PlanMessages()(torch.zeros(2, 3, 0), torch.zeros(2, 0, 4)), torch.zeros(2, 3, 4))


def test_it_adds_no_weight_to_an_alignment():
    names = set(PairAlignment(SCHEMA, 6, [("token", "region")]).state_dict())
    assert {name.split(".")[0] for name in names} == {"aligners", "messages"}
