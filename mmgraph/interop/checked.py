"""Look into values that came from outside: every surprise is an InputError that says where it is."""

import json
from collections.abc import Iterable
from typing import Any

from mmgraph.errors import InputError

__all__ = ["parse", "record", "require_type", "short"]

WORDS = {dict: "an object", list: "a list", str: "a string", int: "an integer", bool: "true or false"}


def require_type(value: Any, kind: type, place: str) -> Any:
    """The value, if it is of exactly this type; True is no integer."""
    if type(value) is not kind:
        raise InputError(f"{place} is {short(value)}, expected {WORDS.get(kind, kind.__name__)}")
    return value


def record(value: Any, place: str, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Any]:
    """The value, if it is a dict with all of the required keys and no unknown one."""
    entries: dict[str, Any] = require_type(value, dict, place)
    required, known = list(required), {*required, *optional}
    if missing := [key for key in required if key not in entries]:
        raise InputError(f"{place} lacks {missing[0]!r}")
    if unknown := [key for key in entries if key not in known]:
        raise InputError(f"{place} has {short(unknown[0])}, which is not known: it can have {sorted(known)}")
    return entries


def parse(text: str | bytes) -> Any:
    """The value of a JSON text, in which numbers are finite and no key stands twice.

    Raises:
        InputError: the text is no JSON, or nested too deeply.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except RecursionError:
        raise InputError("the JSON is nested too deeply") from None
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"this is no JSON: {error}") from error


def short(value: Any) -> str:
    """A value in a message: containers by their kind, the rest cut off."""
    if isinstance(value, (dict, list)):
        return f"{WORDS[type(value)]} of {len(value)}" if type(value) in WORDS else type(value).__name__
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a huge integer"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _no_constant(name: str) -> Any:
    raise InputError(f"{name} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        names = [name for name, _ in pairs]
        raise InputError(f"the key {short(next(n for n in names if names.count(n) > 1))} stands twice")
    return entries
