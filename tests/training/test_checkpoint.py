import hashlib

import pytest
import torch
from torch import nn

from mmgraph.errors import InputError
from mmgraph.training import load_weights, save_weights


def test_weights_and_buffers_come_back_exactly(tmp_path):
    module, other = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    nn.init.normal_(module.weight)
    module(torch.randn(8, 3))
    digest = save_weights(module, tmp_path / "new" / "m.safetensors", {"step": 3})
    assert load_weights(other, tmp_path / "new" / "m.safetensors") == {"step": 3}
    pairs = zip(module.state_dict().values(), other.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert digest == hashlib.sha256((tmp_path / "new" / "m.safetensors").read_bytes()).hexdigest()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["m.safetensors"]


def test_a_failed_write_leaves_the_old_weights(tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    save_weights(nn.Linear(2, 2), path, {})
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_weights(nn.Linear(2, 2), path, {})
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_other_weights_are_named(tmp_path):
    path = tmp_path / "m.safetensors"
    save_weights(nn.Linear(2, 2), path, {})
    with pytest.raises(InputError, match="weight has shape"):
        load_weights(nn.Linear(3, 2), path)
    with pytest.raises(InputError, match="'bias' is in only one"):
        load_weights(nn.Linear(2, 2, bias=False), path)


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"\xff" * 100, b"\x08\0\0\0\0\0\0\0nonsense"])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a checkpoint"):
        load_weights(nn.Linear(2, 2), path)
    with pytest.raises(InputError, match="not a checkpoint"):
        load_weights(nn.Linear(2, 2), tmp_path / "none.safetensors")
