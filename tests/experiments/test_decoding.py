"""The benchmark of decoding, cut small."""

import json

import torch

from experiments.benchmarks import decoding


def test_both_write_the_same_and_the_figures_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "BATCH", 3)
    monkeypatch.setattr(decoding, "VOCABULARY", 3000)
    monkeypatch.setattr(decoding, "WORDS", 8)
    decoding.main(quick=True, json=str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    names = ("speedup_transformers", "matmul_share", "matmul_limit")
    assert set(found) == {f"{search}.{name}" for search in ("greedy", "beam5") for name in names}
    assert all(value > 0 for value in found.values())


def test_the_peer_has_our_weights_for_every_word_of_a_sentence():
    torch.manual_seed(0)
    encoded, head = decoding.example(), decoding.ours()
    ids = torch.randint(4, decoding.VOCABULARY, (decoding.BATCH, 5))
    with torch.no_grad():
        model = decoding.theirs(head.decoder)
        before = torch.cat([torch.ones_like(ids[:, :1]), ids[:, :-1]], 1)
        expected = model(before, encoder_hidden_states=head.memory(encoded).nodes).logits
        assert torch.allclose(head(encoded, ids), expected, atol=1e-3)


def test_the_products_are_those_of_the_search():
    x, y = torch.randn(3, 4), torch.randn(4, 5)
    with torch.no_grad():
        products = decoding.products_of(lambda: (x @ y).softmax(-1) @ y.T + 1)
    assert [function.overloadpacket.__name__ for function, _, _ in products.calls] == ["mm", "mm"]
    products.again()
