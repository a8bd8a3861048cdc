"""What a run of questions about scenes is made of, besides its weights: `run.json` in its folder.

{"format": "mmgraph.run", "version": 1, "task": "vqa", "data": {the fields of SceneData},
 "model": {"kind": "fusion" or "arm", and the fields of its settings}, "words": [...], "answers": [...]}
"""

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mmgraph.builders import MultimodalBuilder, Vocabulary
from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph
from mmgraph.interop.checked import record, require_type, short
from mmgraph.tasks.run_file import FORMAT, VERSION, read_run, write_run
from mmgraph.tasks.settings_of import settings_of
from mmgraph.tasks.vqa.answerer import Answerer
from mmgraph.tasks.vqa.data import make_builder
from mmgraph.tasks.vqa.model_settings import ArmSettings, FusionSettings
from mmgraph.tasks.vqa.scene_data import SceneData

__all__ = ["Recipe"]

TASK = "vqa"

MAX_BYTES = 16 * 2**20

LARGEST = {"dim": 8192, "layers": 256, "heads": 256}
"""The largest model that is read back: a damaged number must not fill the memory."""

MODELS: dict[str, type[FusionSettings] | type[ArmSettings]] = {"fusion": FusionSettings, "arm": ArmSettings}


@dataclass(frozen=True)
class Recipe:
    """What a run is made of: with its weights, everything that is needed to ask it again.

    Args:
        data: its scenes.
        model: its model.
        words: the vocabulary, the first word with id 1.
        answers: what the model can say, in the order of their numbers.
    """

    data: SceneData
    model: FusionSettings | ArmSettings
    words: tuple[str, ...]
    answers: tuple[str, ...]

    @classmethod
    def of(cls, data: SceneData, model: FusionSettings | ArmSettings) -> "Recipe":
        """The recipe with the words of the first training questions, and every answer that there is."""
        return cls(data, model, Vocabulary.fit(data.training_texts()).words, data.answers)

    @cached_property
    def builder(self) -> MultimodalBuilder:
        """From questions, pictures and sounds to graphs."""
        return make_builder(Vocabulary(self.words), self.data.modalities)

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the model is given: "text", "image", "audio", or some of these."""
        only = self.model.only
        builders = self.builder.builders
        return tuple(b.input for b in builders if only is None or set(b.schema.nodes) <= set(only))

    def make(self) -> Answerer:
        """The model with new weights."""
        return self.model.make(self.builder.schema, self.answers)

    def sees(self, graph: HeteroGraph) -> HeteroGraph:
        """Questions, as the builder makes them, as the model gets them."""
        return self.model.sees(graph, self.data.seed)

    def save(self, folder: Path) -> None:
        """Write `run.json`, whole or not at all."""
        kind = next(name for name, settings in MODELS.items() if isinstance(self.model, settings))
        content = {
            "data": asdict(self.data),
            "model": {"kind": kind, **asdict(self.model)},
            "words": self.words,
            "answers": self.answers,
        }
        write_run(folder, TASK, content)

    @staticmethod
    def load(folder: Path) -> "Recipe":
        """Read `run.json`; everything in it is checked, nothing is executed.

        Raises:
            InputError: no such file, or what is wrong with it.
        """
        return read_run(folder, _decode, MAX_BYTES)


def _decode(content: Any) -> Recipe:
    keys = ("format", "version", "task", "data", "model", "words", "answers")
    found = record(content, "the run", keys[:3], keys[3:])
    if (found["format"], found["version"]) != (FORMAT, VERSION):
        raise InputError(
            f"its format is {short(found['format'])}, version {short(found['version'])}, expected "
            f"{FORMAT!r}, version {VERSION}: use the mmgraph that wrote it, or train again"
        )
    if found["task"] != TASK:
        raise InputError(f"it is a run of the task {short(found['task'])}, expected {TASK!r}")
    record(found, "the run", keys)
    model = dict(require_type(found["model"], dict, "model"))
    kind = model.pop("kind", None)
    if not isinstance(kind, str) or kind not in MODELS:
        raise InputError(f"model.kind is {short(kind)}, expected one of {', '.join(MODELS)}")
    recipe = Recipe(
        settings_of(SceneData, require_type(found["data"], dict, "data"), "data"),
        settings_of(MODELS[kind], model, "model"),
        _texts(found["words"], "words"),
        _texts(found["answers"], "answers"),
    )
    _check_size(recipe.model)
    if recipe.answers != recipe.data.answers:
        raise InputError(
            f"the model knows the answers {list(recipe.answers)}, but this mmgraph asks for "
            f"{list(recipe.data.answers)}: train again, or use the mmgraph that wrote it"
        )
    return recipe


def _check_size(model: FusionSettings | ArmSettings) -> None:
    for name, largest in LARGEST.items():
        smallest = 0 if name == "layers" else 1
        if not smallest <= getattr(model, name) <= largest:
            raise InputError(f"model.{name} is {getattr(model, name)}, expected {smallest} to {largest}")


def _texts(value: Any, place: str) -> tuple[str, ...]:
    items = require_type(value, list, place)
    return tuple(require_type(item, str, f"{place}[{number}]") for number, item in enumerate(items))
