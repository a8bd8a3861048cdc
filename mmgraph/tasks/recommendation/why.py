"""A reason in one plain sentence."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mmgraph.data.recommendation import Catalogue
from mmgraph.models.recommendation.build_recommendation_graph import KNOWLEDGE
from mmgraph.tasks.recommendation.reason import INTERACTIONS, Connection, Reason
from mmgraph.visualization.recommendation.relations import meaning, percent_text

__all__ = ["detail_of", "reason_as_dict", "share_of", "why"]

CODE = re.compile(r"[a-z]\.[0-9a-z_]+|Q\d+")
"""An entity that is a number of Freebase or Wikidata, and no name."""

MOST_FACTS = 3


def why(reason: Reason, catalogue: Catalogue) -> str:
    """A reason in one plain sentence, such as "because you chose X: both look alike (image 34 %)".

    Per cent say by how much the score falls without what stands before them.

    Args:
        reason: as `Recommendations.recommend` gives it.
        catalogue: names the items.
    """
    if reason.because is None:
        return _ended("you have chosen nothing yet", reason)
    title = catalogue.title(reason.because)
    if reason.fall <= 0:
        return _ended("no single item that you chose counts for it", reason)
    if reason.path is None:
        without = f"without it the score falls by {percent_text(reason.fall)}"
        return _ended(f"because you chose {title}: {without}, but no single step joins the two", reason)
    share = share_of(reason)
    said = "" if share is None else f" ({share[0]} {percent_text(share[1])})"
    return _ended(f"because you chose {title}: {detail_of(reason.path)}{said}", reason)


def share_of(reason: Reason) -> tuple[str, float] | None:
    """What joins the two items and by how much the score falls without it; None where nothing joins them."""
    if reason.path is None or reason.fall <= 0:
        return None
    name = INTERACTIONS if reason.path.relation == "users" else reason.path.relation
    return (name, reason.shares[name]) if name in reason.shares else None


def detail_of(path: Connection) -> str:
    """What two items have in common, in a few words."""
    if path.relation == "users":
        count = len(path.users)
        return f"{count:,} {'other' if count == 1 else 'others'} chose both"
    if path.relation == KNOWLEDGE and path.facts:
        return f"in common: {_facts(path.facts)}"
    return meaning(path.relation)


def reason_as_dict(reason: Reason, catalogue: Catalogue) -> dict[str, Any]:
    """A reason in plain values, for JSON; the chosen item with its title."""
    because = reason.because
    return {
        "why": why(reason, catalogue),
        "shares": dict(reason.shares),
        "speaks": reason.speaks,
        "because": None if because is None else {"item": because, "title": catalogue.title(because)},
        "fall": reason.fall,
        "path": None if reason.path is None else asdict(reason.path),
    }


def _ended(sentence: str, reason: Reason) -> str:
    """The sentence, with what counts most where it has not been said."""
    most = reason.speaks
    if most is None or (reason.path is not None and reason.fall > 0 and reason.path.relation == most):
        return sentence
    return f"{sentence}; of what the items are like, {most} counts most ({percent_text(reason.shares[most])})"


def _facts(facts: Sequence[str]) -> str:
    """Facts such as "film.director: Jane", by the last word of what they say; coded names are counted."""
    named: dict[str, None] = {}
    coded: Counter[str] = Counter()
    seen = set()
    # "genre: drama" and its other direction, "films in this genre of: drama", are one fact.
    for fact in sorted(facts, key=lambda fact: fact.partition(": ")[0].endswith(" of")):
        relation, _, entity = fact.partition(": ")
        if entity in seen:
            continue
        seen.add(entity)
        word = relation.rpartition(".")[2].replace("_", " ")
        if CODE.fullmatch(entity):
            coded[word] += 1
        else:
            named[f"{word} {entity}".strip()] = None
    found = [*named, *(word if count == 1 else f"{word} ({count})" for word, count in coded.items())]
    more = f" and {len(found) - MOST_FACTS} more" if len(found) > MOST_FACTS else ""
    return ", ".join(found[:MOST_FACTS]) + more
