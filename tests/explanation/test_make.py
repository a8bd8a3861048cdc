from typing import get_args

import mmgraph.explanation
from mmgraph.explanation import DEFAULT_METHODS, METHODS, Attribution, MethodKind, Subject
from mmgraph.explanation.make import SEEDED
from mmgraph.heads import AnswerHead
from mmgraph.models import FusionModel
from tests.nn.example import SCHEMA, one


def test_every_name_is_the_public_function_of_that_name_and_says_so_itself():
    assert tuple(METHODS) == get_args(MethodKind)
    model = FusionModel(SCHEMA, 16, heads=2, align=[("token", "region")])
    asked = Subject.answer(model, AnswerHead(16, ("a", "b")), 1)
    for name, method in METHODS.items():
        assert getattr(mmgraph.explanation, name) is method
        found = method(asked, one(3, 2, 2), **({"seed": 1, "steps": 2} if name in SEEDED else {}))
        assert isinstance(found, Attribution)
        assert found.method == name
        assert found.note
        assert found.maps or found.nodes


def test_the_default_leaves_out_the_slow_one_only():
    assert set(METHODS) - set(DEFAULT_METHODS) == {"edge_mask"}
