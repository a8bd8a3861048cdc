import json
import pickle

import pytest
import torch

from mmgraph.errors import MMGraphWarning
from mmgraph.interop import tensor_cache
from mmgraph.interop.tensor_cache import TensorCache, fingerprint


class Maker:
    """Counts how often it makes tensors."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1
        return {"a": torch.arange(6).view(2, 3), "b": torch.ones(2)}


def same(found):
    return found.keys() == {"a", "b"} and torch.equal(found["a"], torch.arange(6).view(2, 3))


def test_what_was_made_once_is_read_the_next_time(tmp_path):
    make = Maker()
    for _ in range(2):
        assert same(TensorCache(tmp_path / "new").get("x", {"k": 3}, make))
    assert make.times == 1
    assert sorted(path.suffix for path in (tmp_path / "new").iterdir()) == [".json", ".safetensors"]


def test_what_is_made_from_something_else_is_another_file(tmp_path):
    make, cache = Maker(), TensorCache(tmp_path)
    for made_from in ({"k": 3}, {"k": 4}, {"k": 3, "encoder": "resnet"}):
        cache.get("x", made_from, make)
    assert make.times == 3
    assert len(list(tmp_path.iterdir())) == 6


def test_the_json_says_what_it_was_made_from(tmp_path):
    TensorCache(tmp_path).get("x", {"k": 3, "encoder": "resnet 1.0"}, Maker())
    (about,) = tmp_path.glob("*.json")
    assert json.loads(about.read_text())["made_from"] == {"k": 3, "encoder": "resnet 1.0"}


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


DAMAGE = {
    "a bit": flip,
    "the end": lambda path: path.write_bytes(path.read_bytes()[:-3]),
    "all": lambda path: path.write_bytes(b""),
    "the file": lambda path: path.unlink(),
    "a pickle": lambda path: path.write_bytes(pickle.dumps([1])),
    "the JSON": lambda path: path.with_suffix(".json").write_text("{"),
    "its shape": lambda path: path.with_suffix(".json").write_text("[]"),
    "deep": lambda path: path.with_suffix(".json").write_text("[" * 100_000),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_what_is_damaged_is_made_anew_with_a_warning(how, tmp_path):
    make, cache = Maker(), TensorCache(tmp_path)
    cache.get("x", {}, make)
    (path,) = tmp_path.glob("*.safetensors")
    DAMAGE[how](path)
    with pytest.warns(MMGraphWarning, match="is damaged .*: made anew"):
        assert same(cache.get("x", {}, make))
    assert same(cache.get("x", {}, make))
    assert make.times == 2


def test_tensors_that_do_not_fit_are_made_anew(tmp_path):
    make, cache = Maker(), TensorCache(tmp_path)
    cache.get("x", {}, make)
    with pytest.warns(MMGraphWarning, match="other tensors"):
        cache.get("x", {}, make, fits=lambda tensors: "c" in tensors)


def test_a_file_without_its_json_was_not_finished(tmp_path):
    make, cache = Maker(), TensorCache(tmp_path)
    cache.get("x", {}, make)
    next(tmp_path.glob("*.json")).unlink()
    assert same(cache.get("x", {}, make))
    assert make.times == 2


def test_a_fingerprint_is_of_types_shapes_and_numbers(monkeypatch):
    x = torch.randn(7, 3)
    other = x.clone()
    other[6, 2] += 1e-6
    every = [x, other, x.double(), x.view(3, 7), x[:6], x.bfloat16(), x[:0], torch.tensor(1.0)]
    prints = [fingerprint(own) for own in every] + [fingerprint(x, x)]
    assert len(set(prints)) == len(prints)
    assert fingerprint(x.T.contiguous().T) == fingerprint(x)
    monkeypatch.setattr(tensor_cache, "BLOCK", 4)
    assert [fingerprint(own) for own in every] == prints[:-1]
