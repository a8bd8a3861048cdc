"""One heterogeneous graph from pictures, texts and sounds; graph layers that align and fuse it.

Every public name loads its module when it is first used, so that `import mmgraph` costs next to nothing.
"""

import importlib
import sys
from typing import Any

__version__ = "0.1.0"

_HOMES: dict[str, tuple[str, ...]] = {
    "mmgraph.graph": (
        "COMPLETE",
        "EdgeSpec",
        "GraphStore",
        "HeteroGraph",
        "NodeSpec",
        "Sample",
        "Schema",
        "collate",
        "describe",
        "join",
        "plan",
        "select",
        "shuffle_edges",
        "split",
        "subgraph",
        "validate",
        "with_modalities",
        "without",
    ),
    "mmgraph.media": ("Picture", "Sound", "TimeSeries", "Video"),
    "mmgraph.builders": (
        "AudioFeatures",
        "DialogueBuilder",
        "FeatureFile",
        "HashedVocabulary",
        "Interactions",
        "InteractionsBuilder",
        "MultimodalBuilder",
        "RegionBuilder",
        "SegmentBuilder",
        "SpeechActivity",
        "TextFeatures",
        "TimeSeriesBuilder",
        "TokenBuilder",
        "Transcript",
        "TriplesBuilder",
        "Utterance",
        "VideoBuilder",
        "VisionFeatures",
        "Vocabulary",
    ),
    "mmgraph.interop": ("from_dgl", "from_networkx", "from_pyg"),
    "mmgraph.linkers": (
        "CompleteLinker",
        "PairLinker",
        "SimilarityLinker",
        "SpatialLinker",
        "TemporalLinker",
        "TransportLinker",
    ),
    "mmgraph.models": ("FusionModel",),
    "mmgraph.explanation": ("Explanation", "explain"),
    "mmgraph.errors": ("InputError", "MMGraphWarning", "MissingExtraError"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    try:
        return importlib.import_module(f"mmgraph.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"mmgraph.{name}":
            raise
        raise AttributeError(f"module 'mmgraph' has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


if "IPython" in sys.modules:
    from mmgraph import notebook as _notebook

    if (_shell := _notebook.running_shell()) is not None:
        _notebook.register(_shell)
