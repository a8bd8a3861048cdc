import numpy as np
import torch

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.models.recommendation import agreement, denoise
from mmgraph.models.recommendation import denoise as function
from tests.models.recommendation.world import ITEMS, USERS, features, rated, world

GRAPH = world(torch.float32)
IMAGE = GRAPH.similar["image"]
AUDIO = features(torch.float32)["audio"]


def by_hand(source, target, own, interactions):
    """What is known of one edge."""
    known = []
    if own is not None and own.present[source] and own.present[target]:
        centred = (own.x - own.x[own.present].mean(0)).double()
        known.append(float(torch.cosine_similarity(centred[source], centred[target], dim=0)))
    if interactions is not None and interactions[:, source].any() and interactions[:, target].any():
        users = interactions[:, source], interactions[:, target]
        size = np.sqrt(float(users[0].sum() * users[1].sum()))
        known.append(float((users[0] * users[1]).sum()) / size - size / USERS)
    return np.mean(known) if known else np.nan


def check(own, interactions):
    found = agreement(
        IMAGE.csr, {} if own is None else {"audio": own}, GRAPH.interactions if interactions else None
    )
    dense = rated(GRAPH) if interactions else None
    ends = zip(IMAGE.csr.source.tolist(), IMAGE.csr.target.tolist(), strict=True)
    expected = [by_hand(source, target, own, dense) for source, target in ends]
    assert np.allclose(found.numpy(), expected, atol=1e-6, equal_nan=True)
    return found


def test_agreement_is_the_mean_of_what_is_known_of_both_ends(monkeypatch):
    check(AUDIO, True)
    check(AUDIO, False)
    check(None, True)
    monkeypatch.setitem(function.__globals__, "BLOCK", 7)
    check(AUDIO, True)


def test_of_an_end_that_lacks_everything_else_nothing_is_known():
    assert check(AUDIO, False).isnan().any()
    assert check(None, False).isnan().all()


def test_edges_that_nothing_speaks_for_go_and_the_rest_is_weighed_anew():
    found = denoise(IMAGE, {"audio": AUDIO}, GRAPH.interactions)
    value = agreement(IMAGE.csr, {"audio": AUDIO}, GRAPH.interactions)
    keep = ~(value < 0)
    assert 0 < keep.sum() < len(keep)
    assert torch.equal(found.csr.source, IMAGE.csr.source[keep])
    assert torch.equal(found.csr.target, IMAGE.csr.target[keep])
    degree = [torch.bincount(end, minlength=ITEMS) for end in (found.csr.source, found.csr.target)]
    expected = (degree[0][found.csr.source] * degree[1][found.csr.target]).float().rsqrt()
    assert torch.allclose(found.weight, expected)
    assert denoise(IMAGE, {"audio": AUDIO}, least=2.0).csr.num_edges == int(
        agreement(IMAGE.csr, {"audio": AUDIO}).isnan().sum()
    )


def test_two_planted_groups_are_told_apart():
    group = torch.arange(40) % 2
    x = torch.nn.functional.one_hot(group, 5).float() + 0.1 * torch.randn(40, 5)
    every = world(torch.float32).similar["image"].of(torch.randint(40, (2, 300)), 40)
    found = denoise(every, {"text": ItemFeatures.of(x)})
    assert torch.equal(group[found.csr.source.long()], group[found.csr.target.long()])
