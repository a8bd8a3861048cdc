"""Graphs to and from other libraries and files; a name loads its module and its library when it is used."""

import importlib
from typing import Any

_HOME = {
    "to_pyg": "pyg",
    "from_pyg": "pyg",
    "PyGNeighbourSampler": "pyg_sampler",
    "to_networkx": "networkx",
    "from_networkx": "networkx",
    "to_dgl": "dgl",
    "from_dgl": "dgl",
    "save": "files",
    "load": "files",
}

__all__ = [
    "PyGNeighbourSampler",
    "from_dgl",
    "from_networkx",
    "from_pyg",
    "load",
    "save",
    "to_dgl",
    "to_networkx",
    "to_pyg",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mmgraph.interop' has no attribute {name!r}")
    return getattr(importlib.import_module(f"mmgraph.interop.{_HOME[name]}"), name)
