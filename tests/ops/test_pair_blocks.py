import pytest
import torch

from mmgraph.ops import pair_blocks, ragged


@pytest.mark.parametrize("block", [1, 7, 2**20])
def test_blocks_of_any_size_hold_every_pair_once(block, monkeypatch):
    monkeypatch.setattr(pair_blocks, "BLOCK", block)
    sources, targets = [3, 0, 5, 1], [2, 4, 3, 0]
    source, target = torch.randn(9, 2), torch.randn(9, 2)
    found = []
    for part in pair_blocks.pair_blocks(source, target, sources, targets):
        b, i, j = part.valid.nonzero(as_tuple=True)
        assert torch.equal(part.source[b, i], source[part.source_index[b, i]])
        assert torch.equal(part.target[b, j], target[part.target_index[b, j]])
        found += torch.stack([part.source_index[b, i], part.target_index[b, j]], 1).tolist()
    assert sorted(found) == sorted(ragged.complete_pairs(sources, targets).T.tolist())


def test_a_score_has_to_exceed_the_minimum_only_if_strict():
    one, sizes = torch.ones(1, 1), [1]

    def score(source, target):
        return source @ target.transpose(1, 2)

    assert pair_blocks.pairs_above(one, one, sizes, sizes, score, 1.0)[0].shape == (2, 1)
    assert pair_blocks.pairs_above(one, one, sizes, sizes, score, 1.0, strict=True)[0].shape == (2, 0)


def test_whole_samples_are_not_cut(monkeypatch):
    monkeypatch.setattr(pair_blocks, "BLOCK", 7)
    sources, targets = [3, 0, 5, 1], [2, 4, 3, 0]
    given = torch.randn(9, 2), torch.randn(9, 2), sources, targets
    found = [tuple(part.valid.shape) for part in pair_blocks.pair_blocks(*given, whole=True)]
    assert found == [(1, 3, 2), (1, 5, 3), (1, 1, 0)]
    assert len(list(pair_blocks.pair_blocks(*given))) > 3
