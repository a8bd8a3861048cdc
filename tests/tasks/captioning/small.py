"""A small data set of photographs: pictures of one colour, with captions that say which."""

import json

import numpy as np
from PIL import Image

from mmgraph.tasks.captioning import (
    Budget,
    CaptionData,
    CaptionerSettings,
    Captioning,
    PhotographCaptions,
    SceneCaptions,
)

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220)}


def write_photographs(folder, count=12):
    """A `.jsonl` with `count` noisy pictures; the first has one caption, the others have two."""
    random = np.random.default_rng(0)
    lines = []
    for number in range(count):
        name = list(COLOURS)[number % 3]
        picture = np.clip(random.normal(COLOURS[name], 20, size=(24, 30, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"{number}.png")
        captions = [f"a {name} wall"] + [f"the {name} thing number {number}"] * (number > 0)
        lines.append(json.dumps({"image": f"{number}.png", "captions": captions}))
    (folder / "captions.jsonl").write_text("\n".join(lines))
    return PhotographCaptions(str(folder / "captions.jsonl"), "", validation=3, test=2, boxes="grid:2")


MODEL = CaptionerSettings(dim=16, layers=1, heads=2, decoder_layers=1)
BUDGET = Budget(steps=4, batch_size=8, validate_every=2)
SCENES = CaptionData(scenes=SceneCaptions(train=8, validation=4, test=3))


def scene_task():
    return Captioning(SCENES, MODEL, BUDGET)


def photograph_task(folder):
    data = CaptionData("photographs", photographs=write_photographs(folder), max_length=8)
    return Captioning(data, MODEL, BUDGET)
