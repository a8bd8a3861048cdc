"""Settings from a file of a run, each checked against the type that it is annotated with."""

from collections.abc import Mapping
from typing import Any

from mmgraph.errors import InputError

__all__ = ["settings_of"]


def settings_of(cls: Any, values: Mapping[str, Any], place: str) -> Any:
    """A dataclass, and those within it, from plain values.

    Args:
        cls: the dataclass.
        values: its fields.
        place: where they come from, for messages.

    Raises:
        InputError: a field that there is not, or a value of another type.
    """
    from jsonargparse import ArgumentError, ArgumentParser

    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(cls, place)
    try:
        return parser.instantiate_classes(parser.parse_object({place: dict(values)}))[place]
    except (ArgumentError, TypeError) as error:
        # Its messages have several lines.
        raise InputError(f"{place} cannot be used: {' '.join(str(error).split())[:300]}") from error
