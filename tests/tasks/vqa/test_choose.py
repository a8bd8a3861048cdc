"""The first samples, the wrong ones and the unsure ones are what they are called."""

import sys
from dataclasses import replace

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.tasks.vqa import SceneData, choose, load_run
from tests.tasks.vqa.runs import untrained_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return load_run(untrained_run(tmp_path_factory.mktemp("run")))


def test_the_first_are_a_question_of_each_scene_before_any_second_one(run):
    # Three scenes of four questions: by the golden ratio the first, the third and the first of theirs.
    assert choose(run, 3).numbers == (0, 4 + 2, 8)
    assert choose(run, 5).numbers == (0, 6, 8, 1, 7)
    assert choose(run, 2, split="train").about == "2 questions of the first 2 scenes of the train split"
    everything = choose(run, 50)
    assert sorted(everything.numbers) == list(range(12))
    assert everything.about == "12 questions of the first 3 scenes of the validation split"


def test_a_scene_without_questions_is_passed_over_and_short_ones_give_what_they_have(run, monkeypatch):
    (scene, *_) = run.recipe.data.scenes("validation")
    scenes = [replace(scene, questions=scene.questions[:count]) for count in (2, 0, 1, 3)]
    monkeypatch.setattr(SceneData, "scenes", lambda *_: scenes)
    numbers, asked = run.of_each_scene(3)
    assert (numbers, asked) == ((0, 2, 3), 3)
    assert run.of_each_scene(9) == ((0, 2, 3, 1, 4, 5), 3)


def test_the_first_of_a_few_scenes_are_of_many_families(tmp_path):
    run = load_run(
        untrained_run(
            tmp_path, kind="sort-of-clevr", modalities=("image",), validation_scenes=6, questions_per_scene=20
        )
    )
    samples = run.split(choose(run, 6).numbers)
    assert len({question.family for _, question in samples.questions}) >= 5


def test_the_wrong_ones_are_answered_wrong_and_none_is_left_out(run):
    samples = run.first(12)
    predicted, expected = run.answerer.predict(samples.graphs), samples.expected()
    wrong = [i for i in range(12) if predicted[i] != expected[i]]
    assert list(choose(run, 12, "wrong").numbers) == wrong
    found = choose(run, 2, "wrong", among=8)
    assert list(found.numbers) == wrong[:2]
    count = sum(i < 8 for i in wrong)
    assert found.about == (
        f"the first 2 of {count} wrong answers among the first 8 samples of the validation split"
    )


def test_the_unsure_ones_have_the_least_probable_answers(run):
    samples = run.first(10)
    with torch.inference_mode():
        logits = run.answerer.head(run.answerer.model.encode(samples.graphs.graph))
    order = logits.softmax(-1).amax(-1).argsort(stable=True).tolist()
    found = choose(run, 4, "unsure", among=10)
    assert list(found.numbers) == order[:4]
    assert found.about == "the 4 least sure answers among the first 10 samples of the validation split"


def test_what_cannot_be_chosen_is_an_error(run, tmp_path):
    with pytest.raises(InputError, match="count=0: give at least 1"):
        choose(run, 0)
    with pytest.raises(InputError, match="test split stays shut"):
        choose(run, 1, split="test")
    empty = load_run(untrained_run(tmp_path, validation_scenes=0))
    for how in ("first", "wrong"):
        with pytest.raises(InputError, match=r"the validation split of .* is empty"):
            choose(empty, 3, how)


def test_that_no_answer_is_wrong_is_said(run, monkeypatch):
    target = run.first(4).graphs.graph.target["answer"]
    # The package's `choose` is the function.
    module = sys.modules["mmgraph.tasks.vqa.choose"]
    monkeypatch.setattr(module, "_answers", lambda *_: (torch.ones(4), target))
    with pytest.raises(InputError, match=r"no answer among the first 4 samples .* is wrong: choose unsure"):
        choose(run, 2, "wrong", among=4)
