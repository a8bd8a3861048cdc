"""The last hidden states of an audio model as features of segments."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mmgraph.builders.pretrained import load_model, load_pretrained
from mmgraph.errors import InputError

__all__ = ["AudioFeatures"]

MIN_SECONDS = 0.1
"""Shorter segments are filled up with silence: a model's first layers need some samples."""


@dataclass(frozen=True)
class AudioFeatures:
    """Features of segments from a transformers audio encoder: its hidden states, averaged over each segment.

    For `SegmentBuilder(features=AudioFeatures(name))`. The model's own feature extractor prepares the
    waveforms. Segments of one length go through the model together, so that none is padded and a segment's
    features do not depend on the others in a batch.

    Args:
        source: name or local directory of a model (weights in safetensors only), or the model itself:
            wav2vec 2.0, HuBERT, WavLM, AST and other encoders that `AutoModel` loads.
        extractor: the model's feature extractor; may be left out where `source` is a name or directory.
        batch_size: segments at a time.

    Raises:
        MissingExtraError: transformers is not installed.
        InputError: the model cannot be loaded, or is no encoder of sounds.
    """

    source: Any
    extractor: Any = None
    batch_size: int = 32

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InputError(f"AudioFeatures(batch_size={self.batch_size}): expected at least 1")
        if self.extractor is None:
            if not isinstance(self.source, str | os.PathLike):
                raise InputError("AudioFeatures(model): give its feature extractor as well")
            object.__setattr__(
                self, "extractor", load_pretrained("AutoFeatureExtractor", self.source, "AudioFeatures")
            )
        config = self.model.config
        encoder = not config.is_encoder_decoder and hasattr(config, "hidden_size")
        if not encoder or not hasattr(self.extractor, "sampling_rate"):
            raise InputError(
                f"AudioFeatures: {type(self.model).__name__} is no encoder of sounds: take one such as "
                "wav2vec 2.0, HuBERT, WavLM or AST"
            )

    @property
    def dim(self) -> int:
        """Width of the features."""
        return int(self.model.config.hidden_size)

    @property
    def rate(self) -> int:
        """Samples per second that the model was trained on."""
        return int(self.extractor.sampling_rate)

    @cached_property
    def model(self) -> Any:
        """The model, in evaluation mode."""
        return load_model(self.source, "AudioFeatures")

    @torch.no_grad()
    def __call__(self, waves: Float[Tensor, "N L"], lengths: Int[Tensor, " N"]) -> Float[Tensor, "N D"]:
        """The mean hidden state of each segment; no gradient reaches the model.

        Args:
            waves: mono segments at `rate`.
            lengths: samples of each; what lies behind them is not read.
        """
        features = torch.zeros(len(waves), self.dim)
        for length in lengths.unique().tolist():
            for rows in (lengths == length).nonzero()[:, 0].split(self.batch_size):
                features[rows] = self._encoded(waves[rows, :length])
        return features

    def _encoded(self, waves: Tensor) -> Tensor:
        missing = max(0, round(MIN_SECONDS * self.rate) - waves.shape[1])
        arrays = list(torch.nn.functional.pad(waves, (0, missing)).numpy())
        inputs = self.extractor(arrays, sampling_rate=self.rate, return_tensors="pt")
        device = self.model.device
        states = self.model(**{key: value.to(device) for key, value in inputs.items()})
        return states.last_hidden_state.mean(1).float().cpu()
