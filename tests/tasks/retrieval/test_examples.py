import json

import pytest
import torch
from torch.nn.functional import normalize

from mmgraph.explanation import Explanation
from mmgraph.graph.schema import parameter_name
from mmgraph.tasks.choose_examples import choose_examples
from mmgraph.tasks.retrieval import RetrieverSettings, explain_search, write_examples
from tests.tasks.retrieval.small import SCENES


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "bag"])
def made(request, tmp_path_factory):
    split = SCENES.chosen.split("train")
    pictures = SCENES.pictures("train", split, tmp_path_factory.mktemp("data"))
    pairs = SCENES.pairs(split, pictures, SCENES.words(split))
    torch.manual_seed(0)
    settings = RetrieverSettings(dim=16, width=8, heads=2, bag=request.param)
    retriever = settings.make(pairs.graphs.graph.schema)
    retriever.fit_features(pairs.graphs.graph)
    return retriever.eval(), pairs, split


def explained(made, caption, pictures, **options):
    retriever, pairs, split = made
    return explain_search(
        retriever,
        pairs.texts[[caption]],
        pairs.pictures[pictures],
        [split.images[one] for one in pictures],
        split.ids[int(pairs.items[caption])],
        [1 / len(pictures)] * len(pictures),
        **options,
    )


def test_a_search_is_shown_with_its_words_its_pictures_and_their_regions(made, tmp_path):
    _, pairs, split = made
    found = explained(made, 3, [5, 1])
    text = pairs.graphs.graph.samples[3].text
    assert found.title == found.graph.samples[0].text == text
    assert [text[start:end] for start, end in found.graph.pos["token"].tolist()] == text.split()
    assert found.graph.num_nodes("picture") == 2
    assert found.graph.num_nodes("region") == sum(len(split.scenes[one].objects) for one in (5, 1))
    own = split.ids[1]
    assert int(pairs.items[3]) == 1
    assert found.graph.label["picture"] == (f"1. {split.ids[5]}", f"2. {own} (its own)")
    assert found.prediction.answer == split.ids[5]
    assert found.prediction.right is False
    assert found.prediction.alternatives == ((own, 0.5),)
    found.save(tmp_path / "one.json")
    assert Explanation.load(tmp_path / "one.json").title == text


def test_regions_lie_in_their_pictures_on_the_sheet(made):
    found = explained(made, 0, [2, 0, 4, 1]).graph
    _, pairs, _ = made
    sizes = [pairs.pictures[[one]].num_nodes("region") for one in (2, 0, 4, 1)]
    sheet = found.pos["picture"].repeat_interleave(torch.tensor(sizes), 0)
    regions = found.pos["region"]
    assert bool((regions[:, :2] >= sheet[:, :2] - 1e-6).all())
    assert bool((regions[:, 2:] <= sheet[:, 2:] + 1e-6).all())


def test_a_word_is_as_near_to_a_region_as_a_text_of_it_to_a_picture_of_it(made):
    retriever, pairs, _ = made
    text, pictures = pairs.texts[[3]], pairs.pictures[[5, 1]]
    words, regions, wholes = retriever.parts(text, pictures)
    assert torch.allclose(wholes, retriever.places(pairs.pictures, "picture")[[5, 1]], atol=1e-5)
    with torch.no_grad():
        said, seen = retriever.model.encode(text).nodes["token"], retriever.model.encode(pictures).nodes
        if retriever.bag is not None:
            ids = text.x["token"]
            # A word that every training text has weighs nothing.
            weighs = (retriever.bag.rarity[ids] > 0)[:, None]
            said = 4 * retriever.bag.vectors.weight[ids] * weighs + 0.1 * said
        project = retriever.head.project
        assert torch.allclose(words, normalize(project[parameter_name("token")](said), dim=1), atol=1e-4)
        assert torch.allclose(
            regions, normalize(project[parameter_name("picture")](seen["region"]), dim=1), atol=1e-4
        )
    likeness = explained(made, 3, [5, 1])["likeness"].maps
    for other, places in (("region", regions), ("picture", wholes)):
        shown = likeness["token", other].values[0, 0].float()
        assert torch.allclose(shown, words @ places.T, atol=1e-3)


def test_the_unknown_word_by_itself_has_no_vector_of_its_own(made):
    retriever, *_ = made
    if retriever.bag is None:
        pytest.skip("no bag of words")
    nodes = torch.randn(2, 16)
    found = retriever.bag.each(torch.zeros(2, dtype=torch.long), nodes)
    assert torch.allclose(found, retriever.bag.gain * nodes)


def test_examples_show_the_best_the_worst_and_others_with_what_they_found(made, tmp_path):
    retriever, pairs, split = made
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "best-9.html").write_text("old")
    index = write_examples(retriever, pairs, split, tmp_path, each=2, title="Mine")
    assert index == tmp_path / "examples.html"
    pages = [f"{group}-{i}.html" for group in ("best", "random", "worst") for i in (0, 1)]
    assert sorted(path.name for path in (tmp_path / "examples").iterdir()) == pages
    text = index.read_text()
    assert "Mine" in text
    assert all(f"examples/{page}" in text for page in pages)
    ranks = retriever.score(pairs).text_to_image.ranks.tolist()
    chances = (
        retriever.head.scale
        * retriever.places(pairs.texts, "token")
        @ retriever.places(pairs.pictures, "picture").T
    )
    sure = chances.softmax(1).amax(1).tolist()
    chosen = choose_examples([-float(rank) for rank in ranks], sure, 2)
    for group in ("best", "worst"):
        number = chosen[group][0]
        page = (tmp_path / "examples" / f"{group}-0.html").read_text()
        own = split.ids[int(pairs.items[number])]
        captions = [caption for of_picture in split.references for caption in of_picture]
        assert json.dumps(f"{group}, 1: {captions[number]}")[1:-1] in page
        assert json.dumps(f"{own}, place {ranks[number]} of {len(split)}")[1:-1] in page
        assert "(its own)" in page
        if ranks[number] > 1:
            assert f"1. {own}" not in page
