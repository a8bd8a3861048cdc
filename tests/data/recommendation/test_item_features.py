import jaxtyping
import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.errors import InputError


def test_rows_of_zeros_and_of_nan_are_missing():
    nan = float("nan")
    x = torch.tensor([[1.0, 0.0], [0.0, 0.0], [nan, nan], [-1.0, 2.0]], dtype=torch.float16)
    found = ItemFeatures.of(x)
    assert found.present.tolist() == [True, False, False, True]
    assert found.x.dtype == torch.float32
    assert found.x.tolist() == [[1, 0], [0, 0], [0, 0], [-1, 2]]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_row_that_is_partly_not_finite_is_an_error(value):
    x = torch.tensor([[1.0, 2.0], [3.0, value]])
    with pytest.raises(InputError, match="features of item 1 are not finite"):
        ItemFeatures.of(x)
    assert ItemFeatures.of(x, torch.tensor([True, False])).x[1].tolist() == [0, 0]


def test_flags_have_to_fit(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(InputError, match="3 rows and 2 flags"):
        ItemFeatures(torch.zeros(3, 1), torch.ones(2, dtype=torch.bool))


def test_standardised_columns_are_those_of_scikit_learn():
    x, present = torch.randn(50, 4) * 3 + 1, torch.arange(50) % 3 > 0
    x[:, 2] = 7.0
    features = ItemFeatures.of(x, present)
    expected = StandardScaler().fit(x[present].numpy())
    found = features.standardised()
    assert np.allclose(found.x[present], expected.transform(x[present].numpy()), atol=1e-5)
    assert not found.x[~present].any()
    new = ItemFeatures.of(torch.randn(5, 4))
    scaled = new.standardised(like=features).x
    columns = [0, 1, 3]
    assert np.allclose(scaled[:, columns], expected.transform(new.x.numpy())[:, columns], atol=1e-5)
    assert not scaled[:, 2].any()


def test_nothing_present_is_standardised_to_zeros():
    found = ItemFeatures.of(torch.zeros(3, 2)).standardised()
    assert found.x.tolist() == [[0, 0]] * 3


def test_items_are_taken_away_and_picked():
    features = ItemFeatures.of(torch.tensor([[1.0], [2.0], [3.0]]))
    fewer = features.without(torch.tensor([False, True, False]))
    assert (fewer.x.tolist(), fewer.present.tolist()) == ([[1], [0], [3]], [True, False, True])
    assert fewer[torch.tensor([2, 1])].x.tolist() == [[3], [0]]
    assert (len(fewer), fewer.dim) == (3, 1)


def test_the_mean_is_of_the_items_that_have_the_modality_whatever_the_other_rows_hold():
    present = torch.tensor([True, False, True])
    found = ItemFeatures(torch.tensor([[1.0, 2.0], [7.0, 7.0], [3.0, 6.0]]), present)
    assert found.mean.tolist() == [2.0, 4.0]
    assert found.without(present).mean.tolist() == [0.0, 0.0]
