"""How long it takes to rank every text for every picture and back, and how much memory.

    python -m experiments.benchmarks.retrieval --json retrieval.json
    python -m experiments.benchmarks.retrieval --full --json retrieval.json

Random vectors of width 256 in float32. Figures: `ranks.20000.seconds` for 20,000 texts and as many pictures,
both ways, `ranks.20000.peak_mib`, how far the process's memory rises above that of the vectors themselves,
and of 20,000 texts with five to a picture (4,000 pictures) `ranks.20000_by_5.seconds`; with --full
`ranks.100000.seconds` and its memory, else `ranks.100000.seconds_extrapolated`, 25 times the first, as the
work grows with the number of pairs. Seconds are CPU time, with one thread.
"""

import argparse

import torch

from experiments.benchmarks.timing import write_figures
from mmgraph.comparison import Usage
from mmgraph.metrics import cross_modal_ranks

__all__ = ["main"]

WIDTH, CAPTIONS = 256, 5
FEW, MANY = 20_000, 100_000


def main(quick: bool = False, full: bool = False, json: str | None = None) -> dict[str, float]:
    """Measure, and print the figures.

    Args:
        quick: a tenth of the rows, under names of their own.
        full: 100,000 rows as well; takes minutes.
        json: where the figures go, as a flat JSON object.

    Returns:
        the figures.
    """
    torch.set_num_threads(1)
    count = FEW // 10 if quick else FEW
    seconds, mib = ranks(count)
    figures = {f"ranks.{count}.seconds": seconds, f"ranks.{count}.peak_mib": mib}
    figures[f"ranks.{count}_by_{CAPTIONS}.seconds"] = ranks(count, CAPTIONS)[0]
    if full:
        figures[f"ranks.{MANY}.seconds"], figures[f"ranks.{MANY}.peak_mib"] = ranks(MANY)
    else:
        figures[f"ranks.{MANY}.seconds_extrapolated"] = seconds * (MANY / count) ** 2
    for name, value in figures.items():
        print(f"  {name:<40} {value:9.2f}")
    write_figures(figures, json)
    return figures


def ranks(texts: int, each: int = 1) -> tuple[float, float]:
    """CPU seconds, and MiB at the worst moment, of ranking both ways.

    Args:
        texts: how many.
        each: how many of them a picture has.
    """
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randn(texts // each, WIDTH, generator=generator)
    item = torch.arange(texts // each).repeat_interleave(each)
    near = pictures[item] + 3 * torch.randn(len(item), WIDTH, generator=generator)
    with Usage() as usage:
        cross_modal_ranks(near, pictures, item)
    return usage.cpu_seconds, usage.peak_mib


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--full", action="store_true", help="100,000 rows as well; takes minutes")
    parser.add_argument("--json", metavar="FILE", help="where the figures go, as a flat JSON object")
    main(**vars(parser.parse_args()))
