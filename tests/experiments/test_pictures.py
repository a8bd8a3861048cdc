import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("skimage")
from PIL import Image

from experiments import pictures


def test_every_picture_of_the_page_is_made(tmp_path):
    config = pictures.Config(steps=2, scenes=5, questions=2, out=str(tmp_path))
    pictures.draw_photograph(tmp_path)
    pictures.draw_answer(pictures.explain_scene(config), tmp_path)
    pictures.draw_recommended(tmp_path, epochs=1)
    page = (pictures.Path(__file__).parents[2] / "docs" / "figures.md").read_text()
    made = {path.name for path in tmp_path.iterdir()}
    assert made
    assert {name for name in made if f"(pictures/{name})" not in page} == set()
    assert page.count("(pictures/figure_") == len(made)
    for name in made:
        image = Image.open(tmp_path / name)
        assert image.format == "PNG"
        # Columns of 3.4 inches, and one comparison of at most 7, at 200 dots an inch.
        assert image.width <= (1400 if name == "figure_comparison.png" else 680)


def test_the_photograph_comes_out_alike(tmp_path):
    for name in ("a", "b"):
        pictures.draw_photograph(tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
