import pytest
import torch

from mmgraph.data.recommendation import Catalogue, ItemFeatures, Knowledge
from mmgraph.errors import InputError


def test_an_item_is_shown_by_its_title_or_its_id():
    assert Catalogue(("u",), ("7", "8")).title(1) == "8"
    assert Catalogue(("u",), ("7", "8"), titles=("seven", "eight")).title(1) == "eight"


def test_an_item_has_features_where_any_modality_is_there():
    features = {
        "image": ItemFeatures.of(torch.tensor([[1.0], [0.0], [0.0]])),
        "text": ItemFeatures.of(torch.tensor([[0.0], [0.0], [1.0]])),
    }
    assert Catalogue((), ("a", "b", "c"), features).has_features.tolist() == [True, False, True]
    assert Catalogue((), ("a", "b")).has_features.tolist() == [False, False]


def test_what_does_not_fit_the_items_is_an_error():
    with pytest.raises(InputError, match=r"2 items, but 1 rows of features\['image'\]"):
        Catalogue((), ("a", "b"), {"image": ItemFeatures.of(torch.ones(1, 1))})
    with pytest.raises(InputError, match="2 items, but 1 rows of titles"):
        Catalogue((), ("a", "b"), titles=("x",))
    with pytest.raises(InputError, match=r"2 items, but 1 rows of knowledge.item_entity"):
        Catalogue((), ("a", "b"), knowledge=Knowledge.of([], {}, ["a"]))
    with pytest.raises(InputError, match="the item 'a' twice"):
        Catalogue((), ("a", "b", "a"))
