"""What a vision model of transformers makes of regions."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mmgraph.builders.pretrained import load_model, load_pretrained
from mmgraph.errors import InputError

__all__ = ["VisionFeatures"]


@dataclass(frozen=True)
class VisionFeatures:
    """Features of regions from a transformers vision model: its last hidden states, averaged over the region.

    For `RegionBuilder(features=VisionFeatures(name))`. Of a model with an image and a text side, such as
    CLIP, it is the image embedding that lies in one space with the texts. No gradient reaches the model. The
    image processor says how large the crops are, and the mean and standard deviation of their colours.

    Args:
        source: name or local directory of a model (weights in safetensors only), or the model itself: ViT,
            DINOv2, CLIP, ResNet, ConvNeXT and others that `AutoModel` loads.
        processor: the model's image processor; may be left out where `source` is a name or directory.
        batch_size: regions at a time.

    Raises:
        MissingExtraError: transformers is not installed.
        InputError: the model or its image processor cannot be loaded.
    """

    source: Any
    processor: Any = None
    batch_size: int = 32

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InputError(f"VisionFeatures(batch_size={self.batch_size}): expected at least 1")
        if self.processor is None:
            if not isinstance(self.source, str | os.PathLike):
                raise InputError("VisionFeatures(model): give its image processor as well")
            object.__setattr__(
                self, "processor", load_pretrained("AutoImageProcessor", self.source, "VisionFeatures")
            )

    @cached_property
    def model(self) -> Any:
        """The model, in evaluation mode."""
        return load_model(self.source, "VisionFeatures")

    @property
    def crop_size(self) -> int:
        """Side of the squares that the model was trained on, in pixels."""
        cut = (
            getattr(self.processor, "crop_size", None)
            if getattr(self.processor, "do_center_crop", None)
            else None
        )
        size = dict(cut or self.processor.size)
        side = next((size[key] for key in ("height", "shortest_edge", "longest_edge") if size.get(key)), None)
        if side is None:
            raise InputError(
                f"VisionFeatures: the image processor has size {size}: pass crop_size to RegionBuilder"
            )
        return int(side)

    @torch.no_grad()
    def __call__(self, crops: Float[Tensor, "N 3 S S"]) -> Float[Tensor, "N D"]:
        """The features of each crop; colours are in 0..1."""
        if getattr(self.processor, "do_normalize", True):
            mean, deviation = (
                torch.as_tensor(value, dtype=crops.dtype).view(-1, 1, 1)
                for value in (self.processor.image_mean, self.processor.image_std)
            )
            crops = (crops - mean) / deviation
        return torch.cat([self._encoded(some) for some in crops.split(self.batch_size)])

    def _encoded(self, crops: Tensor) -> Tensor:
        parameter = next(self.model.parameters())
        crops = crops.to(parameter)
        try:
            embed = getattr(self.model, "get_image_features", self.model)
            output = embed(pixel_values=crops)
        except (ValueError, TypeError) as error:
            raise InputError(
                f"VisionFeatures: {type(self.model).__name__} takes no crops {list(crops.shape)}: {error}"
            ) from error
        if isinstance(output, Tensor):
            return output.float().cpu()
        if embed is not self.model:
            return output.pooler_output.float().cpu()
        # Not the pooler: where a checkpoint has none, transformers fills it with random weights.
        states = output.last_hidden_state.float().cpu()
        return states.mean((2, 3)) if states.ndim == 4 else states.mean(1)
