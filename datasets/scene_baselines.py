"""Print how many questions about scenes can be answered from the text alone.

    python datasets/scene_baselines.py --json baselines.json

takes the most frequent answers of 2000 training scenes to 1000 test scenes, for both kinds.
"""

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

from mmgraph.data.synthetic import ANSWERS, Question, Scenes, question_only_baseline
from mmgraph.errors import InputError


def scene_baselines(num_train: int, num_test: int, seed: int) -> dict[str, float]:
    """Print a table for each kind of scenes; return its figures, in per cent."""
    figures = {}
    for kind in ANSWERS:
        train, test = (
            questions(Scenes(split, number, seed, kind))
            for split, number in (("train", num_train), ("test", num_test))
        )
        found = question_only_baseline(train, test)
        print(f"\n| {kind} | questions | majority % | family % | text % |\n|---|---|---|---|---|")
        for group, accuracy in found.items():
            shares = [100 * value for value in (accuracy.majority, accuracy.family, accuracy.text)]
            print(f"| {group} | {accuracy.num_questions} | " + " | ".join(f"{x:.1f}" for x in shares) + " |")
            figures[f"{kind}.{group}.majority"], figures[f"{kind}.{group}.text"] = shares[0], shares[2]
            figures[f"{kind}.{group}.family"] = shares[1]
    return figures


def questions(scenes: Scenes) -> list[Question]:
    """Every question about some scenes."""
    bar = tqdm(scenes, desc=f"{scenes.kind} {scenes.split}", unit="scene", disable=None)
    return [question for scene in bar for question in scene.questions]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Answer questions about scenes from the text alone.")
    parser.add_argument("--num-train", type=int, default=2000, help="training scenes")
    parser.add_argument("--num-test", type=int, default=1000, help="test scenes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="100 scenes in each split")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    return parser.parse_args()


if __name__ == "__main__":
    options = arguments()
    if options.quick:
        options.num_train = options.num_test = 100
    try:
        figures = scene_baselines(options.num_train, options.num_test, options.seed)
    except InputError as error:
        sys.exit(f"error: {error}")
    if options.json is not None:
        Path(options.json).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
