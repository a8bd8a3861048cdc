import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import cosine_similarity

from mmgraph.data.recommendation import ItemFeatures
from mmgraph.errors import MMGraphWarning
from mmgraph.interop.tensor_cache import TensorCache
from mmgraph.models.recommendation import modality_graph
from mmgraph.models.recommendation import modality_graph as function
from tests.models.recommendation.world import ITEMS, features, neighbours

IMAGE = features(torch.float32)["image"]


def dense(found, k, weighted, symmetric, loops, centred):
    """The same with all pairs at once, by scikit-learn's cosines."""
    x = found.x.double().numpy()
    there = found.present.numpy()
    x = x - x[there].mean(0) if centred else x
    cosine = cosine_similarity(x)
    np.fill_diagonal(cosine, -np.inf)
    cosine[~there], cosine[:, ~there] = -np.inf, -np.inf
    matrix = np.zeros_like(cosine)
    for item in np.flatnonzero(there):
        for other in np.argsort(-cosine[item], kind="stable")[:k]:
            matrix[item, other] = max(cosine[item, other], 0) if weighted else 1.0
    if symmetric:
        matrix = np.maximum(matrix, matrix.T)
    if loops:
        matrix[there, there] = 1
    roots = [np.sqrt(np.maximum(matrix.sum(axis, keepdims=True), 1e-12)) for axis in (0, 1)]
    return torch.from_numpy(matrix / roots[0] / roots[1])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("loops", [False, True])
@pytest.mark.parametrize("centred", [False, True])
def test_it_is_the_dense_one(weighted, symmetric, loops, centred):
    found = modality_graph(IMAGE, 3, weighted, symmetric, loops, centred)
    assert torch.allclose(neighbours(found), dense(IMAGE, 3, weighted, symmetric, loops, centred), atol=1e-6)
    if symmetric:
        assert torch.allclose(neighbours(found), neighbours(found).T)


def test_with_all_items_present_it_is_freedoms():
    """As the authors' code has it: indices of the largest cosines, the item itself among them, over k."""
    x = torch.randn(ITEMS, 5)
    unit = torch.nn.functional.normalize(x, dim=1)
    k = 4
    index = (unit @ unit.T).topk(k).indices
    expected = torch.zeros(ITEMS, ITEMS).scatter_(1, index, 1.0)
    found = neighbours(modality_graph(ItemFeatures.of(x), k - 1, loops=True, centred=False))
    assert torch.equal((found > 0).float(), expected)
    # Theirs is 1/k; ours differs by the other end's degree.
    degree = expected.sum(0)
    assert torch.allclose(found.float(), expected / k**0.5 / degree.clamp(min=1).sqrt(), atol=1e-6)


def test_items_that_lack_the_modality_have_no_edges():
    found = neighbours(modality_graph(IMAGE, 3, loops=True, symmetric=True))
    lacking = ~IMAGE.present
    assert lacking.any()
    assert not found[lacking].any()
    assert not found[:, lacking].any()
    nobody = ItemFeatures(torch.zeros(4, 3), torch.zeros(4, dtype=torch.bool))
    assert modality_graph(nobody, 3).csr.num_edges == 0


def test_what_is_kept_is_the_same_and_is_not_made_again(tmp_path, monkeypatch):
    plain, cache = modality_graph(IMAGE, 3), TensorCache(tmp_path)
    first = modality_graph(IMAGE, 3, cache=cache)

    def never(*arguments, **options):
        raise AssertionError("made again")

    module = __import__("sys").modules[function.__module__]
    monkeypatch.setattr(module, "nearest_rows", never)
    again = modality_graph(IMAGE, 3, cache=cache)
    for found in (first, again):
        assert torch.equal(found.weight, plain.weight)
        assert torch.equal(found.csr.source, plain.csr.source)
    # The weights are not what is kept.
    modality_graph(IMAGE, 3, weighted=True, loops=True, symmetric=True, cache=cache)


CHANGES = {
    "k": lambda cache: modality_graph(IMAGE, 4, cache=cache),
    "centring": lambda cache: modality_graph(IMAGE, 3, centred=False, cache=cache),
    "the encoder": lambda cache: modality_graph(IMAGE, 3, encoder="resnet 2", cache=cache),
    "a number": lambda cache: modality_graph(ItemFeatures(IMAGE.x + 1e-6, IMAGE.present), 3, cache=cache),
    "who is present": lambda cache: modality_graph(
        ItemFeatures(IMAGE.x, torch.ones(ITEMS, dtype=torch.bool)), 3, cache=cache
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_with_another(change, tmp_path):
    """Something else, what was kept is not taken."""
    cache = TensorCache(tmp_path)
    modality_graph(IMAGE, 3, cache=cache)
    CHANGES[change](cache)
    assert len(list(tmp_path.glob("*.safetensors"))) == 2


def test_numbers_of_items_that_there_are_not_are_never_taken_from_a_file(tmp_path):
    import hashlib
    import json

    from safetensors.torch import save

    cache = TensorCache(tmp_path)
    plain = modality_graph(IMAGE, 3, cache=cache)
    (path,), (about,) = tmp_path.glob("*.safetensors"), tmp_path.glob("*.json")
    content = save({"index": torch.full((ITEMS, 3), ITEMS, dtype=torch.int32), "score": torch.ones(ITEMS, 3)})
    path.write_bytes(content)
    about.write_text(json.dumps({"sha256": hashlib.sha256(content).hexdigest()}))
    with pytest.warns(MMGraphWarning, match="other tensors"):
        found = modality_graph(IMAGE, 3, cache=cache)
    assert torch.equal(found.csr.source, plain.csr.source)
