import pytest
import torch
from torch import nn

from mmgraph.errors import InputError
from mmgraph.training import Run, save_weights
from mmgraph.training.running_terms import RunningTerms, validation_score


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path / "run", {})


def test_it_gives_the_mean_of_each_term_since_the_last_reading(run):
    running = RunningTerms()
    for value in (1.0, 3.0):
        running.add({"a": torch.tensor(value), "b": torch.tensor(-value)})
    assert running.read(2, run) == {"a": 2.0, "b": -2.0}
    running.add({"a": torch.tensor(5.0)})
    assert running.read(3, run) == {"a": 5.0}


def test_a_term_that_a_step_lacks_counts_as_zero_there(run):
    running = RunningTerms()
    running.add({"a": torch.tensor(1.0)})
    running.add({"a": torch.tensor(1.0), "b": torch.tensor(4.0)})
    assert running.read(2, run) == {"a": 1.0, "b": 2.0}


def test_what_was_added_is_not_changed(run):
    first = torch.tensor(1.0)
    running = RunningTerms()
    running.add({"a": first})
    running.add({"a": torch.tensor(2.0)})
    assert float(first) == 1.0


def test_nothing_is_read_from_the_device_while_terms_are_added(accelerator):
    from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

    mode = FakeTensorMode()
    term = FakeTensor(mode, torch.empty((), device="meta"), accelerator)
    running = RunningTerms()
    with mode:
        running.add({"a": term})
        running.add({"a": term})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_says_what_to_do(run, value):
    running = RunningTerms()
    running.add({"bpr": torch.tensor(value), "decay": torch.tensor(0.0)})
    with pytest.raises(InputError, match=r"at step 7 the loss is not finite \(\{'bpr'.*lower learning_rate"):
        running.read(7, run)


def test_the_message_names_the_best_weights_once_there_are_some(run):
    for expected in (False, True):
        running = RunningTerms()
        running.add({"bpr": torch.tensor(float("nan"))})
        with pytest.raises(InputError) as caught:
            running.read(1, run)
        assert (str(run.checkpoint) in str(caught.value)) is expected
        save_weights(nn.Linear(1, 1), run.checkpoint, {})


def test_validation_is_in_evaluation_mode_without_gradients():
    module = nn.Dropout()

    def validate():
        assert not module.training
        assert not torch.is_grad_enabled()
        return 0.5

    assert validation_score(module, validate) == 0.5
    assert module.training


def test_a_module_is_left_in_training_mode_also_after_an_error():
    module = nn.Dropout()
    with pytest.raises(ZeroDivisionError):
        validation_score(module, lambda: 1 / 0)
    assert module.training


def test_a_score_of_nan_is_an_error():
    with pytest.raises(InputError, match="returned NaN"):
        validation_score(nn.Dropout(), lambda: float("nan"))
