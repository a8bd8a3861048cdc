from typing import get_args

import jaxtyping
import pytest
import torch

import mmgraph.alignment
from mmgraph.alignment.make import AlignerKind, make_aligner
from mmgraph.errors import InputError
from tests.alignment.every_aligner import WIDTH, example_sides


@pytest.mark.parametrize("kind", get_args(AlignerKind))
def test_every_name_makes_an_aligner_that_works(kind):
    aligner = make_aligner(kind, WIDTH).double()
    assert aligner(example_sides()).plan.shape == (6, 4, 4)


def test_every_public_aligner_has_a_name():
    made = {type(make_aligner(kind, WIDTH)) for kind in get_args(AlignerKind)}
    public = {
        kind
        for name in mmgraph.alignment.__all__
        if isinstance(kind := getattr(mmgraph.alignment, name), type) and issubclass(kind, torch.nn.Module)
    }
    assert made == public


def test_an_unknown_name_is_an_error_that_lists_them(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match=r"'magic'.*'transport'"):
        make_aligner("magic", WIDTH)
