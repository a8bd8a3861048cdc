"""Import an optional package where it is used, or say how to install it."""

import importlib
import os
from types import ModuleType

from mmgraph.errors import MissingExtraError

__all__ = ["EXTRAS", "require"]

EXTRAS: dict[str, str] = {
    "transformers": "hf",
    "skimage": "image",
    "matplotlib": "plot",
    "dgl": "dgl",
    "spacy": "spacy",
    "tensorboard": "tensorboard",
    "nltk": "wordnet",
    "pyarrow": "parquet",
    "faiss": "faiss",
}
"""Import name of each optional package -> the extra of mmgraph that installs it."""


def require(module: str) -> ModuleType:
    """Import `module`, a package or a submodule of one that an extra of mmgraph installs.

    Args:
        module: dotted import name, such as `"skimage.segmentation"`.

    Raises:
        MissingExtraError: the package is not installed, or does not import; the message has the pip line.
    """
    package = module.partition(".")[0]
    # Without it dgl asks, and writes a file into the home folder.
    os.environ.setdefault("DGLBACKEND", "pytorch")
    try:
        return importlib.import_module(module)
    # A broken optional package raises anything: dgl 2 raises FileNotFoundError beside a current torch.
    except Exception as error:
        raise MissingExtraError(
            f"{package} is needed here and could not be imported ({type(error).__name__}: {error}): "
            f"pip install 'mmgraph[{EXTRAS[package]}]'"
        ) from error
