import pytest

pytest.importorskip("matplotlib")

from mmgraph.visualization.legend import Entry, flow, grid, height_with


def test_entries_flow_into_rows_of_the_room():
    entries = [Entry(f"entry {n}", "line") for n in range(7)]
    rows = flow(entries, 2.5)
    assert [entry for row in rows for _, entry in row] == entries
    assert len(rows) > 1
    for row in rows:
        assert row[0][0] == 0
        assert row[-1][0] + row[-1][1].length <= 2.5
        assert [x for x, _ in row] == sorted(x for x, _ in row)


def test_an_entry_wider_than_the_room_has_a_row_of_its_own():
    entries = [Entry("short"), Entry("long " * 12), Entry("short")]
    assert [len(row) for row in flow(entries, 1.0)] == [1, 1, 1]
    assert flow([], 1.0) == []


def test_a_mark_takes_room_and_a_long_text_is_cut():
    assert Entry("x", "dot").length > Entry("x").length
    assert len(Entry("x" * 999).shown) <= 90


def test_each_row_makes_the_figure_higher():
    rows = flow([Entry("a")] * 3, 0.1)
    assert height_with([], -2.0) == 2.0
    assert height_with(rows, -2.0) > height_with(rows[:1], -2.0) > 2.0


def test_a_grid_has_columns_of_one_width_all_in_a_row_or_half_of_them():
    entries = [Entry("a longer text")] + [Entry("short")] * 3
    pitch = entries[0].length + 0.2
    for room, counts in ((4 * pitch, [4]), (3 * pitch, [2, 2]), (2 * pitch, [2, 2]), (0.1, [1] * 4)):
        rows = grid(entries, room)
        assert [len(row) for row in rows] == counts
        assert [entry for row in rows for _, entry in row] == entries
        assert all(x == pytest.approx(place * pitch) for row in rows for place, (x, _) in enumerate(row))
    assert grid([], 1.0) == []
