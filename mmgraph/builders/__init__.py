"""Builders: pictures, texts, sounds and other inputs into graphs of one node type each."""

from mmgraph.builders.audio_features import AudioFeatures
from mmgraph.builders.base import Builder
from mmgraph.builders.dialogue import DialogueBuilder, Utterance
from mmgraph.builders.feature_file import FeatureFile
from mmgraph.builders.interactions import Interactions, InteractionsBuilder
from mmgraph.builders.multimodal import MultimodalBuilder
from mmgraph.builders.regions import RegionBuilder
from mmgraph.builders.segments import SegmentBuilder
from mmgraph.builders.speech_activity import SpeechActivity
from mmgraph.builders.text_features import TextFeatures
from mmgraph.builders.time_series import TimeSeriesBuilder
from mmgraph.builders.tokens import TokenBuilder
from mmgraph.builders.transcript import Transcript
from mmgraph.builders.triples import TriplesBuilder
from mmgraph.builders.video import VideoBuilder
from mmgraph.builders.vision_features import VisionFeatures
from mmgraph.builders.vocabulary import HashedVocabulary, Vocabulary

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
