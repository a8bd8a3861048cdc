import pytest
import torch

from mmgraph.builders.pretrained import load_model, load_pretrained
from mmgraph.errors import InputError, MissingExtraError


def test_a_model_that_came_is_only_put_into_evaluation_mode():
    model = torch.nn.Dropout()
    assert load_model(model, "me") is model
    assert not model.training


def test_what_cannot_be_loaded_is_named_with_who_asked(tmp_path):
    with pytest.raises(InputError, match=f"me: transformers cannot load '{tmp_path}'.*AutoTokenizer"):
        load_pretrained("AutoTokenizer", tmp_path, "me")


def test_without_transformers_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mmgraph\[hf\]'"):
        load_pretrained("AutoTokenizer", "any", "me")
