"""The fidelity of several methods, beside chance, as text."""

from collections.abc import Mapping
from dataclasses import fields

from mmgraph.explanation.attribution import Fidelity

__all__ = ["fidelity_table"]

HIGH = {"sufficiency": False, "comprehensiveness": True, "insertion": True, "deletion": False}
"""For each figure, whether a high one is good."""


def fidelity_table(fidelity: Mapping[str, Fidelity], chance: Mapping[str, Fidelity]) -> str:
    """A line for each method; in brackets, what nodes in random order reach.

    Args:
        fidelity: of each method.
        chance: the same of nodes in random order, where it was measured.
    """
    if not fidelity:
        return "no method's fidelity was measured"
    names = [field.name for field in fields(Fidelity)]
    head = ["fidelity (chance)", *(f"{name} {'↑' if HIGH[name] else '↓'}" for name in names)]
    rows = [[method, *_cells(found, chance.get(method), names)] for method, found in fidelity.items()]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    )


def _cells(found: Fidelity, chance: Fidelity | None, names: list[str]) -> list[str]:
    cells = []
    for name in names:
        text = f"{getattr(found, name):.3f}"
        cells.append(text if chance is None else f"{text} ({getattr(chance, name):.3f})")
    return cells
