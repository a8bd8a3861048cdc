"""Scenes and their true captions."""

from dataclasses import dataclass
from typing import Literal

from mmgraph.builders import MultimodalBuilder, RegionBuilder
from mmgraph.data.scenes.captions import scene_captions
from mmgraph.data.synthetic import Scenes
from mmgraph.tasks.captioning.captioned_split import CaptionedSplit

__all__ = ["SceneCaptions"]


@dataclass(frozen=True)
class SceneCaptions:
    """Scenes without end, drawn from a seed, whose every caption can be judged.

    Args:
        kind: "full" has three to six objects, "sort-of-clevr" always six.
        train: pictures to train on.
        validation: pictures that pick the weights.
        test: pictures for the one test at the end.
        references: how many true captions of each picture to train on, at most.
        seed: of the scenes.
    """

    kind: Literal["full", "sort-of-clevr"] = "full"
    train: int = 6000
    validation: int = 500
    test: int = 500
    references: int = 6
    seed: int = 0

    def split(self, name: str) -> CaptionedSplit:
        """The scenes of "train", "validation" or "test" with their captions."""
        count = {"train": self.train, "validation": self.validation, "test": self.test}.get(name, 0)
        scenes = tuple(Scenes(name, count, self.seed, kind=self.kind, questions_per_scene=0))
        return CaptionedSplit(
            tuple(scene.id for scene in scenes),
            tuple(scene_captions(scene, self.references) for scene in scenes),
            [scene.image for scene in scenes],
            scenes,
        )

    @property
    def builder(self) -> MultimodalBuilder:
        """Regions found in the pixels, each joined to its nearest ones, with distances."""
        regions = RegionBuilder(boxes="components", features="statistics+pixels:5", edges="knn:8")
        return MultimodalBuilder(regions, check=False)
