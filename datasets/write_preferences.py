"""Write a world of users and items to a folder: pictures, texts, sounds, interactions and the truth.

    python datasets/write_preferences.py --out runs/world --num-items 60

makes image/, text/, audio/, interactions.csv and truth.safetensors; preferences.md says what is in them.
"""

import argparse
import csv
import sys
from pathlib import Path

from safetensors.torch import save_file

from mmgraph.data.recommendation import Preferences
from mmgraph.errors import InputError


def write_preferences(world: Preferences, out: str) -> None:
    """Write a world to a new folder.

    Raises:
        InputError: the folder exists.
    """
    data = world.write_media(out)
    users, items = data.catalogue.user_ids, data.catalogue.item_ids
    with (Path(out) / "interactions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["user", "item", "time", "part"])
        for part, table in enumerate((data.train, data.validation, data.open_test())):
            columns = (table.users.tolist(), table.items.tolist(), table.times.tolist())
            writer.writerows(
                (users[user], items[item], time, part) for user, item, time in zip(*columns, strict=True)
            )
    truth = world.truth
    tensors = {name: getattr(truth, name) for name in ("weights", "tastes", "factors", "popularity")}
    save_file(tensors, Path(out) / "truth.safetensors")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write a world of users and items whose taste is known.")
    parser.add_argument("--out", required=True, help="new folder")
    parser.add_argument("--num-users", type=int, default=200)
    parser.add_argument("--num-items", type=int, default=100)
    parser.add_argument("--factors", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--interactions", type=float, default=10.0, help="mean number of each user")
    parser.add_argument("--missing", type=float, default=0.0, help="share of items that lack each modality")
    parser.add_argument("--cold-share", type=float, default=0.0, help="share of items without training")
    return parser.parse_args()


if __name__ == "__main__":
    options = vars(arguments())
    out = options.pop("out")
    try:
        write_preferences(Preferences(**options), out)
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")
