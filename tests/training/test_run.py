import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mmgraph.training import Run


def read(folder) -> EventAccumulator:
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return events


def test_tensorboard_shows_the_numbers_of_each_step(tmp_path):
    for first in (0.0, 0.5):
        run = Run(tmp_path, {}, tensorboard=True)
        run.log(step=10, validation=first, answer=2.0, interrupted=True)
        run.log(step=20, validation=0.75, answer=torch.pi)
    found = read(tmp_path)
    assert set(found.Tags()["scalars"]) == {"validation", "answer"}
    points = [(point.step, point.value) for point in found.Scalars("validation")]
    assert points == [(10, 0.5), (20, 0.75)], "the earlier run is gone"


def test_without_it_nothing_is_written_and_nothing_old_stays(tmp_path):
    Run(tmp_path, {}, tensorboard=True).log(step=1, validation=0.25)
    Run(tmp_path, {}).log(step=1, validation=0.5)
    assert not (tmp_path / "tensorboard").exists()
