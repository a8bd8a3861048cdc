import json
import time

import pytest
import torch
from torch import nn

from mmgraph.errors import InputError
from mmgraph.training import Run, fit_epochs, load_weights

TARGET = torch.tensor([1.0, -2.0])


class Point(nn.Module):
    """Two weights that are pulled to a target."""

    def __init__(self):
        super().__init__()
        self.x = nn.Parameter(torch.zeros(2))

    def terms(self):
        return {"distance": (self.x - TARGET).square().sum(), "size": 0.0 * self.x.square().sum()}


def train(tmp_path, scores=None, steps=2, during=None, rate=0.1, **options):
    """Scores by hand, or minus the distance; gives the point, what came of it, and the run."""
    point, run = Point(), Run(tmp_path / "run", {})
    given = iter(scores or ())
    seen = []

    def epoch(number):
        for step in range(steps):
            if during is not None:
                during(number, step, point)
            yield point.terms()

    def validate():
        seen.append(point.x.detach().clone())
        return next(given) if scores is not None else -float(point.terms()["distance"])

    optimizer = torch.optim.SGD(point.parameters(), lr=rate)
    try:
        fitted = fit_epochs(point, epoch, validate, run, optimizer, **options)
    except BaseException as error:
        error.seen = seen
        raise
    return point, fitted, run, seen


def lines(run):
    return [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]


def test_a_step_is_that_of_the_optimizer_on_the_sum_of_the_terms(tmp_path):
    point, fitted, *_ = train(tmp_path, steps=3, epochs=1)
    expected = TARGET * (1 - (1 - 2 * 0.1) ** 3)
    assert torch.allclose(point.x, expected)
    assert fitted.steps == 3


def test_it_ends_at_the_target_and_writes_every_validation(tmp_path):
    point, fitted, run, _ = train(tmp_path, epochs=30)
    assert torch.allclose(point.x, TARGET, atol=1e-3)
    assert not point.training
    written = lines(run)
    assert [line["epoch"] for line in written] == list(range(1, 31))
    assert [line["step"] for line in written] == list(range(2, 61, 2))
    assert {"validation", "distance", "size", "seconds"} < written[0].keys()
    assert fitted.best_score == max(line["validation"] for line in written)
    # The mean of the two steps of the first epoch: 5, then 5 * 0.8 ** 2.
    assert written[0]["distance"] == pytest.approx(5 * (1 + 0.64) / 2)


def test_the_weights_with_the_best_score_are_loaded_and_in_the_file(tmp_path):
    point, fitted, run, seen = train(tmp_path, scores=[1.0, 3.0, 2.0, 0.0], epochs=4)
    assert (fitted.best_step, fitted.best_score, fitted.steps) == (4, 3.0, 8)
    assert torch.equal(point.x, seen[1])
    other = Point()
    about = load_weights(other, run.checkpoint)
    assert torch.equal(other.x, seen[1])
    assert (about["epoch"], about["validation"]) == (2, 3.0)


def test_of_equal_scores_the_first_stays(tmp_path):
    _, fitted, *_ = train(tmp_path, scores=[1.0, 1.0, 1.0], epochs=3)
    assert fitted.best_step == 2


def test_it_stops_after_so_many_validations_without_a_better_one(tmp_path):
    scores = [1.0, 0.0, 2.0, 1.0, 1.5, 3.0]
    _, fitted, *_ = train(tmp_path, scores=scores, epochs=6, patience=2)
    assert (fitted.steps, fitted.best_score) == (10, 2.0)
    _, fitted, *_ = train(tmp_path, scores=scores, epochs=6, patience=3)
    assert (fitted.steps, fitted.best_score) == (12, 3.0)


def test_it_validates_every_so_many_epochs_and_at_the_end(tmp_path):
    _, fitted, run, _ = train(tmp_path, epochs=5, validate_every=2)
    assert [line["epoch"] for line in lines(run)] == [2, 4, 5]
    assert fitted.steps == 10


def test_it_stops_when_time_is_up_after_the_epoch_and_with_a_validation(tmp_path, monkeypatch):
    clock = iter(float(10 * number) for number in range(100))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    _, fitted, run, _ = train(tmp_path, epochs=50, validate_every=50, seconds=25.0)
    assert 0 < fitted.steps < 12
    assert len(lines(run)) == 1


def test_scores_of_minus_infinity_still_leave_weights(tmp_path):
    _, fitted, run, _ = train(tmp_path, scores=[float("-inf")] * 2, epochs=2)
    assert fitted.best_step == 2
    assert run.checkpoint.exists()


def test_control_c_keeps_the_best_so_far(tmp_path):
    def during(number, step, point):
        if (number, step) == (3, 1):
            raise KeyboardInterrupt

    point, fitted, run, seen = train(tmp_path, scores=[1.0, 3.0, 2.0], during=during, epochs=9)
    assert (fitted.steps, fitted.best_step) == (7, 4)
    assert torch.equal(point.x, seen[1])
    assert lines(run)[-1]["interrupted"] is True


def test_control_c_before_any_validation_is_passed_on(tmp_path):
    def during(number, step, point):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, during=during, epochs=9)


def test_a_crash_leaves_the_best_weights_and_all_measurements(tmp_path):
    def during(number, step, point):
        if number == 2:
            raise RuntimeError("the machine is gone")

    with pytest.raises(RuntimeError, match="gone") as caught:
        train(tmp_path, scores=[2.0, 1.0], during=during, epochs=9)
    found = Point()
    about = load_weights(found, tmp_path / "run" / "model.safetensors")
    assert torch.equal(found.x, caught.value.seen[0])
    assert about["validation"] == 2.0
    written = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["validation"] for line in written] == [2.0, 1.0]


def test_a_loss_of_nan_is_an_error_that_names_the_best_weights(tmp_path):
    def during(number, step, point):
        if number == 1:
            point.x.data.fill_(float("nan"))

    with pytest.raises(InputError, match=r"step 4 the loss is not finite .*lower learning_rate") as caught:
        train(tmp_path, during=during, epochs=3)
    assert "model.safetensors" in str(caught.value)


def test_a_rate_that_is_too_high_is_found_out(tmp_path):
    with pytest.raises(InputError, match="lower learning_rate"):
        train(tmp_path, rate=1e9, steps=20, epochs=3)


@pytest.mark.parametrize(
    "options", [{"epochs": 0}, {"patience": 0}, {"validate_every": 0}, {"seconds": 0.0}, {"seconds": -1.0}]
)
def test_no_epochs_or_no_time_is_an_error(tmp_path, options):
    with pytest.raises(InputError, match="give at least one of each, and some time"):
        train(tmp_path, **options)
