import jaxtyping
import pytest
import torch

from mmgraph.data.recommendation import Knowledge
from mmgraph.errors import InputError

TRIPLES = [("toy", "genre", "comedy"), ("seven", "genre", "crime"), ("toy", "genre", "comedy")]


def test_facts_are_numbered_by_name_and_kept_once():
    found = Knowledge.of(TRIPLES, {"1": "toy", "2": "lonely", "9": "seven"}, ["1", "2", "3"])
    assert found.entities == ("comedy", "crime", "lonely", "seven", "toy")
    names = [
        (found.entities[h], found.relation_names[r], found.entities[t])
        for h, r, t in zip(found.heads.tolist(), found.relations.tolist(), found.tails.tolist(), strict=True)
    ]
    assert names == sorted(set(TRIPLES))
    assert [*map(found.entities.__getitem__, found.item_entity[:2].tolist())] == ["toy", "lonely"]
    assert found.item_entity[2] == -1
    assert len(found) == 2


def test_the_order_of_the_facts_does_not_matter():
    links = {"1": "toy"}
    one, other = Knowledge.of(TRIPLES, links, ["1"]), Knowledge.of(TRIPLES[::-1], links, ["1"])
    assert torch.equal(one.heads, other.heads)
    assert one.entities == other.entities


def test_no_facts_are_legal():
    found = Knowledge.of([], {}, ["1"])
    assert (len(found), found.num_entities, found.item_entity.tolist()) == (0, 0, [-1])


def test_numbers_that_name_nothing_are_errors(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    zero = torch.tensor([0])
    with pytest.raises(InputError, match=r"tails\[0\] is 5, expected 0 to 0"):
        Knowledge(zero, zero, torch.tensor([5]), zero, ("a",), ("r",))
    with pytest.raises(InputError, match=r"item_entity\[0\] is -2, expected -1 to 0"):
        Knowledge(zero, zero, zero, torch.tensor([-2]), ("a",), ("r",))
    with pytest.raises(InputError, match="different lengths"):
        Knowledge(zero, zero, torch.tensor([0, 0]), zero, ("a",), ("r",))
