"""How relations between items are named and coloured, alike in figures and on pages."""

from collections.abc import Iterable

__all__ = ["KNOWN", "meaning", "percent_text", "relation_places"]

KNOWN = ("image", "text", "audio", "knowledge", "users")
"""Relations with a colour of their own, the first ones of the palette."""

PALETTE = 12

MEANING = {
    "image": "both look alike",
    "text": "both read alike",
    "audio": "both sound alike",
    "knowledge": "shared facts",
    "users": "others chose both",
}

MOST_PERCENT = 999


def relation_places(names: Iterable[str]) -> dict[str, int]:
    """The place in the palette of each relation or modality.

    It is always the same for those in `KNOWN`; others follow in the order of their names.
    """
    found = set(names)
    own = {name: KNOWN.index(name) for name in KNOWN if name in found}
    others = sorted(found - own.keys())
    return own | {name: (len(KNOWN) + place) % PALETTE for place, name in enumerate(others)}


def meaning(relation: str) -> str:
    """What a relation says of two items."""
    return MEANING.get(relation, f"both are alike in {relation}")


def percent_text(share: float) -> str:
    """A share in whole per cent, such as "34 %", with a minus sign below 0."""
    percent = round(100 * share)
    if abs(percent) > MOST_PERCENT:
        return f"{'under −' if percent < 0 else 'over '}{MOST_PERCENT} %"
    return f"−{-percent} %" if percent < 0 else f"{percent} %"
