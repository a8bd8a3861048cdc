"""Photographs and what people wrote about them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmgraph.builders import MultimodalBuilder, RegionBuilder, VisionFeatures
from mmgraph.data.captions import CaptionedImage, given_split, read_flickr, read_jsonl, split_by_image
from mmgraph.errors import InputError
from mmgraph.tasks.captioning.captioned_split import CaptionedSplit

__all__ = ["PhotographCaptions"]


@dataclass(frozen=True)
class PhotographCaptions:
    """A file of captions with the pictures that it names; environment variables in paths are filled in.

    Args:
        captions: a file of Flickr8k or Flickr30k (see `read_flickr`), or ours, a `.jsonl` (see `read_jsonl`).
        images: the folder of the pictures of a Flickr file.
        validation: pictures that pick the weights: how many, or their share below 1. Not for a `.jsonl` that
            says the part of each picture.
        test: pictures for the one test at the end, likewise.
        boxes: where the regions are, such as "grid:6" or "superpixels:36"; see `RegionBuilder`.
        features: what is known of a region without a pretrained encoder; see `RegionBuilder`.
        encoder: the local folder of a pretrained vision model of transformers, in place of `features`.
        edges: which regions are joined; see `RegionBuilder`.
        seed: of the split by picture.
    """

    captions: str = "$MMGRAPH_DATA/flickr8k_800/captions.txt"
    images: str = "$MMGRAPH_DATA/flickr8k_800/images"
    validation: int | float = 200
    test: int | float = 100
    boxes: str = "grid:6"
    features: str = "statistics+pixels:5"
    encoder: str | None = None
    edges: str = "knn:8"
    seed: int = 0

    def split(self, name: str) -> CaptionedSplit:
        """The pictures of "train", "validation" or "test" with their captions; no picture is opened.

        Raises:
            InputError: what is wrong with the file, or a part without a picture.
        """
        found = self._parts()[name]
        if not found:
            raise InputError(f"{self.captions}: the {name} part has no picture")
        return CaptionedSplit(
            tuple(item.id for item in found),
            tuple(item.captions for item in found),
            [item.image for item in found],
        )

    @property
    def builder(self) -> MultimodalBuilder:
        """Regions and what is known of them.

        Raises:
            InputError: there is no folder of the encoder.
        """
        features: Any = self.features
        if self.encoder is not None:
            folder = _filled(self.encoder, "encoder")
            if not Path(folder).is_dir():
                raise InputError(
                    f"PhotographCaptions(encoder={self.encoder!r}): there is no such folder; give that of a "
                    "vision model with its image processor, or leave it out"
                )
            features = VisionFeatures(folder)
        regions = RegionBuilder(boxes=self.boxes, features=features, edges=self.edges)
        return MultimodalBuilder(regions, check=False)

    def _parts(self) -> dict[str, list[CaptionedImage]]:
        path = _filled(self.captions, "captions")
        if not path.endswith(".jsonl"):
            images = read_flickr(path, _filled(self.images, "images"))
            return split_by_image(images, self.validation, self.test, self.seed)
        images = read_jsonl(path)
        if any(item.split is not None for item in images):
            return given_split(images)
        return split_by_image(images, self.validation, self.test, self.seed)


def _filled(path: str, name: str) -> str:
    filled = os.path.expanduser(os.path.expandvars(path))
    if "$" in filled:
        raise InputError(
            f"PhotographCaptions({name}={path!r}): this variable is not set: set it, or give a path"
        )
    return filled
