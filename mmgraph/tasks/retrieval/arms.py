"""What is compared on retrieval: the full model, its controls, and a baseline without a network."""

from dataclasses import dataclass, replace

from mmgraph.errors import InputError
from mmgraph.graph import HeteroGraph, shuffle_edges
from mmgraph.tasks.retrieval.retriever import RetrieverSettings

__all__ = ["ARMS", "RetrievalArm", "arm"]


@dataclass(frozen=True)
class RetrievalArm:
    """An arm of the comparison.

    Args:
        about: what it is, in a few words.
        graph: whether it has graph layers.
        shuffled: whether its edges are shuffled in every split.
        ridge: whether it is ridge regression, and no model.
        mirrored: whether it has the mirrored training pictures, where the data have them.
    """

    about: str
    graph: bool = True
    shuffled: bool = False
    ridge: bool = False
    mirrored: bool = True

    def settings(self, full: RetrieverSettings) -> RetrieverSettings:
        """Its model, where the full one has these settings."""
        return full if self.graph else replace(full, layers=0)

    def sees(self, pictures: HeteroGraph, seed: int) -> HeteroGraph:
        """The pictures of a data set as the arm gets them; `seed` is that of the shuffled edges."""
        return shuffle_edges(pictures, seed) if self.shuffled else pictures


ARMS: dict[str, RetrievalArm] = {
    "full": RetrievalArm("graph layers over the words, and over the regions and the whole picture"),
    "no_graph": RetrievalArm("the regions, the whole picture and the words as they are", graph=False),
    "shuffled": RetrievalArm("the full model on shuffled edges between regions", shuffled=True),
    "ridge": RetrievalArm(
        "ridge regression from the whole picture's features to words", ridge=True, mirrored=False
    ),
    "ridge_mirrored": RetrievalArm("the same, with the mirrored training pictures", ridge=True),
}
"""The arms that there are, by name."""


def arm(name: str) -> RetrievalArm:
    """The arm of a name.

    Raises:
        InputError: there is no such arm.
    """
    if name not in ARMS:
        raise InputError(f"there is no arm {name!r}: expected one of {', '.join(ARMS)}")
    return ARMS[name]
