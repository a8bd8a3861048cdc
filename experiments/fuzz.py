"""Damaged pictures, sounds, graphs and explanations: only our own errors, quickly, within bounded memory.

    python -m experiments.fuzz --count 10000 --json fuzz.json

Small valid files of every format are made, then bytes are flipped, overwritten, inserted, dropped or cut off,
and every result is read by what reads users' files. Anything but a result or an InputError ends the run and
keeps the file.
"""

import io
import json as jsonlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import soundfile
import torch
from PIL import Image
from tqdm import tqdm

import mmgraph as mg
from mmgraph.errors import InputError
from mmgraph.explanation import Attribution, Explanation, Fidelity, Prediction, WeightMap
from mmgraph.explanation import Path as ExplanationPath
from mmgraph.explanation.document import json_text

PICTURES = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
SOUNDS = (("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"))
MAGIC = (
    b"\x00",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\xff\xff\xff\xff",
    b"1e999",
    b"-1",
    b"[" * 5000,
)


@dataclass
class Tally:
    """What came of the files of one kind."""

    files: int = 0
    read: int = 0
    refused: int = 0
    slowest: float = 0.0


def pictures() -> list[bytes]:
    """A small picture in each format."""
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8))
    found = []
    for name in PICTURES:
        file = io.BytesIO()
        (image.convert("P") if name == "GIF" else image).save(file, name)
        found.append(file.getvalue())
    return found


def sounds() -> list[bytes]:
    """A short sound in each format."""
    samples = 0.3 * np.sin(np.arange(4000) / 7)[:, None] * np.ones((1, 2))
    found = []
    for name, subtype in SOUNDS:
        file = io.BytesIO()
        soundfile.write(file, samples, 8000, format=name, subtype=subtype)
        found.append(file.getvalue())
    return found


def graphs() -> list[bytes]:
    """A small graph as JSON and as safetensors."""
    build = mg.MultimodalBuilder(
        mg.RegionBuilder(boxes="grid:2", edges="knn:1"),
        mg.TokenBuilder(),
        linkers=[mg.CompleteLinker("token", "region")],
    )
    graph = build(image=np.zeros((8, 8, 3), np.uint8), text="a small graph")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".json", ".safetensors"):
            path = Path(folder) / f"graph{suffix}"
            graph.save(path)
            found.append(path.read_bytes())
    return found


def explanations() -> list[bytes]:
    """A small explanation with everything that one may have."""
    build = mg.MultimodalBuilder(mg.RegionBuilder(boxes="grid:2"), mg.TokenBuilder())
    pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    graph = build(image=pixels, text="a small graph")
    pair = ("token", "region")
    weights = torch.rand(2, 2, graph.num_nodes("token"), graph.num_nodes("region"))
    score = Fidelity(0.1, 0.2, 0.3, 0.4)
    explanation = Explanation.of(
        graph,
        (Attribution("attention", {pair: WeightMap.of(weights)}, {"token": torch.rand(3)}, score, score),),
        pixels,
        (np.sin(np.arange(400) / 7), 8000),
        truth={pair: weights[0, 0] > 0.5},
        prediction=Prediction("yes", 0.5, "no", (("maybe", 0.2),)),
        modality_weights={"token": 1.0},
        paths=(ExplanationPath((("token", 0), ("region", 1)), ("mentions",), 0.5),),
        about={"run": "a"},
    )
    return [json_text(explanation).encode()]


def damage(content: bytes, random: np.random.Generator) -> bytes:
    """A file with one to eight faults."""
    data = bytearray(content)
    for _ in range(int(random.integers(1, 9))):
        place = int(random.integers(0, max(len(data), 1)))
        # Headers hold the sizes that do harm: half of the faults go there.
        if random.random() < 0.5:
            place = min(place, int(random.integers(0, 64)))
        kind = int(random.integers(5))
        magic = MAGIC[int(random.integers(len(MAGIC)))]
        if kind == 0 and data:
            data[place % len(data)] ^= 1 << int(random.integers(8))
        elif kind == 1:
            data[place : place + len(magic)] = magic
        elif kind == 2:
            data[place:place] = magic
        elif kind == 3:
            del data[place : place + int(random.integers(1, 64))]
        elif random.random() < 0.2:
            del data[place:]
    return bytes(data)


def read_graph(path: Path) -> object:
    return mg.HeteroGraph.load(path)


def read_explanation(path: Path) -> object:
    return Explanation.load(path)


def main(count: int = 10_000, seed: int = 0, json: str | None = None) -> dict[str, float]:
    """Read `count` damaged files and print what came of them.

    Args:
        count: how many files, over all kinds.
        seed: of the damage.
        json: where the figures go, as a flat JSON object.

    Returns:
        the figures.
    """
    kinds: dict[str, tuple[list[tuple[bytes, str]], Callable[[Path], object]]] = {
        "image": ([(content, ".img") for content in pictures()], lambda path: mg.RegionBuilder()(path)),
        "audio": ([(content, ".snd") for content in sounds()], lambda path: mg.SegmentBuilder()(path)),
        "graph": (list(zip(graphs(), (".json", ".safetensors"), strict=True)), read_graph),
        "explanation": ([(content, ".json") for content in explanations()], read_explanation),
    }
    random, process = np.random.default_rng(seed), psutil.Process()
    tallies = {name: Tally() for name in kinds}
    with tempfile.TemporaryDirectory() as folder:
        for files, read in kinds.values():
            for number, (content, suffix) in enumerate(files):
                path = Path(folder) / f"{number}{suffix}"
                path.write_bytes(content)
                read(path)
        before = process.memory_info().rss
        largest = before
        for number in tqdm(range(count), desc="damaged files", disable=None):
            name = list(kinds)[number % len(kinds)]
            files, read = kinds[name]
            content, suffix = files[int(random.integers(len(files)))]
            path = Path(folder) / f"damaged{suffix}"
            path.write_bytes(damage(content, random))
            try_one(read, path, tallies[name])
            largest = max(largest, process.memory_info().rss)
    figures: dict[str, float] = {"memory_mb": (largest - before) / 2**20}
    for name, tally in tallies.items():
        print(
            f"{name}: {tally.files} files, {tally.read} read, {tally.refused} refused, "
            f"slowest {tally.slowest:.3f} s"
        )
        figures |= {f"{name}.files": tally.files, f"{name}.refused": tally.refused}
        figures[f"{name}.slowest_s"] = tally.slowest
    print(f"memory: {figures['memory_mb']:.0f} MB more than before")
    if json is not None:
        Path(json).write_text(jsonlib.dumps(figures, indent=2) + "\n")
    return figures


def try_one(read: Callable[[Path], object], path: Path, tally: Tally) -> None:
    """Read one file; keep it and stop if it raises anything but an InputError."""
    tally.files += 1
    start = time.perf_counter()
    try:
        read(path)
        tally.read += 1
    except InputError:
        tally.refused += 1
    except BaseException:
        kept = Path(tempfile.gettempdir()) / f"mmgraph_fuzz{path.suffix}"
        kept.write_bytes(path.read_bytes())
        print(f"this file raised something else than an InputError: {kept}")
        raise
    tally.slowest = max(tally.slowest, time.perf_counter() - start)


if __name__ == "__main__":
    from jsonargparse import auto_cli

    auto_cli(main, as_positional=False)
