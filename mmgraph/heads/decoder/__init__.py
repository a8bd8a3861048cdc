"""The decoder: a causal transformer over words that looks at the nodes of a graph."""

from mmgraph.heads.decoder.cached_steps import CachedSteps, log_probabilities
from mmgraph.heads.decoder.memory import TYPES, Memory, NodeMemory
from mmgraph.heads.decoder.word_decoder import WordDecoder

__all__ = ["TYPES", "CachedSteps", "Memory", "NodeMemory", "WordDecoder", "log_probabilities"]
