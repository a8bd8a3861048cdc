"""How well captions name the objects, attributes and relations that their references name."""

from mmgraph.metrics.captioning.corpus import Captioned, Corpus
from mmgraph.metrics.captioning.scene_tuples import scene_tuples
from mmgraph.metrics.captioning.score import Score, mean_score

__all__ = ["tuple_f"]


def tuple_f(corpus: Corpus) -> dict[str, Score]:
    r"""The F score of tuples, `tuple_f`, 0..1; the mean over images.

    .. math::
        F = \frac{2 P R}{P + R}, \quad P = \frac{|T_c \cap T_r|}{|T_c|}, \quad
        R = \frac{|T_c \cap T_r|}{|T_r|}

    :math:`T_c` are the candidate's tuples (`scene_tuples`), :math:`T_r` those of all references together. The
    idea is that of Anderson et al., "SPICE: Semantic Propositional Image Caption Evaluation", ECCV 2016,
    arXiv 1607.08822. It is not SPICE, and its values are not SPICE's: SPICE parses with a trained dependency
    parser and counts synonyms as equal; here rules parse, and words are equal by their stems.

    Args:
        corpus: an image whose candidate shares no tuple scores 0.
    """
    return {"tuple_f": mean_score({key: _of(one) for key, one in corpus.items()})}


def _of(one: Captioned) -> float:
    said = scene_tuples(one.candidate)
    known = frozenset().union(*map(scene_tuples, one.references))
    shared = len(said & known)
    return 2 * shared / (len(said) + len(known)) if shared else 0.0
