"""The arguments that benchmarks share."""

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence

__all__ = ["arguments"]


def arguments(description: str | None, quick: str, sections: Sequence[str] = ()) -> Namespace:
    """`--quick`, which does what `quick` says, and `--json FILE`, from the command line.

    Where a benchmark has sections, `--only SECTION ...` chooses some of them.
    """
    parser = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", metavar="FILE", help="where the figures go, as a flat JSON object")
    if sections:
        parser.add_argument("--only", nargs="+", choices=sections, help="the sections that run; all without")
    return parser.parse_args()
