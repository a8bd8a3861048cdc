"""Pictures with captions as graphs with targets; made once, and kept in a folder."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Int
from torch import Tensor

from mmgraph.data.captions import CaptionVocabulary, TokenizerVocabulary
from mmgraph.data.captions.vocabulary import PAD
from mmgraph.errors import InputError
from mmgraph.extras import require
from mmgraph.graph import GraphStore, HeteroGraph
from mmgraph.tasks.captioning.captioned_split import CaptionedSplit
from mmgraph.tasks.captioning.photograph_captions import PhotographCaptions
from mmgraph.tasks.captioning.scene_captions import SceneCaptions
from mmgraph.tasks.kept_graph import kept_graph

__all__ = ["CaptionData", "CaptionWords", "DrawReference", "kept_graphs", "with_targets"]

CaptionWords = CaptionVocabulary | TokenizerVocabulary


@dataclass(frozen=True)
class CaptionData:
    """Which pictures, and the words that their captions are written with.

    Args:
        source: "scenes" or "photographs".
        scenes: settings of the one.
        photographs: settings of the other.
        min_count: training captions have a word so often at least, or it is unknown.
        tokenizer: the local folder of a tokenizer of transformers, in place of words.
        max_length: how many ids a caption has at most, END included.
    """

    source: Literal["scenes", "photographs"] = "scenes"
    scenes: SceneCaptions = field(default_factory=SceneCaptions)
    photographs: PhotographCaptions = field(default_factory=PhotographCaptions)
    min_count: int = 1
    tokenizer: str | None = None
    max_length: int = 30

    @property
    def chosen(self) -> SceneCaptions | PhotographCaptions:
        """The one of the two that is used."""
        return self.scenes if self.source == "scenes" else self.photographs

    def split(self, name: str) -> CaptionedSplit:
        """The samples of "train", "validation" or "test" with their captions."""
        return self.chosen.split(name)

    def words(self, train: CaptionedSplit) -> CaptionWords:
        """The vocabulary: that of the training captions, or the tokenizer's.

        Raises:
            InputError: there is no folder of the tokenizer.
        """
        if self.tokenizer is None:
            texts = (text for captions in train.references for text in captions)
            return CaptionVocabulary.fit(texts, self.min_count)
        if not Path(self.tokenizer).is_dir():
            raise InputError(f"tokenizer={self.tokenizer!r}: there is no such folder")
        tokenizer = require("transformers").AutoTokenizer.from_pretrained(
            self.tokenizer, local_files_only=True, trust_remote_code=False
        )
        return TokenizerVocabulary(tokenizer)


class DrawReference:
    """One of each sample's references for a training step, `fit(..., prepare=DrawReference(seed))`.

    From `target["caption"]` `[B, R, L]`, where references that a sample does not have are all PAD, to
    `[B, L]` as wide as the longest that was drawn.

    Args:
        seed: of what is drawn.
    """

    def __init__(self, seed: int = 0) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, graph: HeteroGraph) -> HeteroGraph:
        """The batch with one reference of each sample."""
        ids = graph.target["caption"]
        count = (ids[..., 0] != PAD).sum(1)
        drawn = torch.rand(len(ids), generator=self._generator)
        number = (drawn * count).long().minimum(count - 1)
        chosen = ids[torch.arange(len(ids)), number]
        width = max(1, int((chosen != PAD).sum(1).max())) if len(ids) else 1
        return replace(graph, target={**graph.target, "caption": chosen[:, :width]})


def with_targets(
    graph: HeteroGraph, split: CaptionedSplit, words: CaptionWords, max_length: int
) -> GraphStore:
    """The graphs of a split with all references as `target["caption"]` `[N, R, L]`."""
    flat = words.encode([text for captions in split.references for text in captions], max_length)
    most = max((len(captions) for captions in split.references), default=1)
    ids: Int[Tensor, "N R L"] = torch.full((len(split), most, flat.shape[1]), PAD)
    sample = [i for i, captions in enumerate(split.references) for _ in captions]
    number = [j for captions in split.references for j in range(len(captions))]
    ids[sample, number] = flat
    return GraphStore(replace(graph, target={"caption": ids}))


def kept_graphs(data: CaptionData, name: str, split: CaptionedSplit, folder: Path) -> HeteroGraph:
    """The graphs of a split without targets: read from `folder`, or made and written there.

    Pictures are opened when the graphs are made, and never again; a folder of other pictures, or of other
    settings of the regions, is made anew.

    Args:
        data: which pictures.
        name: of the split.
        split: its samples.
        folder: where the graphs are kept, one `.safetensors` for each split.
    """
    settings = {"source": data.source, **asdict(data.chosen)}
    made_from = {"settings": settings, "ids": split.ids}
    return kept_graph(
        folder, name, made_from, lambda: data.chosen.builder.batch(ids=split.ids, image=split.images)
    )
