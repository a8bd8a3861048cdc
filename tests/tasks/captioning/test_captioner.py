from dataclasses import replace

import pytest
import torch

from mmgraph.graph import GraphStore
from mmgraph.tasks.captioning import (
    CaptionData,
    CaptionerSettings,
    DrawReference,
    SceneCaptions,
    kept_graphs,
    with_targets,
)
from mmgraph.tasks.captioning.scores import fast_score, score_captions
from mmgraph.tasks.captioning.typical_caption import typical_caption
from tests.tasks.captioning.small import MODEL, SCENES


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    split = SCENES.split("train")
    words = SCENES.words(split)
    graphs = with_targets(kept_graphs(SCENES, "train", split, folder), split, words, 30)
    torch.manual_seed(0)
    return MODEL.make(graphs.graph.schema, words.num_ids, 30).eval(), graphs, split, words


def test_a_caption_and_its_probability_are_those_of_the_head(made):
    captioner, graphs, _, _ = made
    written = captioner.write(graphs)
    assert len(written.ids) == len(written.probability) == len(graphs)
    encoded = captioner.model.encode(graphs[range(len(graphs))])
    assert torch.equal(written.ids, captioner.head.predict(encoded))
    logs = captioner.head.log_probabilities(encoded, written.ids[:, None])[:, 0]
    for row, ids, probability in zip(logs, written.ids, written.probability, strict=True):
        mean = row[: int((ids != 0).sum())].mean()
        assert torch.isclose(probability, mean.exp())


def test_a_wider_beam_finds_captions_that_are_as_likely(made):
    captioner, graphs, _, _ = made
    beam, greedy = captioner.write(graphs, beam=4), captioner.write(graphs)
    assert beam.probability.mean() >= greedy.probability.mean() - 1e-6


def test_no_sample_has_no_caption(made):
    captioner, graphs, _, _ = made
    nothing = captioner.write(GraphStore(graphs[[]]))
    assert nothing.ids.shape == (0, 30)
    assert nothing.probability.shape == (0,)


def test_the_loss_has_gradients_of_what_writes(made):
    captioner, graphs, _, _ = made
    terms = captioner(DrawReference()(graphs[range(4)]))
    terms["caption"].backward()
    for part in (captioner.head, captioner.model.encoder):
        assert all(p.grad is not None and p.grad.isfinite().all() for p in part.parameters())


def test_the_model_without_a_graph_does_not_look_at_edges(made):
    _, graphs, _, words = made
    bare = replace(MODEL, layers=0).make(graphs.graph.schema, words.num_ids, 30).eval()
    batch = graphs[range(4)]
    key = ("region", "near", "region")
    other = replace(batch, edge_attr={key: batch.edge_attr[key].flip(0)}, relations={})
    same = [
        torch.equal(m.head.predict(m.model.encode(batch)), m.head.predict(m.model.encode(other)))
        for m in [bare]
    ]
    assert same == [True]
    assert torch.equal(bare.model.encode(batch).nodes["region"], bare.model.encode(other).nodes["region"])


def test_it_learns_captions_by_heart(tmp_path):
    data = CaptionData(scenes=SceneCaptions(train=6, references=1))
    split = data.split("train")
    words = data.words(split)
    graphs = with_targets(kept_graphs(data, "train", split, tmp_path), split, words, 30)
    captioner = CaptionerSettings(dim=32, heads=2, label_smoothing=0.0).make(
        graphs.graph.schema, words.num_ids, 30
    )
    captioner.model.fit_features(graphs.graph)
    optimizer = torch.optim.Adam(captioner.parameters(), lr=5e-3)
    batch = DrawReference()(graphs[range(6)])
    for _ in range(80):
        optimizer.zero_grad()
        captioner(batch)["caption"].backward()
        optimizer.step()
    captions = words.decode(captioner.eval().write(graphs).ids)
    assert captions == [references[0] for references in split.references]
    assert fast_score(captions, split) == 1


def test_scores_of_right_captions_are_full_and_those_of_others_are_not():
    split = SCENES.split("train")
    right = score_captions([references[0] for references in split.references], split)
    assert right.as_dict()["exact"] == right.as_dict()["relations"] == 1
    assert right.as_dict()["bleu_4"] == pytest.approx(1)
    assert set(right.quality) == {1.0}
    moved = [references[0] for references in split.references]
    wrong = score_captions([*moved[1:], moved[0]], split)
    assert wrong.as_dict()["exact"] == 0 < wrong.as_dict()["colours"] < 1
    assert max(wrong.quality) < 1
    assert right.gain(wrong).mean > 0
    assert fast_score(right.captions, split) == 1
    assert fast_score(wrong.captions, split) == 0


def test_photographs_are_scored_by_cider_alone():
    split = replace(SCENES.split("train"), scenes=())
    captions = [references[0] for references in split.references]
    found = score_captions(captions, split)
    assert "exact" not in found.as_dict()
    assert found.quality == found.cider
    assert fast_score(captions, split) == pytest.approx(found.as_dict()["cider"])
    assert found.mean_cider.mean == pytest.approx(found.as_dict()["cider"])


def test_the_typical_caption_is_frequent_and_near_to_the_others():
    references = [
        ["a dog runs on grass", "a dog runs on grass"],
        ["a dog runs on the grass", "A dog runs on sand."],
        ["two people", "a dog runs on snow"],
        ["blue sky", "a bird"],
    ]
    assert typical_caption(references) == "a dog runs on grass"
    assert typical_caption(references, candidates=1) == "a dog runs on grass"
    assert typical_caption([["Only, this."]]) == "only this"
