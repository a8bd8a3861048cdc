import pytest
import torch

from mmgraph.graph import HeteroGraph, NodeSpec, Schema
from mmgraph.tasks.kept_graph import kept_graph
from mmgraph.tasks.retrieval import Hide
from tests.tasks.retrieval.small import SCENES, photograph_task


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    data = photograph_task(folder).data
    split = data.chosen.split("train")
    pictures = data.pictures("train", split, folder / "data")
    return data, split, pictures, data.pairs(split, pictures, data.words(split))


def test_every_caption_stands_with_its_picture_and_with_the_mirrored_one(photographs):
    _, split, pictures, pairs = photographs
    captions = sum(len(texts) for texts in split.references)
    assert pictures.num_graphs == 2 * len(split)
    assert len(pairs.graphs) == 2 * captions
    said = [sample.text for sample in pairs.graphs.graph.samples]
    for number, texts in enumerate(split.references):
        assert [text for text, item in zip(said, pairs.items.tolist(), strict=True) if item == number] == [
            *texts
        ] * 2
    for sample, item in enumerate(pairs.items.tolist()):
        picture = pairs.graphs.graph.x["picture"][sample]
        assert torch.equal(picture, pictures.x["picture"][item + len(split) * (sample >= captions)])


def test_a_mirrored_picture_has_its_cells_the_other_way_round(photographs):
    _, split, pictures, _ = photographs
    left = pictures.x["picture"][: len(split), 15:-8].view(-1, 2, 2, 15)
    right = pictures.x["picture"][len(split) :, 15:-8].view(-1, 2, 2, 15)
    colours = slice(0, 6)
    assert torch.allclose(left[..., colours], right.flip(2)[..., colours], atol=1e-6)
    assert not torch.allclose(left[..., colours], right[..., colours], atol=1e-3)


def test_only_training_pictures_are_mirrored(photographs, tmp_path):
    data, *_ = photographs
    assert data.pictures("validation", data.chosen.split("validation"), tmp_path).num_graphs == 3


def test_nothing_joins_texts_and_pictures(photographs):
    *_, pairs = photographs
    texts, pictures = {"token"}, {"region", "picture"}
    for source, _, target in pairs.graphs.graph.schema.edges:
        assert {source, target} <= texts or {source, target} <= pictures


def test_texts_and_pictures_are_searched_apart(photographs):
    _, split, _, pairs = photographs
    texts, pictures = pairs.texts.graph, pairs.pictures.graph
    assert texts.num_graphs == len(pairs.graphs)
    assert texts.num_nodes("picture") == texts.num_nodes("region") == 0
    assert texts.num_nodes("token") == pairs.graphs.graph.num_nodes("token")
    assert [sample.id for sample in pictures.samples] == list(split.ids)
    assert pictures.num_nodes("token") == 0


def test_hidden_features_have_the_mean_and_hidden_words_are_unknown():
    graph = HeteroGraph.create(
        Schema({"picture": NodeSpec(50), "token": NodeSpec(0, num_ids=9, pos="characters")}),
        20,
        sizes={"picture": [1] * 20, "token": [5] * 20},
        x={"picture": torch.randn(20, 50), "token": torch.randint(1, 9, (100,))},
        pos={"token": torch.tensor([[0, 1]]).repeat(100, 1)},
    )
    hidden = Hide(graph, words=0.3, features=0.6)(graph)
    mean = graph.x["picture"].mean(0).expand(20, 50)
    gone = hidden.x["picture"] == mean
    assert float(gone.float().mean()) == pytest.approx(0.6, abs=0.05)
    away, before = ((x - mean)[~gone] for x in (hidden.x["picture"], graph.x["picture"]))
    assert torch.allclose(away, before / 0.4, atol=1e-5)
    unknown = hidden.x["token"] != graph.x["token"]
    assert 0.15 < float(unknown.float().mean()) < 0.45
    assert not bool(hidden.x["token"][unknown].any())
    bare = Hide(graph)(graph)
    assert all(torch.allclose(bare.x[key], graph.x[key], atol=1e-6) for key in graph.x)


def test_graphs_are_made_once_and_anew_where_they_would_differ(tmp_path):
    split, made = SCENES.chosen.split("validation"), []

    def make(what):
        return kept_graph(
            tmp_path,
            "graph",
            {"what": what},
            lambda: made.append(what) or SCENES.builder.batch(image=split.images, whole=split.images),
        )

    first, again, other = make("a"), make("a"), make("b")
    assert made == ["a", "b"]
    assert torch.equal(first.x["region"], again.x["region"])
    assert torch.equal(first.x["region"], other.x["region"])
