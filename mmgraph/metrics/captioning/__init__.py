"""Metrics of captions, without Java: each reads a corpus in words; `CaptionMetrics` collects and computes."""

from mmgraph.metrics.captioning.bleu import bleu
from mmgraph.metrics.captioning.caption_metrics import ALL_CAPTION_METRICS, CaptionMetrics
from mmgraph.metrics.captioning.cider import CiderD, cider
from mmgraph.metrics.captioning.corpus import Captioned, Corpus, Id, in_words
from mmgraph.metrics.captioning.distinct import distinct
from mmgraph.metrics.captioning.document_frequencies import DocumentFrequencies
from mmgraph.metrics.captioning.meteor import meteor
from mmgraph.metrics.captioning.rouge_l import rouge_l
from mmgraph.metrics.captioning.scene_tuples import scene_tuples
from mmgraph.metrics.captioning.score import CaptionMetric, Score
from mmgraph.metrics.captioning.stem import stem
from mmgraph.metrics.captioning.synonyms import Synonyms, no_synonyms, wordnet
from mmgraph.metrics.captioning.tokenize import tokenize
from mmgraph.metrics.captioning.tuple_f import tuple_f

__all__ = [
    "ALL_CAPTION_METRICS",
    "CaptionMetric",
    "CaptionMetrics",
    "Captioned",
    "CiderD",
    "Corpus",
    "DocumentFrequencies",
    "Id",
    "Score",
    "Synonyms",
    "bleu",
    "cider",
    "distinct",
    "in_words",
    "meteor",
    "no_synonyms",
    "rouge_l",
    "scene_tuples",
    "stem",
    "tokenize",
    "tuple_f",
    "wordnet",
]
