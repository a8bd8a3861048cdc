"""The errors and warnings that mmgraph raises on a user's input."""

__all__ = ["InputError", "MMGraphWarning", "MissingExtraError"]


class InputError(ValueError):
    """Bad input: the message says where, what came, what was expected and what to do."""


class MissingExtraError(ImportError):
    """An optional package is absent or unusable: the message prints the pip line that mends it."""


class MMGraphWarning(UserWarning):
    """Input was accepted, but part of it was left out or looks wrong."""
