from dataclasses import replace

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.graph import select, shuffle_edges
from mmgraph.models import MultimodalTransformer
from tests.nn.example import SCHEMA, batch


def graph():
    return select(batch(), [0, 1, 2, 4])


def test_it_sees_no_edge():
    model, given = MultimodalTransformer(SCHEMA, 16, heads=2).eval(), graph()
    assert torch.equal(model(given), model(shuffle_edges(given, seed=3)))


def test_the_first_block_of_a_pair_stays_within_modalities_and_the_second_crosses():
    model, given = MultimodalTransformer(SCHEMA, 16, heads=2).eval(), graph()
    changed = replace(given, x={**given.x, "token": (given.x["token"] + 1) % 11})
    assert not torch.allclose(model.encode(given).nodes["region"], model.encode(changed).nodes["region"])
    for block in model.across:
        torch.nn.init.zeros_(block.output.weight)
        torch.nn.init.zeros_(block.output.bias)
    assert torch.equal(model.encode(given).nodes["region"], model.encode(changed).nodes["region"])
    assert not torch.equal(model.encode(given).nodes["token"], model.encode(changed).nodes["token"])


def test_heads_have_to_divide_the_width():
    with pytest.raises(InputError, match="heads has to divide dim"):
        MultimodalTransformer(SCHEMA, 16, heads=3)
