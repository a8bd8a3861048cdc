"""Settings come back as they were written, and nothing else is taken: no code is run, no file is read."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pytest

from mmgraph.data.recommendation import Preferences
from mmgraph.errors import InputError
from mmgraph.tasks.recommendation import (
    ModelSettings,
    OwnFiles,
    Recommendation,
    RecommendationSource,
    RecommenderBudget,
)
from mmgraph.tasks.settings_of import settings_of
from mmgraph.tasks.vqa import ArmSettings, FusionSettings, SceneData


@dataclass(frozen=True)
class Inner:
    width: int = 3

    def __post_init__(self):
        if self.width < 1:
            raise InputError("the width is too small")


@dataclass(frozen=True)
class Outer:
    name: str
    kind: Literal["a", "b"] = "a"
    share: float = 0.5
    either: float | int | Mapping[str, float | int] = 0.0
    flag: bool = True
    words: tuple[str, ...] | None = None
    inner: Inner = field(default_factory=Inner)
    maybe: Inner | None = None
    named: dict[str, Inner] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


EVERYTHING = Outer(
    "one",
    "b",
    0.25,
    {"image": 0.5, "text": 1},
    False,
    ("x", "y"),
    Inner(7),
    Inner(8),
    {"left": Inner(1), "right": Inner(2)},
    {"dim": 4, "weights": {"image": 0.1}, "loss": "bpr", "none": None},
)


def through_json(settings):
    return json.loads(json.dumps(asdict(settings)))


@pytest.mark.parametrize(
    "settings",
    [
        Outer("plain"),
        EVERYTHING,
        SceneData(families=("closest",)),
        FusionSettings(),
        ArmSettings("text", 16, 1, 2),
        Recommendation(),
        Recommendation(
            data=RecommendationSource(
                "files",
                preferences=Preferences(30, 40, missing={"image": 0.25}, cold_share=1 / 8),
                files=OwnFiles("a.csv", time="when", features={"image": "x.npy"}, split="time"),
                modalities="image,text",
            ),
            budget=RecommenderBudget(3, seconds=2.5),
            models={"freedom": ModelSettings({"weights": {"image": 0.1, "text": 0.9}}, RecommenderBudget(2))},
            best="freedom",
            score="ndcg@10",
            mask_validation=False,
        ),
    ],
    ids=lambda settings: type(settings).__name__,
)
def test_settings_come_back_through_json_as_they_were(settings):
    assert settings_of(type(settings), through_json(settings), "settings") == settings


def test_what_is_not_given_is_as_by_default():
    assert settings_of(Outer, {"name": "a"}, "it") == Outer("a")
    assert settings_of(Recommendation, {"data": {"seed": 3}}, "it").data == RecommendationSource(seed=3)


def test_a_whole_number_may_stand_for_a_fraction_and_nothing_else_is_converted():
    found = settings_of(Outer, {"name": "a", "share": 1, "either": 2}, "it")
    assert (type(found.share), type(found.either)) == (float, int)


def test_the_values_stay_as_they_are_and_are_not_shared():
    values = through_json(EVERYTHING)
    found = settings_of(Outer, values, "it")
    found.options["weights"]["image"] = 9
    assert values == through_json(EVERYTHING)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nothing": 1}, r"it has 'nothing', which is not known: it can have \['either', 'flag',"),
        ({"inner": {"height": 1}}, r"it.inner has 'height', which is not known"),
        ({"kind": "c"}, "it.kind is 'c', expected one of a, b"),
        ({"kind": ["a"]}, "it.kind is a list of 1, expected one of a, b"),
        ({"share": "much"}, "it.share is 'much', expected float"),
        ({"share": True}, "it.share is True, expected float"),
        ({"flag": 1}, "it.flag is 1, expected true or false"),
        ({"inner": {"width": 1.5}}, "it.inner.width is 1.5, expected an integer"),
        ({"inner": {"width": True}}, "it.inner.width is True, expected an integer"),
        ({"inner": None}, "it.inner is None, expected an object"),
        ({"maybe": {"width": "x"}}, "it.maybe.width is 'x', expected an integer"),
        ({"named": {"left": 3}}, "it.named.left is 3, expected an object"),
        ({"named": []}, "it.named is a list of 0, expected an object"),
        ({"words": "xy"}, "it.words is 'xy', expected a list"),
        ({"words": ["x", 1]}, r"it.words\[1\] is 1, expected a string"),
        ({"either": {"image": "x"}}, "it.either is an object of 1, expected float"),
        ({"inner": {"width": 0}}, "it cannot be used: the width is too small"),
    ],
)
def test_another_value_is_an_error_that_says_where_it_is(changes, message):
    with pytest.raises(
        InputError, match=f"^it cannot be used: .*{message.removeprefix('it cannot be used: ')}"
    ):
        settings_of(Outer, {"name": "a", **changes}, "it")


def test_a_field_without_a_default_has_to_be_there():
    with pytest.raises(InputError, match="it lacks 'name'"):
        settings_of(Outer, {}, "it")


@pytest.fixture
def trap(tmp_path, monkeypatch):
    """A module that must not be imported, with a class that must not be made."""
    (tmp_path / "trap.py").write_text(
        "from mmgraph.tasks.recommendation import RecommenderBudget\n"
        "class Budget(RecommenderBudget): pass\n"
        "def call(**given): raise SystemExit('called')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    assert "trap" not in sys.modules


@pytest.mark.parametrize("name", ["trap.call", "trap.Budget"])
@pytest.mark.parametrize("where", ["budget", "models.lightgcn", "models.lightgcn.budget", "data"])
def test_names_of_code_are_refused_and_nothing_is_imported(name, where, trap):
    values = {"class_path": name, "init_args": {}}
    for part in reversed(where.split(".")):
        values = {part: values}
    with pytest.raises(InputError, match=r"has 'class_path', which is not known"):
        settings_of(Recommendation, values, "settings")


def test_names_of_code_in_options_of_any_kind_stay_words(trap):
    options = {"dim": {"class_path": "trap.call", "init_args": {}}}
    found = settings_of(Recommendation, {"models": {"lightgcn": {"options": options}}}, "settings")
    assert found.models["lightgcn"].options == options


def test_paths_and_texts_are_not_read_as_settings(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text("seed: 3\n")
    for value in (str(path), "{seed: 3}"):
        with pytest.raises(InputError, match=r"settings.data is .*, expected an object"):
            settings_of(Recommendation, {"data": value}, "settings")
