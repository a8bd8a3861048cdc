"""Models, processors and tokenizers of transformers, from a name or a local directory."""

import os
from typing import Any

from mmgraph.errors import InputError
from mmgraph.extras import require

__all__ = ["load_model", "load_pretrained"]


def load_pretrained(auto: str, source: str | os.PathLike[str], who: str, **options: Any) -> Any:
    """What a class of transformers, such as "AutoTokenizer", loads; no code from the source is run.

    Args:
        auto: the name of the class.
        source: a model's name or local directory.
        who: who asks, for the message.
        **options: passed on to `from_pretrained`.

    Raises:
        MissingExtraError: transformers is not installed.
        InputError: nothing of this kind can be loaded from the source.
    """
    path = os.fspath(source)
    loader = getattr(require("transformers"), auto)
    try:
        return loader.from_pretrained(path, trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{who}: transformers cannot load {path!r} as a name or local directory of a model in safetensors"
            f" ({auto}): {error}"
        ) from error


def load_model(source: Any, who: str) -> Any:
    """A model in evaluation mode: the one that came, or the one that a name or directory names."""
    if isinstance(source, str | os.PathLike):
        source = load_pretrained("AutoModel", source, who, use_safetensors=True)
    return source.eval()
