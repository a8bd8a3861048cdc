"""How good captions are: against references, and for scenes against what there is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mmgraph.data.scenes.captions import CaptionJudgement, judge_caption
from mmgraph.metrics import Accuracy
from mmgraph.metrics.captioning import bleu, cider, distinct, in_words, meteor, no_synonyms, rouge_l
from mmgraph.metrics.interval import MeanInterval, mean_interval
from mmgraph.tasks.captioning.captioned_split import CaptionedSplit

__all__ = ["CaptionScores", "fast_score", "score_captions"]


@dataclass(frozen=True, eq=False)
class CaptionScores:
    """What became of a split.

    Args:
        captions: one for each sample.
        metrics: each metric's value over the split.
        cider: the CIDEr of each caption.
        judgements: for scenes, what each caption says right; empty otherwise.
    """

    captions: tuple[str, ...]
    metrics: dict[str, float]
    cider: tuple[float, ...]
    judgements: tuple[CaptionJudgement, ...] = field(default=())

    @property
    def exact(self) -> Accuracy:
        """The captions with every object, colour, shape and relation right, and nothing else."""
        return Accuracy(sum(found.exact for found in self.judgements), len(self.judgements))

    @property
    def quality(self) -> tuple[float, ...]:
        """How good each caption is, to sort by: for scenes the share of right facts, else its CIDEr."""
        if not self.judgements:
            return self.cider
        return tuple(1.0 if found.exact else 0.999 * found.right for found in self.judgements)

    @property
    def mean_cider(self) -> MeanInterval:
        """CIDEr with the 95 % interval over the samples."""
        return mean_interval(self.cider)

    def gain(self, other: "CaptionScores") -> MeanInterval:
        """By how much CIDEr is above that of other captions of the same samples, with its interval."""
        return mean_interval([a - b for a, b in zip(self.cider, other.cider, strict=True)])

    def as_dict(self) -> dict[str, float]:
        """All scores by name."""
        found = dict(self.metrics)
        if self.judgements:
            low, high = self.exact.interval
            found |= {"exact": self.exact.share, "exact_low": low, "exact_high": high}
            for name in ("objects", "colours", "shapes", "relations"):
                found[name] = _sum([getattr(one, name) for one in self.judgements]).share
        return found


def score_captions(captions: Sequence[str], split: CaptionedSplit) -> CaptionScores:
    """Every score of the captions of a split.

    METEOR is that without synonyms, which is the same on every machine. `distinct_1` and `distinct_2` are the
    shares of different words and pairs of words; `different` that of different captions: a model that says
    the same of all pictures has low ones.
    """
    corpus = in_words(list(captions), list(split.references))
    found = {
        **bleu(corpus),
        **rouge_l(corpus),
        **cider(corpus),
        **meteor(corpus, no_synonyms),
        **distinct(corpus),
    }
    metrics = {name: one.value for name, one in found.items() if name != "cider_d"}
    metrics["different"] = len(set(captions)) / max(1, len(captions))
    judged = tuple(judge_caption(text, scene) for text, scene in zip(captions, split.scenes, strict=False))
    return CaptionScores(tuple(captions), metrics, tuple(found["cider"].per_image.values()), judged)


def fast_score(captions: Sequence[str], split: CaptionedSplit) -> float:
    """The one score that picks weights: the share of exact captions of scenes, else CIDEr."""
    if split.scenes:
        right = [judge_caption(text, scene).exact for text, scene in zip(captions, split.scenes, strict=True)]
        return sum(right) / len(right)
    return cider(in_words(list(captions), list(split.references)))["cider"].value


def _sum(parts: Sequence[Accuracy]) -> Accuracy:
    return Accuracy(sum(part.right for part in parts), sum(part.total for part in parts))
