import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgraph.builders.times.series import TimeSeriesBuilder
from mmgraph.errors import InputError
from mmgraph.graph import collate, validate
from mmgraph.media.series import TimeSeries
from tests.builders.compare import assert_close

EVERY_EDGE = ("next", "within:1.5", "similar:2", "complete")


def by_hand(values, times, intervals):
    """Each window's statistics by NumPy's functions that skip NaN, and numpy.polyfit."""
    rows = []
    for start, end in intervals:
        inside = (times >= start - 1e-6) & (times < end - 1e-6)
        columns = []
        for channel in values[inside].T:
            there = ~np.isnan(channel)
            if not there.any():
                columns.append([0.0] * 6)
                continue
            known = channel[there]
            slope = np.polyfit(times[inside][there], known, 1)[0] if there.sum() > 1 else 0.0
            columns.append([known.mean(), known.std(), known.min(), known.max(), slope, there.mean()])
        rows.append(np.array(columns).reshape(-1, 6).T.reshape(-1))
    return np.array(rows)


def recording(length, channels=3, seed=0, missing=0.3):
    random = np.random.default_rng(seed)
    values = random.standard_normal((length, channels)).cumsum(0)
    values[random.random(values.shape) < missing] = np.nan
    return values


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 60),
    st.sampled_from([0.0, 0.5, 0.9]),
    st.sampled_from([4.0, 10.0, 30.0]),
    st.integers(0, 9),
)
def test_statistics_are_those_of_a_loop_over_windows(length, overlap, rate, seed):
    values = recording(length, seed=seed)
    graph = validate(TimeSeriesBuilder(3, seconds=0.7, overlap=overlap)((values, rate)))
    times = np.arange(length) / rate
    expected = by_hand(values, times, graph.pos["window"].double().tolist())
    assert graph.x["window"].shape == (len(expected), 18)
    assert np.allclose(graph.x["window"].numpy(), expected.reshape(-1, 18), atol=1e-3, rtol=1e-4)


def test_uneven_times_fall_into_their_windows():
    times = np.array([0.0, 0.2, 0.9, 3.5, 3.6])
    values = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    graph = validate(TimeSeriesBuilder(1)(TimeSeries(values, times=times)))
    assert graph.num_nodes("window") == 5
    x = graph.x["window"]
    assert np.allclose(
        x[:4].numpy(), by_hand(values[:, None], times, [[0, 1], [1, 2], [2, 3], [3, 4]]), atol=1e-5
    )
    assert x[1].tolist() == x[2].tolist() == x[4].tolist() == [0] * 6
    assert graph.samples[0].seconds == pytest.approx(4.5)


def test_a_window_without_values_has_zeros_for_them():
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan], [np.nan, np.nan]])
    x = TimeSeriesBuilder(2)((values, 2.0)).x["window"]
    assert x.tolist() == [[2, 0, 1, 0, 1, 0, 3, 0, 4, 0, 1, 0], [0] * 12]


def test_large_offsets_leave_spread_and_slope_exact():
    values = 1e6 + np.arange(100) % 2
    x = TimeSeriesBuilder(1, seconds=50.0)((values, 2.0)).x["window"]
    assert torch.allclose(x[0, 1], torch.tensor(0.5))
    assert abs(x[0, 4]) < 1e-2


def test_single_precision_recordings_are_worked_on_in_double():
    values = (1e5 + recording(60)).astype(np.float32)
    builder = TimeSeriesBuilder(3)
    single, mixed = (
        builder((values, 10.0)),
        builder.batch([(values, 10.0), (values.astype(np.float64), 10.0)]),
    )
    assert torch.equal(single.x["window"].repeat(2, 1), mixed.x["window"])


def test_windows_have_times_labels_and_edges():
    graph = validate(TimeSeriesBuilder(1, edges=("next", "within:1"))((np.arange(25.0), 10.0), id="a"))
    assert torch.allclose(graph.pos["window"], torch.tensor([[0, 1.0], [1, 2], [2, 2.5]]))
    assert graph.label["window"] == ("0.00-1.00 s", "1.00-2.00 s", "2.00-2.50 s")
    assert graph.edge_index["window", "next", "window"].tolist() == [[0, 1], [1, 2]]
    assert graph.edge_index["window", "near", "window"].T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1]]
    assert (graph.samples[0].id, graph.samples[0].seconds) == ("a", 2.5)


def test_rows_on_the_border_of_two_windows_belong_to_the_later_one():
    x = TimeSeriesBuilder(1, seconds=0.1)((np.arange(999.0), 30.0)).x["window"]
    assert torch.equal(x[:, 0], torch.arange(1, 999, 3).float())


def test_a_batch_is_the_collated_singles():
    builder = TimeSeriesBuilder(3, edges=EVERY_EDGE)
    items = [
        (recording(45), 10.0),
        None,
        (recording(0), 10.0),
        (recording(7, seed=1), 3.0),
        (recording(45), 10.0),
    ]
    items.append(TimeSeries(recording(5), times=[0.0, 1.0, 4.0, 4.5, 9.0]))
    items.append(items[0])
    together = validate(builder.batch(items))
    singles = collate([builder(item, str(i)) for i, item in enumerate(items)])
    assert_close(together, singles)
    assert together.sizes["window"] == (5, 0, 0, 3, 5, 12, 5)
    assert together.samples[1].seconds is None


def test_nothing_at_all_has_the_same_schema():
    builder = TimeSeriesBuilder(2, edges=EVERY_EDGE, node_type="sensor", input="imu")
    assert builder.input == "imu"
    assert validate(builder(None)).schema == builder.schema
    assert validate(builder.batch([])).num_graphs == 0


def test_a_bad_recording_names_its_sample():
    with pytest.raises(InputError, match=r"sample 'x': values have shape \[4, 3\], expected \[T, 2\]"):
        TimeSeriesBuilder(2)((np.zeros((4, 3)), 1), id="x")
    with pytest.raises(InputError, match=r"sample 'x': lasts 1.7e\+09 s and would have .* windows of 1 s"):
        TimeSeriesBuilder(1)(TimeSeries(np.zeros(2), times=[1.7e9, 1.7e9 + 1]), id="x")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": 0}, "expected at least 1"),
        ({"channels": 1, "seconds": -1.0}, "expected seconds > 0"),
        ({"channels": 1, "edges": ("far:1",)}, "TimeSeriesBuilder.*is no kind of edge"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        TimeSeriesBuilder(**arguments)
