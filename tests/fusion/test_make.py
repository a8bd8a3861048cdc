from typing import get_args

import jaxtyping
import pytest

import mmgraph.fusion
from mmgraph.errors import InputError
from mmgraph.fusion import Fusion, FusionKind, make_fusion
from tests.fusion.every_fusion import EXAMPLES, NAMES, WIDTH, example_input


@pytest.mark.parametrize("kind", get_args(FusionKind))
def test_a_name_makes_the_fusion_of_that_name_which_works(kind):
    fusion = make_fusion(kind, NAMES, WIDTH).double()
    assert isinstance(fusion, Fusion)
    assert type(fusion).__name__.lower() == kind.replace("_", "") + "fusion"
    assert fusion(*example_input()).shape == (7, WIDTH)


def test_every_fusion_of_vectors_has_a_name():
    named = {type(make_fusion(kind, NAMES, WIDTH)) for kind in get_args(FusionKind)}
    fusions = {getattr(mmgraph.fusion, name.partition("(")[0]) for name in EXAMPLES}
    assert fusions - named == {mmgraph.fusion.DecisionFusion}


def test_an_unknown_name_is_an_error_that_lists_the_names(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match=r"got fusion='concatenate': expected one of \('concat', 'sum'"):
        make_fusion("concatenate", NAMES, WIDTH)
