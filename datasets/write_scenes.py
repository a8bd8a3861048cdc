"""Write scenes to a folder: pictures as PNG, sounds as WAV, questions and truth as JSON lines.

    python datasets/write_scenes.py --out runs/scenes --split train --num-scenes 1000

makes runs/scenes/train with about.json, scenes.jsonl, questions.jsonl, images/ and sounds/; scenes.md says
what is in them.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import soundfile
from PIL import Image
from tqdm import tqdm

from mmgraph.data.synthetic import ANSWERS, SPLITS, Question, Scene, Scenes
from mmgraph.errors import InputError


def write_scenes(scenes: Scenes, out: str) -> None:
    """Write scenes to a new folder in `out` that is named like their split.

    Raises:
        InputError: the folder exists.
    """
    folder = Path(out) / scenes.split
    if folder.exists():
        raise InputError(f"{folder} is already there: give another --out, or remove it")
    for part in ("images", "sounds") if scenes.kind == "full" else ("images",):
        (folder / part).mkdir(parents=True)
    with (
        (folder / "scenes.jsonl").open("w", encoding="utf-8") as scene_lines,
        (folder / "questions.jsonl").open("w", encoding="utf-8") as question_lines,
    ):
        bar = tqdm(scenes, desc=f"{scenes.kind} {scenes.split}", unit="scene", disable=None)
        for number, scene in enumerate(bar):
            scene_lines.write(json.dumps(write_media(scene, folder)) + "\n")
            question_lines.writelines(json.dumps(record(number, q)) + "\n" for q in scene.questions)
    about = {**asdict(scenes), "answers": scenes.answers}
    (folder / "about.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def write_media(scene: Scene, folder: Path) -> dict[str, Any]:
    """Write a scene's picture and sound; return its line of scenes.jsonl."""
    image, sound = f"images/{scene.id}.png", None
    Image.fromarray(scene.image).save(folder / image)
    if scene.samples is not None:
        sound = f"sounds/{scene.id}.wav"
        soundfile.write(folder / sound, scene.samples, scene.rate, subtype="PCM_16")
    objects = [asdict(item) for item in scene.objects]
    return {"id": scene.id, "image": image, "sound": sound, "objects": objects}


def record(number: int, question: Question) -> dict[str, Any]:
    """The line of questions.jsonl for a question about scene `number`."""
    return {"scene": number, **asdict(question), "needs": sorted(question.needs)}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write scenes to a folder as PNG, WAV and JSON lines.")
    parser.add_argument("--out", required=True, help="folder that gets a new folder named like the split")
    parser.add_argument("--num-scenes", type=int, default=1000)
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=tuple(ANSWERS), default="full")
    parser.add_argument("--questions-per-scene", type=int, default=20)
    parser.add_argument("--pixel-noise", type=float, default=0.0, help="standard deviation, 0..255")
    parser.add_argument(
        "--balanced",
        action=argparse.BooleanOptionalAction,
        help="choose answers first; by default for full only",
    )
    return parser.parse_args()


if __name__ == "__main__":
    options = vars(arguments())
    out = options.pop("out")
    try:
        write_scenes(Scenes(**options), out)
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")
