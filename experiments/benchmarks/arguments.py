"""The arguments that benchmarks share."""

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter

__all__ = ["arguments"]


def arguments(description: str | None, quick: str) -> Namespace:
    """`--quick`, which does what `quick` says, and `--json FILE`, from the command line."""
    parser = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", metavar="FILE", help="where the figures go, as a flat JSON object")
    return parser.parse_args()
