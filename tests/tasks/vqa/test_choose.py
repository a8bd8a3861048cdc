"""The first samples, the wrong ones and the unsure ones are what they are called."""

import sys

import pytest
import torch

from mmgraph.errors import InputError
from mmgraph.tasks.vqa import choose, load_run
from tests.tasks.vqa.runs import untrained_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return load_run(untrained_run(tmp_path_factory.mktemp("run")))


def test_the_first_are_the_first_or_all_there_are(run):
    assert choose(run, 5).numbers == (0, 1, 2, 3, 4)
    assert choose(run, 50).numbers == tuple(range(12))
    assert choose(run, 50).about == "the first 12 samples of the validation split"
    assert choose(run, 2, split="train").about == "the first 2 samples of the train split"


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
    with pytest.raises(InputError, match=r"the validation split of .* is empty"):
        choose(empty, 3)


def test_that_no_answer_is_wrong_is_said(run, monkeypatch):
    target = run.first(4).graphs.graph.target["answer"]
    # The package's `choose` is the function.
    module = sys.modules["mmgraph.tasks.vqa.choose"]
    monkeypatch.setattr(module, "_answers", lambda *_: (torch.ones(4), target))
    with pytest.raises(InputError, match=r"no answer among the first 4 samples .* is wrong: choose unsure"):
        choose(run, 2, "wrong", among=4)
