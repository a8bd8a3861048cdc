"""Times of several functions in one process, in turn, so that a machine that slows down slows all of them."""

import json
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

__all__ = ["Times", "interleaved", "measured", "report", "write_figures"]


class Times(NamedTuple):
    """Median CPU seconds of a call, and the part of them in the kernel, which is mostly fetching memory."""

    seconds: float
    kernel: float


def interleaved(
    functions: Mapping[str, Callable[[], object]], rounds: int, calls: int = 4
) -> dict[str, float]:
    """Median CPU seconds of a call of each function, with one thread; see `measured`."""
    return {name: times.seconds for name, times in measured(functions, rounds, calls).items()}


def measured(
    functions: Mapping[str, Callable[[], object]],
    rounds: int,
    calls: int = 4,
    warm: bool = True,
    progress: str | None = None,
) -> dict[str, Times]:
    """Median CPU times of a call of each function, with one thread.

    Every round takes each function in turn: one call that is not timed, so that none pays for the caches that
    the one before it filled, nor for memory that the machine took back, then `calls` that are.

    Args:
        functions: what to time, by name.
        rounds: how often.
        calls: timed calls of a function in each round.
        warm: whether there is a call that is not timed.
        progress: the name of the bar, which shows on a terminal only; None for no bar.
    """
    torch.set_num_threads(1)
    times: dict[str, list[Times]] = {name: [] for name in functions}
    bar = tqdm(total=rounds * len(functions), desc=progress, disable=True if progress is None else None)
    for _ in range(rounds):
        for name, function in functions.items():
            if warm:
                function()
            start, kernel = time.process_time(), _kernel_seconds()
            for _ in range(calls):
                function()
            spent = time.process_time() - start, _kernel_seconds() - kernel
            times[name].append(Times(*(value / calls for value in spent)))
            bar.update()
    bar.close()
    return {name: Times(*map(statistics.median, zip(*values, strict=True))) for name, values in times.items()}


def _kernel_seconds() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_stime


def report(title: str, seconds: Mapping[str, float], figures: Mapping[str, float], path: str | None) -> None:
    """Print a table of times and figures; write the figures to `path` as a flat JSON object."""
    print(title)
    for name, value in seconds.items():
        print(f"  {name:<44} {1e3 * value:9.2f} ms")
    for name, value in figures.items():
        print(f"  {name:<44} {value:9.2f}")
    write_figures(figures, path)


def write_figures(figures: Mapping[str, float], path: str | None) -> None:
    """Write the figures to `path`, if there is one, as a flat JSON object."""
    if path is not None:
        Path(path).write_text(json.dumps(dict(figures), indent=2) + "\n")
