"""Times of several functions in one process, in turn, so that a machine that slows down slows all of them."""

import json
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

__all__ = ["interleaved", "report"]


def interleaved(
    functions: Mapping[str, Callable[[], object]], rounds: int, calls: int = 4
) -> dict[str, float]:
    """Median CPU seconds of a call of each function, with one thread.

    Every round takes each function in turn: one call that is not timed, so that none pays for the caches that
    the one before it filled, then `calls` that are.
    """
    torch.set_num_threads(1)
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            function()
            start = time.process_time()
            for _ in range(calls):
                function()
            seconds[name].append((time.process_time() - start) / calls)
    return {name: statistics.median(values) for name, values in seconds.items()}


def report(title: str, seconds: Mapping[str, float], figures: Mapping[str, float], path: str | None) -> None:
    """Print a table of times and figures; write the figures to `path` as a flat JSON object."""
    print(title)
    for name, value in seconds.items():
        print(f"  {name:<44} {1e3 * value:9.2f} ms")
    for name, value in figures.items():
        print(f"  {name:<44} {value:9.2f}")
    if path is not None:
        Path(path).write_text(json.dumps(dict(figures), indent=2) + "\n")
