"""Small runs of questions about scenes, trained for two steps."""

from dataclasses import replace
from pathlib import Path

from mmgraph.tasks.vqa import VQA, FusionSettings, Recipe, SceneData
from mmgraph.training import save_weights

DATA = SceneData(train_scenes=4, validation_scenes=3, test_scenes=2, questions_per_scene=4)
MODEL = FusionSettings(dim=16, layers=1, heads=2)
TASK = VQA(
    train_scenes=4,
    validation_scenes=3,
    test_scenes=2,
    questions_per_scene=4,
    steps=2,
    validate_every=2,
    dim=16,
    layers=1,
    heads=2,
    batch_size=8,
)


def untrained_run(folder: Path, model=MODEL, **data) -> Path:
    """A run whose weights are as they were drawn."""
    recipe = Recipe.of(replace(DATA, **data), model)
    recipe.save(folder)
    save_weights(recipe.make(), folder / "model.safetensors", {"step": 2, "validation": 0.25})
    return folder
