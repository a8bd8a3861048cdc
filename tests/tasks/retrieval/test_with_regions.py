import pytest
import torch

from mmgraph.graph import without
from mmgraph.tasks.retrieval import RetrieverSettings
from mmgraph.tasks.retrieval.arms import arm
from mmgraph.tasks.retrieval.with_regions import WithRegions
from tests.tasks.retrieval.small import SCENES


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    split = SCENES.chosen.split("train")
    pictures = SCENES.pictures("train", split, tmp_path_factory.mktemp("data"))
    return split, pictures, SCENES.words(split)


def pairs(prepared, name="full"):
    split, pictures, words = prepared
    return SCENES.pairs(split, arm(name).sees(pictures, 0), words)


def make(pairs, layers):
    torch.manual_seed(0)
    settings = RetrieverSettings(dim=16, width=8, heads=2, layers=layers)
    retriever = settings.make(pairs.graphs.graph.schema)
    retriever.fit_features(pairs.graphs.graph)
    return retriever.eval()


def test_a_picture_is_the_whole_and_the_gain_times_its_regions(prepared):
    found = pairs(prepared)
    encoded = make(found, 1).model.encode(found.graphs.graph)
    added = WithRegions(gain=0.5)(encoded).pooled
    assert torch.allclose(added["picture"], encoded.pooled["picture"] + 0.5 * encoded.pooled["region"])
    assert added["token"] is encoded.pooled["token"]


def test_a_picture_without_regions_is_the_whole_alone_and_the_gain_learns(prepared):
    found = pairs(prepared)
    retriever = make(found, 1)
    bare = retriever.model.encode(without(found.graphs.graph, ["region"]))
    assert torch.equal(retriever.regions(bare).pooled["picture"], bare.pooled["picture"])
    sum(retriever(found.graphs[range(6)]).values()).backward()
    assert float(retriever.regions.gain.grad) != 0


@pytest.mark.parametrize("layers", [1, 2])
def test_shuffled_edges_between_regions_change_the_picture_s_place(prepared, layers):
    right, shuffled = pairs(prepared), pairs(prepared, "shuffled")
    retriever = make(right, layers)
    places = [retriever.places(one.pictures, "picture") for one in (right, shuffled)]
    assert bool(((places[0] - places[1]).abs().amax(1) > 1e-4).all())
    texts = [retriever.places(one.texts, "token") for one in (right, shuffled)]
    assert torch.equal(*texts)


def test_without_graph_layers_shuffled_edges_change_nothing(prepared):
    right, shuffled = pairs(prepared), pairs(prepared, "shuffled")
    retriever = make(right, 0)
    assert torch.equal(*(retriever.places(one.pictures, "picture") for one in (right, shuffled)))


def test_with_one_layer_a_loss_reaches_what_edges_between_regions_carry(prepared):
    found = pairs(prepared)
    retriever = make(found, 1)
    sum(retriever(found.graphs[range(6)]).values()).backward()
    near = [name for name, _ in retriever.named_parameters() if "region__near__region" in name]
    for name in near:
        assert bool(retriever.get_parameter(name).grad.any()), name
