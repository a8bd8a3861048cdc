"""Answers of a run are explained with their truth; media of one's own without."""

import numpy as np
import pytest
import torch

from mmgraph.data.synthetic import true_alignment
from mmgraph.errors import InputError
from mmgraph.tasks.vqa import ArmSettings, explain_media, explain_samples, load_run, unknown_words
from tests.tasks.vqa.runs import untrained_run

QUICK = ("relevance", "plan")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return load_run(untrained_run(tmp_path_factory.mktemp("run")))


def test_a_sample_comes_with_its_media_its_truth_and_what_is_known_of_it(run):
    samples = run.split([5])
    scene, question = samples.scenes[0], samples.questions[0][1]
    (found,) = explain_samples(run, [5], methods=QUICK)
    assert found.methods == QUICK
    assert found.title == question.text
    assert np.array_equal(np.asarray(found.image), scene.image)
    assert found.sound.seconds == pytest.approx(len(scene.samples) / scene.rate, abs=1e-3)
    truth = true_alignment(samples.graphs[0], scene, question)
    assert found.truth.keys() == truth.keys()
    assert all(torch.equal(found.truth[pair], truth[pair]) for pair in truth)
    assert found.prediction.expected == question.answer
    assert found.prediction.answer == run.answerer.predict(samples.graphs)[0]
    assert dict(found.about) == {
        "run": run.folder.name,
        "model": "1 relational layers, aligner attention, fusion attention",
        "step": "2",
        "validation accuracy": "25.0 %",
        "sample": "validation-000001:5",
        "split": "validation",
        "family": question.family,
    }


def test_samples_come_in_the_order_that_was_asked_for(run):
    found = list(explain_samples(run, [7, 0, 5], methods=["plan"]))
    assert [one.graph.samples[0].id.split(":")[1] for one in found] == ["7", "0", "5"]
    (training,) = explain_samples(run, [0], "train", methods=["plan"])
    assert training.graph.samples[0].id == "train-000000:0"


def test_a_wrong_sample_is_an_error_before_any_is_explained(run):
    with pytest.raises(InputError, match="no sample 99"):
        explain_samples(run, [0, 99])
    with pytest.raises(InputError, match="test split stays shut"):
        explain_samples(run, [0], "test")


def test_what_an_arm_does_not_see_is_not_shown(tmp_path):
    run = load_run(untrained_run(tmp_path, ArmSettings("text", 16, 1, 2)))
    (found,) = explain_samples(run, [0], methods=["similarity"])
    assert found.image is None
    assert found.sound is None
    assert found.graph.num_nodes("region") == 0
    with pytest.raises(InputError, match=r"takes text, not image: leave it out"):
        explain_media(run, image=np.zeros((75, 75, 3), np.uint8), text="what?")


def test_the_hierarchical_and_the_late_arm_are_explained_by_what_suits_them(tmp_path):
    for name in ("hierarchical", "late_decisions", "transformer", "no_graph"):
        run = load_run(untrained_run(tmp_path / name, ArmSettings(name, 16, 1, 2)))
        (found,) = explain_samples(run, [0])
        assert found.attributions
        assert found.about["model"].startswith(name)


def test_media_of_one_s_own_have_no_truth_and_tell_unknown_words(run):
    image = np.full((75, 75, 3), 255, np.uint8)
    image[10:30, 10:30] = (255, 0, 0)
    found = explain_media(run, image=image, text="what shape is the Zebra zebra?", methods=QUICK)
    assert found.graph.num_nodes("region") == 1
    assert found.graph.num_nodes("segment") == 0
    assert found.truth == {}
    assert found.prediction.expected is None
    assert found.prediction.right is None
    assert found.about["unknown words"] == "Zebra, zebra"
    assert found.about["sample"] == "own media"
    assert unknown_words(run, "what shape?") == []
    sound = (np.sin(np.arange(16000) / 5).astype(np.float32), 16000)
    heard = explain_media(run, text="what?", audio=sound, methods=["similarity"])
    assert heard.sound.seconds == 1.0
    assert heard.image is None


def test_nothing_to_explain_is_an_error(run):
    with pytest.raises(InputError, match="nothing to explain: give an image, a text or an audio"):
        explain_media(run)
