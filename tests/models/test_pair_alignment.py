import jaxtyping
import pytest
import torch

from mmgraph.alignment import Sides, shares
from mmgraph.errors import InputError
from mmgraph.graph import select
from mmgraph.models import PairAlignment
from mmgraph.nn import lay_out
from tests.nn.example import SCHEMA, batch

DIM = 6


def example():
    graph = select(batch(), [0, 1, 2, 4])
    layout = lay_out(graph)
    nodes = {key: torch.randn(graph.num_nodes(key), DIM) for key in SCHEMA.nodes}
    return nodes, layout


def test_a_source_receives_its_shares_of_the_targets():
    nodes, layout = example()
    align = PairAlignment(SCHEMA, DIM, [("token", "region")], "transport")
    after, alignments = align(nodes, layout)
    plan = alignments["token", "region"].plan
    source, target = layout.blocks["token"], layout.blocks["region"]
    share = shares(plan, source.mask)
    expected = nodes["token"].clone()
    first = [0, 4, 7, 7, 12]
    begin = [0, 3, 3, 8, 10]
    for b in range(4):
        s, t = source.sizes[b], target.sizes[b]
        message = align.messages[0](nodes["region"][begin[b] : begin[b] + t])
        expected[first[b] : first[b] + s] += share[b, :s, :t] @ message
    assert torch.allclose(after["token"], expected, atol=1e-5)
    assert torch.equal(after["region"], nodes["region"])


def test_a_later_pair_sees_what_an_earlier_one_brought():
    nodes, layout = example()
    align = PairAlignment(SCHEMA, DIM, [("region", "segment"), ("token", "region")])
    _, alignments = align(nodes, layout)
    brought = PairAlignment(SCHEMA, DIM, [("region", "segment")])
    brought.load_state_dict({k: v for k, v in align.state_dict().items() if ".1." not in k})
    middle, _ = brought(nodes, layout)
    sides = Sides(middle["token"], middle["region"], layout.blocks["token"], layout.blocks["region"])
    assert torch.allclose(align.aligners[1](sides).plan, alignments["token", "region"].plan, atol=1e-6)


def test_structure_and_context_reach_the_aligners():
    nodes, layout = example()
    moved = dict(layout.graph.pos)
    align = PairAlignment(SCHEMA, DIM, [("token", "region")], "gromov").double()
    nodes = {key: value.double() for key, value in nodes.items()}
    before = align(nodes, layout)[1]["token", "region"].plan
    moved["region"].copy_(moved["region"].flip(0))
    assert not torch.allclose(before, align(nodes, layout)[1]["token", "region"].plan)
    align = PairAlignment(SCHEMA, DIM, [("segment", "region")], "top_k", context="token").double()
    before = align(nodes, layout)[1]["segment", "region"].plan
    nodes["token"] = 3 * nodes["token"]
    assert not torch.allclose(before, align(nodes, layout)[1]["segment", "region"].plan)


def test_shares_of_rows_sum_to_one_at_most():
    softmax = torch.rand(2, 3, 4).softmax(-1)
    full = torch.ones(2, 3, dtype=torch.bool)
    assert torch.allclose(shares(softmax, full), softmax)
    transport = torch.full((1, 4, 2), 1 / 8)
    assert torch.allclose(shares(transport, torch.ones(1, 4, dtype=torch.bool)), torch.full((1, 4, 2), 0.5))
    partial = transport * torch.tensor([1.0, 0.5, 0.0, 1.0])[None, :, None]
    sums = shares(partial, torch.ones(1, 4, dtype=torch.bool)).sum(-1)
    assert torch.allclose(sums, torch.tensor([[1.0, 0.5, 0.0, 1.0]]))


def test_pairs_and_context_of_unknown_types_are_errors():
    with pytest.raises(InputError, match="no node type 'tree'"):
        PairAlignment(SCHEMA, DIM, [("tree", "region")])
    with pytest.raises(InputError, match="context is 'question'"):
        PairAlignment(SCHEMA, DIM, [("token", "region")], context="question")


def test_names_instead_of_pairs_are_an_error_that_shows_pairs(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match=r"give pairs, such as align=\[\('token', 'region'\)\]"):
        PairAlignment(SCHEMA, DIM, ["token"])
