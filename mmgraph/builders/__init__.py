"""Builders: pictures, texts, sounds and other inputs into graphs of one node type each."""

from mmgraph.builders.base import Builder
from mmgraph.builders.dialogue import DialogueBuilder, Utterance
from mmgraph.builders.interactions import Interactions, InteractionsBuilder
from mmgraph.builders.multimodal import MultimodalBuilder
from mmgraph.builders.regions.builder import RegionBuilder
from mmgraph.builders.regions.feature_file import FeatureFile
from mmgraph.builders.regions.vision_features import VisionFeatures
from mmgraph.builders.segments.audio_features import AudioFeatures
from mmgraph.builders.segments.builder import SegmentBuilder
from mmgraph.builders.segments.speech_activity import SpeechActivity
from mmgraph.builders.times.series import TimeSeriesBuilder
from mmgraph.builders.times.video import VideoBuilder
from mmgraph.builders.tokens.builder import TokenBuilder
from mmgraph.builders.tokens.text_features import TextFeatures
from mmgraph.builders.tokens.transcript import Transcript
from mmgraph.builders.tokens.vocabulary import HashedVocabulary, Vocabulary
from mmgraph.builders.triples import TriplesBuilder

__all__ = [
    "AudioFeatures",
    "Builder",
    "DialogueBuilder",
    "FeatureFile",
    "HashedVocabulary",
    "Interactions",
    "InteractionsBuilder",
    "MultimodalBuilder",
    "RegionBuilder",
    "SegmentBuilder",
    "SpeechActivity",
    "TextFeatures",
    "TimeSeriesBuilder",
    "TokenBuilder",
    "Transcript",
    "TriplesBuilder",
    "Utterance",
    "VideoBuilder",
    "VisionFeatures",
    "Vocabulary",
]
