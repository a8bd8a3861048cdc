import os
import re

import pytest

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure
from PIL import Image

from mmgraph import InputError
from mmgraph.visualization import save_figure


@pytest.fixture
def figure():
    figure = Figure(figsize=(2, 1))
    figure.text(0.5, 0.5, "hello")
    return figure


def test_a_png_has_200_dots_an_inch_and_says_nothing_of_the_time(figure, tmp_path):
    path = tmp_path / "new" / "folder" / "a.png"
    save_figure(figure, path)
    image = Image.open(path)
    assert image.size == (400, 200)
    assert "Software" not in image.info
    assert os.listdir(path.parent) == ["a.png"]


def test_text_in_svg_stays_text(figure, tmp_path):
    save_figure(figure, str(tmp_path / "a.svg"))
    assert re.search(r"<text[^>]*>hello</text>", (tmp_path / "a.svg").read_text())


def test_text_in_pdf_has_an_embedded_truetype_font(figure, tmp_path):
    save_figure(figure, tmp_path / "a.PDF")
    content = (tmp_path / "a.PDF").read_bytes()
    assert b"/FontFile2" in content
    assert b"/Type3" not in content


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_figure_gives_the_same_bytes(figure, tmp_path, suffix):
    for name in ("a", "b"):
        save_figure(figure, tmp_path / f"{name}.{suffix}")
    content = (tmp_path / f"a.{suffix}").read_bytes()
    assert content == (tmp_path / f"b.{suffix}").read_bytes()
    assert b"Date" not in content


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.png.exe"])
def test_another_suffix_is_refused_before_anything_is_written(figure, tmp_path, name):
    with pytest.raises(InputError, match=r"give a path to a \.png, \.svg or \.pdf file"):
        save_figure(figure, tmp_path / "new" / name)
    assert os.listdir(tmp_path) == []


def test_a_place_that_cannot_be_written_is_an_input_error(figure, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        save_figure(figure, tmp_path / "file" / "a.png")
    (tmp_path / "a.png").mkdir()
    with pytest.raises(InputError, match="cannot write"):
        save_figure(figure, tmp_path / "a.png")
    assert sorted(os.listdir(tmp_path)) == ["a.png", "file"]


def test_a_figure_that_fails_leaves_the_old_file_and_no_other(figure, tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    save_figure(figure, path)
    before = path.read_bytes()

    def fail(file, **_):
        file.write(b"half")
        raise RuntimeError("no")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(RuntimeError, match="no"):
        save_figure(figure, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.png"]
