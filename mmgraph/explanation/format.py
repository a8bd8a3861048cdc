"""The form of explanations as JSON documents, and their limits.

{"format": "mmgraph.explanation", "version": 1, "title": ..., "about": {name: text},
 "graph": a document of mmgraph.graph (see mmgraph.interop), of one sample without features,
 "image": {"mime": "image/jpeg", "size": [width, height], "data": base64} or null,
 "sound": {"mime": "audio/flac", "rate": 16000, "seconds": 2.5, "data": base64} or null,
 "prediction": {"answer", "probability", "expected", "alternatives": [[answer, probability]]} or null,
 "truth": [{"pair": [source, target], "cells": [[s, t], ...]}],
 "modality_weights": {type: number}, "paths": [{"nodes": [[type, number]], "relations": [], "weight"}],
 "methods": [{"method", "note", "maps": [{"pair", "shape": [L, H, S, T], "dtype": "uint8", "step": [[u]],
   "codes": base64 of zlib of the little-endian codes}], "nodes": {type: [numbers]},
   "fidelity": {"sufficiency", ...} or null, "chance": the same}]}
"""

__all__ = ["FORMAT", "LONGEST", "MAX_WEIGHTS", "RATE", "VERSION"]

FORMAT, VERSION = "mmgraph.explanation", 1

RATE = 16_000
"""The highest sampling rate that is written, in Hz."""

LONGEST = 3600.0
"""The longest sound, in seconds."""

MAX_WEIGHTS = 2**26
"""The most weights, in all maps together."""
