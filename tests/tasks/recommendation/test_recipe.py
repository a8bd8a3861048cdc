import json
import re
from dataclasses import asdict

import pytest

from mmgraph.errors import InputError
from mmgraph.tasks.recommendation.recipe import MAX_BYTES, Recipe
from tests.tasks.recommendation.small import small_task


def saved(folder, **changes):
    """A run's file with some entries changed; None takes one away."""
    Recipe("aligned:late", 3, asdict(small_task())).save(folder)
    content = json.loads((folder / "run.json").read_text())
    content |= changes
    (folder / "run.json").write_text(json.dumps({k: v for k, v in content.items() if v is not None}))
    return folder


def test_a_recipe_comes_back_as_it_was(tmp_path):
    recipe = Recipe("aligned:late", 3, json.loads(json.dumps(asdict(small_task()))))
    recipe.save(tmp_path / "new")
    assert Recipe.load(tmp_path / "new") == recipe


def test_the_file_is_what_its_layout_says(tmp_path):
    content = json.loads((saved(tmp_path) / "run.json").read_text())
    assert list(content) == ["format", "version", "task", "arm", "seed", "settings"]
    assert (content["format"], content["version"], content["task"]) == ("mmgraph.run", 1, "recommendation")
    assert content["settings"]["score"] == "recall@20"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"format": "x"},
            "it is 'x', version 1, of the task 'recommendation': expected 'mmgraph.run', version 1",
        ),
        ({"version": 2}, "version 2"),
        ({"task": "vqa"}, "of the task 'vqa': expected .* of 'recommendation'"),
        ({"arm": None}, "the run lacks 'arm'"),
        ({"seed": None}, "the run lacks 'seed'"),
        ({"settings": None}, "the run lacks 'settings'"),
        ({"more": 1}, "the run has 'more', which is not known"),
        ({"arm": 3}, "arm is 3, expected a string"),
        ({"seed": "3"}, "seed is '3', expected an integer"),
        ({"seed": True}, "seed is True, expected an integer"),
        ({"settings": []}, "settings is a list of 0, expected an object"),
    ],
)
def test_a_damaged_file_is_one_line_that_names_it(changes, message, tmp_path):
    with pytest.raises(InputError, match=message) as found:
        Recipe.load(saved(tmp_path, **changes))
    assert str(found.value).startswith(f"{tmp_path / 'run.json'}: ")
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"{}", b"[" * 100_000, b'{"seed": NaN}'])
def test_a_file_that_is_no_json_object_is_one_line(content, tmp_path):
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / 'run.json'}: ")) as found:
        Recipe.load(tmp_path)
    assert "\n" not in str(found.value)


def test_no_file_and_one_that_is_too_large_are_errors(tmp_path):
    with pytest.raises(InputError, match=r"run\.json: cannot read: No such file"):
        Recipe.load(tmp_path)
    (tmp_path / "run.json").write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(
        InputError, match=f"run.json: the file has {MAX_BYTES + 1} bytes, more than {MAX_BYTES}"
    ):
        Recipe.load(tmp_path)
