import pytest
import torch

from mmgraph.data.recommendation import Catalogue, InteractionTable, ItemFeatures, RecommendationData
from mmgraph.errors import InputError


def table(*rows) -> InteractionTable:
    return InteractionTable(*torch.tensor(rows, dtype=torch.long).reshape(-1, 2).T.contiguous())


def data(test=None, **changes) -> RecommendationData:
    features = {"image": ItemFeatures.of(torch.eye(4))}
    train, validation = table((0, 0), (1, 1), (0, 1), (1, 2)), table((0, 2))
    catalogue = Catalogue(("a", "b"), ("0", "1", "2", "3"), features)
    parts = {"train": train, "validation": validation, "test": test, **changes}
    return RecommendationData(catalogue, **parts, name="shop")


def test_the_test_part_is_opened_by_name_only():
    closed = data(table((1, 0)))
    assert closed.has_test
    assert closed.open_test().edge_index.tolist() == [[1], [0]]
    assert "test" not in vars(closed)


def test_a_test_part_that_is_not_at_hand_is_an_error():
    assert not data().has_test
    with pytest.raises(InputError, match="shop has no test part at hand"):
        data().open_test()


def test_cold_items_are_those_without_training():
    assert data().cold_items.tolist() == [False, False, False, True]


def test_interactions_of_nobody_and_with_nothing_are_errors():
    with pytest.raises(InputError, match=r"shop, validation: items\[0\] is 4, but there are 4 items"):
        data(validation=table((0, 4)))
    with pytest.raises(InputError, match=r"shop, test: users\[0\] is 2, but there are 2 users"):
        data(test=table((2, 0)))


def test_other_features_keep_the_interactions():
    without = data(table((1, 0))).with_features({})
    assert not without.catalogue.features
    assert without.open_test().edge_index.tolist() == [[1], [0]]
    assert without.train.edge_index.tolist() == data().train.edge_index.tolist()


def test_cold_items_are_held_out_of_training():
    found = data(table((1, 0))).with_cold_items(0.7)
    assert found.cold_items.sum() == 3
    assert len(found.train) + len(found.validation) + len(found.open_test()) == 6
    assert not data().with_cold_items(0.3).has_test
