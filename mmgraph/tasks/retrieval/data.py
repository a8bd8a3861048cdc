"""Pictures and their captions as graphs that are encoded apart: nothing joins a word to a region."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Int
from PIL import ImageOps
from torch import Tensor

from mmgraph.builders import MultimodalBuilder, RegionBuilder, TokenBuilder
from mmgraph.builders.tokens.vocabulary import Vocabulary
from mmgraph.graph import GraphStore, HeteroGraph, join, select, without
from mmgraph.linkers import CompleteLinker
from mmgraph.media import load_image
from mmgraph.tasks.captioning import CaptionedSplit, PhotographCaptions, SceneCaptions
from mmgraph.tasks.kept_graph import kept_graph

__all__ = ["Pairs", "RetrievalData"]

PICTURE, REGION, TOKEN = "picture", "region", "token"


@dataclass(frozen=True, eq=False)
class Pairs:
    """Every caption with its picture.

    Args:
        graphs: a sample for each caption; `target["item"]` is the number of its picture.
        first: of each picture, the first sample that has it.
    """

    graphs: GraphStore
    first: Int[Tensor, " P"]

    @property
    def items(self) -> Int[Tensor, " M"]:
        """The number of each sample's picture."""
        return self.graphs.graph.target["item"]

    @property
    def texts(self) -> GraphStore:
        """The captions without their pictures."""
        return GraphStore(without(self.graphs.graph, [PICTURE, REGION]))

    @property
    def pictures(self) -> GraphStore:
        """Each picture once, without a caption."""
        return GraphStore(without(select(self.graphs.graph, self.first.tolist()), [TOKEN]))


@dataclass(frozen=True)
class RetrievalData:
    """Which pictures, and how they and their captions become graphs.

    A picture is the node "picture", with features of the whole, and the nodes "region", each of which informs
    it. A caption is the nodes "token", its words, each of which is joined to those that are at most two
    places away.

    Args:
        source: "scenes" or "photographs".
        scenes: settings of the one.
        photographs: settings of the other.
        min_count: training captions have a word so often at least, or it is unknown.
        whole: what is known of the whole picture; see `RegionBuilder`.
        mirrored: train on mirrored pictures as well. Not for captions that say left and right.
    """

    source: Literal["scenes", "photographs"] = "scenes"
    scenes: SceneCaptions = field(default_factory=SceneCaptions)
    photographs: PhotographCaptions = field(default_factory=PhotographCaptions)
    min_count: int = 1
    whole: str = "statistics+cells:4"
    mirrored: bool = False

    @property
    def chosen(self) -> SceneCaptions | PhotographCaptions:
        """The one of the two that is used."""
        return self.scenes if self.source == "scenes" else self.photographs

    @property
    def builder(self) -> MultimodalBuilder:
        """Regions and the whole picture; both take the picture, as `image` and as `whole`."""
        whole = RegionBuilder("grid:1", self.whole, "none", node_type=PICTURE, input="whole")
        linker = CompleteLinker(REGION, PICTURE)
        return MultimodalBuilder(*self.chosen.builder.builders, whole, linkers=[linker], check=False)

    def words(self, train: CaptionedSplit) -> Vocabulary:
        """The words of the training captions."""
        return Vocabulary.fit((text for texts in train.references for text in texts), self.min_count)

    def pictures(self, name: str, split: CaptionedSplit, folder: Path) -> HeteroGraph:
        """The graph of a split's pictures, one sample each; with `mirrored`, the training split's twice.

        Made once, and kept in `folder`.
        """
        twice = self.mirrored and name == "train"
        made_from = {**asdict(self.chosen), "whole": self.whole, "mirrored": twice, "ids": split.ids}

        def make() -> HeteroGraph:
            images: list[Any] = [load_image(image) for image in split.images]
            images += [ImageOps.mirror(image) for image in images] if twice else []
            ids = [*split.ids, *(f"{one} mirrored" for one in split.ids)][: len(images)]
            return self.builder.batch(ids=ids, image=images, whole=images)

        return kept_graph(folder, name, made_from, make)

    def pairs(self, split: CaptionedSplit, pictures: HeteroGraph, words: Vocabulary) -> Pairs:
        """Every caption of a split with its picture, and where that is there with the mirrored one.

        Args:
            split: the captions.
            pictures: what `pictures` gave for it, or the same with other edges.
            words: the ids of words.
        """
        captions = [text for texts in split.references for text in texts]
        item = [number for number, texts in enumerate(split.references) for _ in texts]
        versions = pictures.num_graphs // max(1, len(split))
        chosen = [version * len(split) + number for version in range(versions) for number in item]
        texts = TokenBuilder(edges=("window:2",), vocabulary=words).batch(captions * versions)
        graph = join([select(pictures, chosen), texts])
        numbers = torch.tensor(item * versions, dtype=torch.long)
        return Pairs(GraphStore(replace(graph, target={"item": numbers})), _first(item, len(split)))


def _first(item: Sequence[int], count: int) -> Int[Tensor, " P"]:
    """Where each number comes first; each does."""
    places = torch.arange(len(item)).flip(0)
    return torch.zeros(count, dtype=torch.long).scatter_(
        0, torch.tensor(item, dtype=torch.long).flip(0), places
    )
