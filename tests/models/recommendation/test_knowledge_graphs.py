import math

import torch

from mmgraph.data.recommendation import Knowledge
from mmgraph.models.recommendation import item_facts, shared_facts_graph

TRIPLES = [
    ("m1", "by", "ann"),
    ("m2", "by", "ann"),
    ("m1", "in", "drama"),
    ("m2", "in", "drama"),
    ("m3", "in", "drama"),
    ("m3", "by", "bob"),
    ("bob", "wrote", "m4"),
    ("ann", "knows", "bob"),
]
ITEMS = ("i1", "i2", "i3", "i4", "i5", "i6")
LINKS = {"i1": "m1", "i2": "m2", "i3": "m3", "i4": "m4", "i6": "m1"}
KNOWLEDGE = Knowledge.of(TRIPLES, LINKS, ITEMS)
"""i5 has no entity; i1 and i6 are one."""


def test_items_are_joined_to_what_facts_join_them_to():
    edges, relation = item_facts(KNOWLEDGE)
    names = KNOWLEDGE.relation_names + tuple(f"rev_{name}" for name in KNOWLEDGE.relation_names)
    found = sorted(
        (ITEMS[item], names[number], KNOWLEDGE.entities[entity])
        for item, entity, number in zip(*edges.tolist(), relation.tolist(), strict=True)
    )
    items = {"m1": ["i1", "i6"], "m2": ["i2"], "m3": ["i3"], "m4": ["i4"]}
    expected = [(item, name, tail) for head, name, tail in TRIPLES for item in items.get(head, [])]
    expected += [(item, f"rev_{name}", head) for head, name, tail in TRIPLES for item in items.get(tail, [])]
    assert found == sorted(expected)


def test_items_that_share_facts_are_neighbours_and_rare_facts_count_more():
    found = shared_facts_graph(KNOWLEDGE, k=5, most=1.0)
    # Of six items, three (i1, i2, i6) are by ann, and four in drama.
    by, drama = math.log(6 / 3), math.log(6 / 4)
    weight = torch.zeros(6, 6)
    for own, other in ((0, 1), (0, 5), (1, 5)):
        weight[own, other] = weight[other, own] = by + drama
    for own in (0, 1, 5):
        weight[own, 2] = weight[2, own] = drama
    roots = weight.sum(1).clamp(min=1e-9).sqrt()
    dense = torch.zeros(6, 6)
    dense[found.csr.target.long(), found.csr.source.long()] = found.weight
    assert torch.allclose(dense, weight / roots / roots[:, None], atol=1e-6)


def test_facts_that_most_items_have_are_left_out():
    found = shared_facts_graph(KNOWLEDGE, k=5, most=0.5)
    ends = set(found.csr.source.tolist()) | set(found.csr.target.tolist())
    assert ends == {0, 1, 5}


def test_an_item_has_at_most_k_neighbours_of_equal_ones_the_first():
    found = shared_facts_graph(KNOWLEDGE, k=1, most=1.0)
    assert found.csr.rowptr.diff().tolist() == [1, 1, 1, 0, 0, 1]
    assert found.csr.source.tolist() == [1, 0, 0, 0]


def test_no_facts_and_no_links_give_no_edges():
    for knowledge in (Knowledge.of([], {}, ITEMS), Knowledge.of(TRIPLES, {}, ITEMS)):
        assert item_facts(knowledge)[0].shape == (2, 0)
        assert shared_facts_graph(knowledge).csr.num_edges == 0
