"""A graph that is made once, and kept in a folder."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mmgraph.graph import HeteroGraph
from mmgraph.interop.files import load
from mmgraph.interop.write_atomically import write_atomically

__all__ = ["kept_graph"]


def kept_graph(
    folder: Path, name: str, made_from: Mapping[str, Any], make: Callable[[], HeteroGraph]
) -> HeteroGraph:
    """Read the graph from `folder`, or make it and write it there.

    Args:
        folder: it is made.
        name: of the graph: `NAME.safetensors`, and `NAME.json` with what it was made from.
        made_from: everything that it depends on, as plain values; where that differs it is made anew.
        make: makes it.
    """
    path, about = folder / f"{name}.safetensors", folder / f"{name}.json"
    said = json.dumps(made_from, indent=2)
    if path.exists() and about.exists() and about.read_text() == said:
        # We wrote it, so it may be as large as it is.
        return load(path, max_bytes=path.stat().st_size)
    about.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    graph = make()
    graph.save(path)
    write_atomically(about, said.encode())
    return graph
