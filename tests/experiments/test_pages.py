"""The benchmark of the pages' size, cut small."""

import json

import pytest

pytest.importorskip("skimage")

from experiments.benchmarks import pages


def test_the_benchmark_prints_a_table_and_writes_its_figures(tmp_path, capsys):
    figures = pages.main(quick=True, json=str(tmp_path / "found.json"))
    assert json.loads((tmp_path / "found.json").read_text()) == figures
    assert set(figures) == {
        *("page.12x12.bytes", "page.12x12.seconds", "page.12x12.worst_bytes"),
        *("page.4x12.bytes", "page.top5.bytes", "gallery.50.bytes", "gallery.50.seconds"),
    }
    assert figures["page.4x12.bytes"] < figures["page.12x12.bytes"] <= 2_000_000
    assert f"{figures['page.12x12.bytes']:,}" in capsys.readouterr().out
