"""In a notebook, graphs and explanations show themselves: as a picture, a table, or a page to explore.

It is switched on by `import mmgraph` where IPython runs, or by `%load_ext mmgraph.notebook`. Nothing is
imported before an object is shown. What cannot be drawn (matplotlib is not installed, say) is shown as text:
a display never raises.
"""

import html
import io
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["load_ipython_extension", "register", "running_shell"]

Display = Callable[[Any], Any]

HEIGHT = 760
"""Pixels of the page of an explanation."""

DOTS = 144
"""Dots an inch of a picture; the browser is told to show it at half the size, sharp on fine screens."""

EXPLANATION = ("mmgraph.explanation.explanation", "Explanation")
GRAPH = ("mmgraph.graph.hetero_graph", "HeteroGraph")


def running_shell() -> Any:
    """The IPython shell that runs in this process, or None; imports nothing."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else getattr(ipython, "get_ipython", lambda: None)()


def register(shell: Any) -> None:
    """Let a shell show graphs and explanations; without effect on one that has no formatters."""
    formatters = getattr(getattr(shell, "display_formatter", None), "formatters", {})
    displays: dict[str, dict[tuple[str, str], Display]] = {
        "image/png": {GRAPH: graph_png, EXPLANATION: explanation_png},
        "text/html": {GRAPH: graph_table, EXPLANATION: explanation_frame},
    }
    for mime, by_type in displays.items():
        for (module, name), display in by_type.items():
            if mime in formatters:
                formatters[mime].for_type_by_name(module, name, _quiet(display))


load_ipython_extension = register
"""What `%load_ext mmgraph.notebook` calls."""


def _quiet(display: Display) -> Display:
    """The same display, which shows nothing instead of raising: the text is always there."""

    def show(value: Any) -> Any:
        try:
            return display(value)
        except Exception:  # Whatever goes wrong, a notebook's cell has its result.
            return None

    return show


def graph_png(graph: Any) -> tuple[bytes, dict[str, int]] | None:
    """The picture of one sample; None for a batch."""
    if graph.num_graphs != 1:
        return None
    from mmgraph.visualization import graph_figure

    return _png(graph_figure(graph))


def graph_table(graph: Any) -> str | None:
    """What a batch holds, as tables; None for one sample."""
    if graph.num_graphs == 1:
        return None
    found = graph.describe()
    nodes = [
        (one.type, one.nodes, f"{one.per_sample[1]:.1f}", one.missing, one.isolated, one.dim)
        for one in found.nodes
    ]
    edges = [
        (" ".join(one.type), one.edges, "complete" if one.complete else f"{one.density:.3f}")
        for one in found.edges
    ]
    parts = [
        f"<p>HeteroGraph, {found.samples} samples</p>",
        _table(("nodes", "in all", "mean a sample", "missing in", "isolated", "width"), nodes),
        _table(("edges", "in all", "density"), edges),
        *(f"<p>warning: {html.escape(warning)}</p>" for warning in found.warnings),
    ]
    return "\n".join(parts)


def _table(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def explanation_png(explanation: Any) -> tuple[bytes, dict[str, int]]:
    """The picture of its first method, for where no page can be shown."""
    from mmgraph.visualization import explanation_figure

    return _png(explanation_figure(explanation))


def explanation_frame(explanation: Any) -> str:
    """Its page, in a frame that may run the page's own script and reach nothing of the notebook."""
    from mmgraph.visualization import explanation_html

    page = html.escape(explanation_html(explanation), quote=True)
    return (
        f'<iframe title="explanation" width="100%" height="{HEIGHT}" frameborder="0" '
        f'sandbox="allow-scripts allow-downloads" srcdoc="{page}"></iframe>'
    )


def _png(figure: Any) -> tuple[bytes, dict[str, int]]:
    from mmgraph.visualization.style import settings

    file = io.BytesIO()
    with settings():
        figure.savefig(file, format="png", dpi=DOTS)
    width, height = (round(inches * DOTS / 2) for inches in figure.get_size_inches())
    return file.getvalue(), {"width": width, "height": height}
