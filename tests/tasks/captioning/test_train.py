import json
from dataclasses import replace

import pytest
import torch

from mmgraph.tasks.captioning import (
    Budget,
    CaptionData,
    CaptionerSettings,
    kept_graphs,
    train_captioner,
    with_targets,
)
from mmgraph.tasks.captioning import train as training
from mmgraph.tasks.captioning.scores import fast_score
from mmgraph.training import Run, load_weights
from tests.tasks.captioning.small import write_photographs

SETTINGS = CaptionerSettings(dim=16, layers=1, heads=2, decoder_layers=1)
SHORT = Budget(steps=6, batch_size=8, learning_rate=5e-3, validate_every=3)


@pytest.fixture
def made(tmp_path):
    data = CaptionData("photographs", photographs=write_photographs(tmp_path, 30), max_length=6)
    train, validation = data.split("train"), data.split("validation")
    words = data.words(train)
    graphs = [
        with_targets(kept_graphs(data, name, split, tmp_path / "data"), split, words, 6)
        for name, split in (("train", train), ("validation", validation))
    ]
    torch.manual_seed(0)
    captioner = SETTINGS.make(graphs[0].graph.schema, words.num_ids, 6)

    def fitted(budget):
        run = Run(tmp_path / "run", {})
        return train_captioner(captioner, graphs[0], train, graphs[1], validation, words, budget, run, 0)

    def score():
        return fast_score(words.decode(captioner.write(graphs[1]).ids), validation)

    return captioner, fitted, score, tmp_path / "run"


def test_the_best_weights_are_left_in_the_model_and_in_the_folder(made):
    captioner, fitted, score, folder = made
    found = fitted(SHORT)
    assert found.steps == 6
    assert score() == pytest.approx(found.best_score)
    kept = {name: value.clone() for name, value in captioner.state_dict().items()}
    assert load_weights(captioner, folder / "model.safetensors")["step"] == found.best_step
    assert all(torch.equal(value, kept[name]) for name, value in captioner.state_dict().items())


def test_steps_on_cider_come_after_those_on_words_and_make_the_captions_no_worse(made):
    captioner, fitted, score, folder = made
    found = fitted(replace(SHORT, self_critical_steps=4, self_critical_rate=1e-3, self_critical_samples=3))
    assert found.steps == 10
    assert score() == pytest.approx(found.best_score)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    stages = [("caption" in line, "self_critical" in line) for line in lines if "step" in line]
    assert stages == [(True, False)] * 2 + [(False, True)] * 2
    assert max(line["validation"] for line in lines if "step" in line) == pytest.approx(found.best_score)
    about = load_weights(captioner, folder / "model.safetensors")
    assert about["validation"] == pytest.approx(found.best_score)


@pytest.mark.parametrize("later", [0.1, 0.9])
def test_the_weights_before_are_kept_where_steps_on_cider_did_not_help(later, made, monkeypatch):
    captioner, fitted, _, folder = made
    scores = iter([0.4, 0.5, later, later])
    monkeypatch.setattr(training, "fast_score", lambda captions, split: next(scores))
    weights = []
    original = training.SelfCritical

    def watch(head, *rest, **options):
        weights.append({name: value.clone() for name, value in captioner.state_dict().items()})
        return original(head, *rest, **options)

    monkeypatch.setattr(training, "SelfCritical", watch)
    found = fitted(replace(SHORT, self_critical_steps=4, self_critical_samples=3))
    assert found.best_score == max(0.5, later)
    assert found.best_step == (6 if later < 0.5 else 9)
    same = all(torch.equal(value, weights[0][name]) for name, value in captioner.state_dict().items())
    assert same == (later < 0.5)
    again = load_weights(captioner, folder / "model.safetensors")
    assert again["validation"] == found.best_score
