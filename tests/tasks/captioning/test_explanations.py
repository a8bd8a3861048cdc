import json

import pytest
import torch

from mmgraph.data.captions.vocabulary import BEGIN, END, PAD
from mmgraph.explanation import Explanation
from mmgraph.tasks.captioning import (
    explain_caption,
    kept_graphs,
    score_captions,
    with_targets,
    write_examples,
)
from mmgraph.tasks.choose_examples import choose_examples
from tests.tasks.captioning.small import MODEL, SCENES


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    split = SCENES.split("train")
    words = SCENES.words(split)
    graphs = with_targets(kept_graphs(SCENES, "train", split, folder), split, words, 30)
    torch.manual_seed(0)
    return MODEL.make(graphs.graph.schema, words.num_ids, 30).eval(), graphs, split, words


def explained(made, number, text, **options):
    captioner, graphs, split, words = made
    ids = words.encode([text], 30)[0]
    ids = torch.cat([ids, torch.full((2,), PAD)])
    facts = {"image": split.images[number], "references": split.references[number]} | options
    return explain_caption(captioner, graphs, number, ids, words, probability=0.5, **facts)


def test_the_words_are_nodes_and_look_at_the_regions_as_the_head_says(made, tmp_path):
    captioner, graphs, split, words = made
    text = split.references[2][0]
    found = explained(made, 2, text)
    assert found.graph.label["token"] == tuple(text.split())
    assert found.graph.samples[0].text == text
    for word, (start, end) in zip(text.split(), found.graph.pos["token"].tolist(), strict=True):
        assert text[start:end] == word
    ids = words.encode([text], 30)
    with torch.no_grad():
        encoded = captioner.model.encode(graphs[[2]])
        attention = captioner.head.attention(encoded, ids)["region"][0, :, :, :-1]
    weights = found["attention"].maps["token", "region"]
    assert weights.shape == (len(text.split()), len(split.scenes[2].objects))
    assert torch.allclose(torch.as_tensor(weights.values).float(), attention, atol=1e-3)
    found.save(tmp_path / "one.json")
    assert Explanation.load(tmp_path / "one.json").title == text


def test_a_word_s_truth_is_the_object_of_its_colour(made):
    _, _, split, _ = made
    scene = split.scenes[0]
    text = split.references[0][0]
    truth = explained(made, 0, text, scene=scene).truth["token", "region"]
    graph = explained(made, 0, text).graph
    boxes = (graph.pos["region"] * 75).round().long().tolist()
    for place, word in enumerate(text.split()):
        expected = [tuple(box) == item.box for box in boxes for item in scene.objects if item.colour == word]
        if expected:
            assert truth[place].tolist() == expected
            assert truth[place + 1].tolist() == expected
    assert not truth[[i for i, word in enumerate(text.split()) if word in ("a", "an", "of")]].any()


def test_a_colour_that_is_not_there_stands_for_nothing_and_the_caption_is_wrong(made):
    _, _, split, _ = made
    number = next(i for i, scene in enumerate(split.scenes) if len(scene.objects) < 6)
    colours = {item.colour for item in split.scenes[number].objects}
    missing = next(word for word in ("red", "green", "blue", "grey", "yellow") if word not in colours)
    found = explained(made, number, f"a {missing} circle", scene=split.scenes[number])
    assert not found.truth["token", "region"].any()
    assert found.prediction.right is False
    assert found.prediction.expected == split.references[number][0]


def test_any_exact_caption_is_right_and_a_photograph_s_is_neither(made):
    _, _, split, _ = made
    number = next(i for i, references in enumerate(split.references) if len(references) > 1)
    text = split.references[number][1]
    assert explained(made, number, text, scene=split.scenes[number]).prediction.right is True
    found = explained(made, number, text)
    assert found.prediction.right is None
    assert found.about["reference 1"] == split.references[number][0]
    assert not found.truth


def test_a_caption_without_words_is_shown_without_links(made):
    found = explained(made, 0, "")
    assert found.graph.num_nodes("token") == 0
    assert not found.attributions


def test_ids_that_are_no_words_are_left_out(made):
    captioner, graphs, split, words = made
    text = split.references[0][0]
    ids = words.encode([text], 30)[0]
    ids = torch.cat([torch.tensor([BEGIN]), ids])
    found = explain_caption(captioner, graphs, 0, ids, words, probability=0.5, image=split.images[0])
    assert found.graph.label["token"] == tuple(text.split())
    with torch.no_grad():
        encoded = captioner.model.encode(graphs[[0]])
        attention = captioner.head.attention(encoded, ids[None])["region"][0, :, :, 1:-1]
    weights = found["attention"].maps["token", "region"].values
    assert torch.allclose(torch.as_tensor(weights).float(), attention, atol=1e-3)
    assert END in ids.tolist()


def test_examples_have_an_index_and_a_page_each_and_old_pages_go(made, tmp_path):
    captioner, graphs, split, words = made
    written = captioner.write(graphs)
    scores = score_captions(words.decode(written.ids), split)
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "best-9.html").write_text("old")
    index = write_examples(captioner, graphs, split, words, written, scores, tmp_path, each=2, title="Mine")
    assert index == tmp_path / "examples.html"
    pages = [f"{group}-{i}.html" for group in ("best", "random", "worst") for i in (0, 1)]
    assert sorted(path.name for path in (tmp_path / "examples").iterdir()) == pages
    text = index.read_text()
    assert "Mine" in text
    for page in pages:
        assert f"examples/{page}" in text
    best = (tmp_path / "examples" / "best-0.html").read_text()
    number = choose_examples(scores.quality, written.probability.tolist(), 2)["best"][0]
    assert json.dumps(scores.captions[number])[1:-1] in best
