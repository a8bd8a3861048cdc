"""How alike the nodes of two types are, after the model."""

from mmgraph.explanation.attribution import Attribution
from mmgraph.explanation.between import between
from mmgraph.explanation.flow import encoded
from mmgraph.explanation.subject import Subject
from mmgraph.graph import HeteroGraph

__all__ = ["similarity"]


def similarity(subject: Subject, graph: HeteroGraph) -> Attribution:
    r"""Cosines of the encoded nodes of each two types, :math:`\frac{x_i^\top y_j}{\|x_i\| \|y_j\|}`.

    From -1 to 1; 0 for a vector of zeros. It does not know the score, and has no numbers for nodes. Vectors
    of a model that was never trained to make matched nodes alike need not be.

    Args:
        subject: the model; its score is not read.
        graph: one sample.

    Returns:
        maps `[1, 1, S, T]` for each two different types with nodes, both ways.

    Raises:
        InputError: several samples.
    """
    maps = between(encoded("similarity", subject, graph).nodes, lambda cosines: cosines)
    note = "Cosines of the encoded nodes, from -1 to 1. They are the same for every answer."
    return Attribution("similarity", maps, note=note)
