import torch

from mmgraph.ops import neighbours, pair_blocks, ragged


def by_hand(source, target, sizes_s, sizes_t, k, metric, loops):
    found = []
    for b in range(len(sizes_s)):
        s0, t0 = sum(sizes_s[:b]), sum(sizes_t[:b])
        for i in range(s0, s0 + sizes_s[b]):
            scores = []
            for j in range(t0, t0 + sizes_t[b]):
                if i == j and not loops:
                    continue
                pair = source[i], target[j]
                cosine = torch.nn.functional.cosine_similarity(*pair, dim=0)
                scores.append((float(cosine if metric == "cosine" else -(pair[0] - pair[1]).norm()), i, j))
            found += sorted(scores, reverse=True)[:k]
    return found


def check(sizes_s, sizes_t, k, metric, loops):
    source, target = torch.randn(sum(sizes_s), 3), torch.randn(sum(sizes_t), 3)
    if not loops:
        target = source
    edges, score = neighbours.nearest(source, target, sizes_s, sizes_t, k, metric, loops)
    expected = by_hand(source, target, sizes_s, sizes_t, k, metric, loops)
    assert edges.T.tolist() == [[i, j] for _, i, j in expected]
    assert torch.allclose(score, torch.tensor([s for s, _, _ in expected]), atol=1e-5)


def test_nearest_rows_are_those_of_a_double_loop():
    check([3, 0, 5], [4, 2, 1], 2, "cosine", True)
    check([3, 0, 5], [4, 2, 0], 9, "euclidean", True)
    check([4, 1, 0, 6], [4, 1, 0, 6], 3, "euclidean", False)


def test_blocks_do_not_change_the_answer(monkeypatch):
    monkeypatch.setattr(pair_blocks, "BLOCK", 7)
    check([3, 0, 5], [4, 2, 1], 2, "cosine", True)
    check([4, 1, 0, 6], [4, 1, 0, 6], 3, "euclidean", False)


def test_cosine_pairs_are_those_above_the_threshold():
    sizes_s, sizes_t = [3, 0, 2], [4, 1, 0]
    source, target = torch.randn(5, 3), torch.randn(5, 3)
    edges, score = pair_blocks.pairs_above(source, target, sizes_s, sizes_t, neighbours.cosine, 0.2)
    everything = ragged.complete_pairs(sizes_s, sizes_t)
    cosine = torch.nn.functional.cosine_similarity(source[everything[0]], target[everything[1]])
    assert torch.equal(edges, everything[:, cosine >= 0.2])
    assert torch.allclose(score, cosine[cosine >= 0.2], atol=1e-6)


def test_no_rows_give_no_edges():
    edges, score = neighbours.nearest(torch.zeros(0, 3), torch.zeros(0, 3), [0, 0], [0, 0], 4)
    assert edges.shape == (2, 0)
    assert score.shape == (0,)
    edges, score = neighbours.nearest(torch.zeros(0, 3), torch.zeros(0, 3), [], [], 4)
    assert edges.shape == (2, 0)


def test_of_equally_near_rows_the_first_is_taken_whatever_the_other_samples_are():
    def cells(rows, columns):
        return torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).float()

    small, both = cells(4, 4), torch.cat([cells(4, 4), cells(3, 9)])
    for k in (1, 2, 3, 5, 15):
        alone, score = neighbours.nearest(small, small, [16], [16], k, "euclidean", False)
        together, _ = neighbours.nearest(both, both, [16, 27], [16, 27], k, "euclidean", False)
        assert torch.equal(together[:, : alone.shape[1]], alone)
        distance = torch.cdist(small, small, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(99)
        assert torch.equal(alone[1].view(16, k), distance.sort(dim=1, stable=True).indices[:, :k])
        assert bool((score.view(16, k).diff(dim=1) <= 0).all())


def test_scores_pass_gradients_on_to_the_chosen_pairs():
    score = torch.randn(2, 3, 6, requires_grad=True)
    best, column = neighbours.largest(score, 2)
    best.sum().backward()
    assert torch.equal(score.grad, torch.zeros(2, 3, 6).scatter(-1, column, 1.0))


def test_every_precision_finds_the_same_columns():
    score = torch.rand(50, 9).argsort(dim=1).float()[None]
    expected = score.argsort(dim=-1, descending=True)[..., :4]
    for dtype in (torch.float64, torch.float16, torch.bfloat16):
        best, column = neighbours.largest(score.to(dtype), 4)
        assert torch.equal(column, expected)
        assert best.dtype == dtype
