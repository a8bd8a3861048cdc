import math
from dataclasses import replace

import pytest
import torch

from mmgraph.graph import GraphStore, select
from mmgraph.tasks.retrieval import RetrieverSettings, Ridge, score_retrieval
from tests.tasks.retrieval.small import SCENES


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    split = SCENES.chosen.split("train")
    pictures = SCENES.pictures("train", split, tmp_path_factory.mktemp("data"))
    return SCENES.pairs(split, pictures, SCENES.words(split))


def make(pairs, **options):
    retriever = RetrieverSettings(dim=16, width=8, heads=2, **options).make(pairs.graphs.graph.schema)
    retriever.fit_features(pairs.graphs.graph)
    return retriever


def test_the_loss_has_the_terms_that_were_asked_for(pairs):
    batch = pairs.graphs[range(6)]
    assert set(make(pairs)(batch)) == {"contrast_token_picture"}
    asked = make(pairs, hinge=0.5, match=True, bag=True)(batch)
    assert set(asked) == {f"{name}_token_picture" for name in ("contrast", "hinge", "match")}


def test_two_captions_of_one_picture_are_no_negatives(pairs):
    own = (pairs.items == 0).nonzero()[:, 0].tolist()
    assert len(own) == 2
    assert float(make(pairs)(pairs.graphs[own])["contrast_token_picture"].detach()) == 0


def test_a_text_has_the_same_place_with_and_without_its_picture(pairs):
    retriever = make(pairs, bag=True).eval()
    together = retriever.head.predict(retriever.encode(pairs.graphs.graph))
    assert torch.allclose(retriever.places(pairs.texts, "token"), together["token"], atol=1e-5)
    pictures = retriever.places(pairs.pictures, "picture")
    assert torch.allclose(pictures, together["picture"][pairs.first], atol=1e-5)
    assert retriever.places(GraphStore(select(pairs.graphs.graph, [])), "picture").shape == (0, 8)


def test_scores_are_those_of_a_search_by_hand():
    pictures = torch.eye(3)
    texts = torch.tensor([[1.0, 0.1, 0.0], [0.9, 1.0, 0.0], [0.0, 1.0, 0.2], [0.0, 0.0, 1.0]])
    found = score_retrieval(texts, pictures, torch.tensor([0, 0, 1, 2])).as_dict()
    assert found["text_to_image_r1"] == 0.75
    assert found["text_to_image_r5"] == 1.0
    assert found["median.text_to_image"] == 1.0
    # The picture 1 is nearer to the text of 1 (0.98) than to that of 0 (0.74).
    assert found["image_to_text_r1"] == 1.0


def test_without_its_gain_a_text_is_the_sum_of_its_words_by_their_rarity(pairs):
    graph = pairs.graphs.graph
    retriever = make(pairs, bag=True)
    bag = retriever.bag
    with torch.no_grad():
        bag.gain.zero_()
    found = retriever.encode(graph).pooled["token"]
    texts = [set(graph.x["token"][graph.batch["token"] == number].tolist()) for number in range(len(found))]
    for number in (0, 5):
        ids = graph.x["token"][graph.batch["token"] == number].tolist()
        weight = [math.log(len(texts) / sum(one in text for text in texts)) for one in ids]
        total = sum(r * bag.vectors.weight[one] for r, one in zip(weight, ids, strict=True))
        expected = 4 * total / math.sqrt(sum(r * r for r in weight))
        assert torch.allclose(found[number], expected, atol=1e-4)


def test_the_unknown_word_has_no_weight_and_a_missing_text_no_bag(pairs):
    graph, retriever = pairs.graphs.graph, make(pairs, bag=True)
    hidden = replace(graph, x={**graph.x, "token": torch.zeros_like(graph.x["token"])})
    for some in (hidden, pairs.pictures.graph):
        encoded = retriever.model.encode(some)
        found = retriever.bag(encoded).pooled["token"]
        assert torch.equal(found, retriever.bag.gain * encoded.pooled["token"])
    loss = sum(retriever(pairs.graphs[range(6)]).values())
    loss.backward()
    assert float(retriever.bag.vectors.weight.grad[1:].abs().sum()) > 0
    assert bool(retriever.bag.gain.grad.isfinite())


def test_ridge_is_the_solution_of_the_penalised_normal_equations(pairs):
    ridge = Ridge.fit(pairs)
    x = (pairs.graphs.graph.x["picture"].double() - ridge.mean) / ridge.deviation
    counts = torch.zeros(len(pairs.graphs), len(ridge.rarity), dtype=torch.float64)
    for sample, word in zip(
        *(getattr(pairs.graphs.graph, name)["token"].tolist() for name in ("batch", "x")), strict=True
    ):
        counts[sample, word] += 1
    y = ridge.texts(counts)
    gradient = x.T @ (x @ ridge.weight - y) / len(x) + ridge.penalty * x.shape[1] * ridge.weight
    assert float(gradient.abs().max()) < 1e-9
    assert torch.allclose(y.mean(0), torch.zeros(()).double(), atol=1e-12)


def test_ridge_finds_pictures_whose_features_say_the_words(tmp_path):
    split = SCENES.chosen.split("train")
    pairs = SCENES.pairs(split, SCENES.pictures("train", split, tmp_path), SCENES.words(split))
    # Of its own training pictures, more than the one in eight that chance finds first.
    assert Ridge.fit(pairs).score(pairs).text_to_image.recall(1).share > 0.3
