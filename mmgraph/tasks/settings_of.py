"""Settings from a file of a run, each checked against the type that it is annotated with."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from mmgraph.errors import InputError
from mmgraph.interop.checked import require_type, short

__all__ = ["settings_of"]


def settings_of(cls: Any, values: Mapping[str, Any], place: str) -> Any:
    """A dataclass, and those within it, from plain values. No value is taken for a name of code or of a file.

    Args:
        cls: the dataclass. Its fields are plain, or dataclasses, literals, tuples of any length, mappings and
            unions of these.
        values: its fields, as JSON has them.
        place: where they come from, for messages.

    Raises:
        InputError: a field that there is not, or a value of another type.
    """
    try:
        return _dataclass(cls, values, place)
    except InputError as error:
        raise InputError(f"{place} cannot be used: {error}") from error


def _dataclass(cls: Any, values: Any, place: str) -> Any:
    entries = _mapping(values, place)
    own = {one.name: one for one in fields(cls) if one.init}
    if unknown := [name for name in entries if name not in own]:
        raise InputError(f"{place} has {short(unknown[0])}, which is not known: it can have {sorted(own)}")
    needed = [name for name, one in own.items() if one.default is one.default_factory is MISSING]
    if missing := [name for name in needed if name not in entries]:
        raise InputError(f"{place} lacks {missing[0]!r}")
    kinds = get_type_hints(cls)
    return cls(**{name: _value(kinds[name], value, f"{place}.{name}") for name, value in entries.items()})


def _value(kind: Any, value: Any, place: str) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return deepcopy(value)
    if is_dataclass(kind):
        return _dataclass(kind, value, place)
    if origin in (Union, UnionType):
        return _any_of(parts, value, place)
    if origin is Literal:
        if type(value) is str and value in parts:
            return value
        raise InputError(f"{place} is {short(value)}, expected one of {', '.join(map(str, parts))}")
    if origin is tuple:
        rows = value if isinstance(value, tuple) else require_type(value, list, place)
        return tuple(_value(parts[0], one, f"{place}[{number}]") for number, one in enumerate(rows))
    if origin in (dict, Mapping):
        return {
            name: _value(parts[1], one, f"{place}.{name}") for name, one in _mapping(value, place).items()
        }
    if kind is float and type(value) is int:
        return float(value)
    return require_type(value, kind, place)


def _any_of(kinds: tuple[Any, ...], value: Any, place: str) -> Any:
    """The value as the first of the types that it fits; the message is the first one's."""
    if type(value) in kinds:
        return value
    errors = []
    for kind in kinds:
        try:
            return _value(kind, value, place)
        except InputError as error:
            errors.append(error)
    raise errors[0]


def _mapping(values: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        raise InputError(f"{place} is {short(values)}, expected an object")
    return values
