"""Builders: pictures, texts, sounds and other inputs into graphs of one node type each."""

from mmgraph.builders.base import Builder
from mmgraph.builders.dialogue import DialogueBuilder, Utterance
from mmgraph.builders.interactions import InteractionsBuilder
from mmgraph.builders.multimodal import MultimodalBuilder
from mmgraph.builders.regions import RegionBuilder
from mmgraph.builders.segments import SegmentBuilder
from mmgraph.builders.time_series import TimeSeriesBuilder
from mmgraph.builders.tokens import TokenBuilder
from mmgraph.builders.transcript import Transcript
from mmgraph.builders.triples import TriplesBuilder
from mmgraph.builders.vocabulary import HashedVocabulary, Vocabulary

__all__ = [
    "Builder",
    "DialogueBuilder",
    "HashedVocabulary",
    "InteractionsBuilder",
    "MultimodalBuilder",
    "RegionBuilder",
    "SegmentBuilder",
    "TimeSeriesBuilder",
    "TokenBuilder",
    "Transcript",
    "TriplesBuilder",
    "Utterance",
    "Vocabulary",
]
