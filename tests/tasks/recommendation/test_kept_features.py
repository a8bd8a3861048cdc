import pytest
import torch
from safetensors.torch import save_file

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.errors import InputError
from mmgraph.tasks.recommendation.kept_features import load_features, save_features


def some():
    """Names out of the order of letters, one that ends as the parts' names do, and items without a row."""
    names = {"text": 3, "audio": 2, "x": 1, "image.x": 4}
    found = {name: ItemFeatures.of(torch.randn(5, dim)) for name, dim in names.items()}
    gone = torch.tensor([False, True, False, False, True])
    found["text"] = found["text"].without(gone)
    return found


def test_features_come_back_as_they_were_and_in_their_order(tmp_path):
    path = tmp_path / "data" / "features.safetensors"
    features = some()
    save_features(features, path)
    found = load_features(path)
    assert list(found) == list(features)
    for name, one in features.items():
        assert torch.equal(found[name].x, one.x)
        assert torch.equal(found[name].present, one.present)


def test_parts_of_larger_tensors_are_kept_too(tmp_path):
    whole = torch.randn(5, 8)
    features = {"image": ItemFeatures(whole[:, ::2], torch.ones(10, dtype=torch.bool)[::2])}
    save_features(features, tmp_path / "f.safetensors")
    assert torch.equal(load_features(tmp_path / "f.safetensors")["image"].x, whole[:, ::2])


def test_no_modality_is_none_that_comes_back(tmp_path):
    save_features({}, tmp_path / "f.safetensors")
    assert load_features(tmp_path / "f.safetensors") == {}


def test_what_is_no_file_of_features_is_named_with_what_to_do(tmp_path):
    path = tmp_path / "f.safetensors"
    message = r"f\.safetensors does not hold features of items .*: remove it to make it anew"
    with pytest.raises(InputError, match=message):
        load_features(path)
    for content in (b"", b"nothing", b"\xff" * 64):
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            load_features(path)
    save_features(some(), path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match=message):
        load_features(path)


@pytest.mark.parametrize(
    ("x", "present"),
    [
        (torch.ones(3, 2), torch.ones(4, dtype=torch.bool)),
        (torch.ones(3, 2), torch.ones(3)),
        (torch.ones(3), torch.ones(3, dtype=torch.bool)),
        (torch.ones(3, 2, dtype=torch.long), torch.ones(3, dtype=torch.bool)),
        (torch.ones(3, 2), None),
    ],
    ids=["too many flags", "no booleans", "no rows", "no fractions", "no flags"],
)
@pytest.mark.parametrize("order", ['["image"]', None, "3", "[3]", "[", '["image", "text"]'])
def test_other_tensors_are_an_error(x, present, order, tmp_path):
    path = tmp_path / "f.safetensors"
    tensors = {"image.x": x} if present is None else {"image.x": x, "image.present": present}
    save_file(tensors, path, metadata=None if order is None else {"modalities": order})
    with pytest.raises(InputError, match=r"f\.safetensors does not hold features of items"):
        load_features(path)
