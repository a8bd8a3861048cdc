"""A caption under its picture, each word linked to the regions that it looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from mmgraph.data.scenes.captions import OBJECT, judge_caption
from mmgraph.data.synthetic import Mention, Question, Scene, true_alignment
from mmgraph.explanation import Attribution, Explanation, WeightMap
from mmgraph.explanation.explanation import Prediction
from mmgraph.graph import EdgeSpec, GraphStore, HeteroGraph, NodeSpec, Sample, Schema, join
from mmgraph.tasks.captioning.captioner import Captioner
from mmgraph.tasks.captioning.data import CaptionWords

__all__ = ["explain_caption"]

NEXT = ("token", "next", "token")


@dataclass(frozen=True)
class _Words:
    """The words of a caption, and their places among its ids."""

    places: Int[Tensor, " W"]
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @classmethod
    def of(cls, ids: Int[Tensor, " L"], vocabulary: CaptionWords) -> "_Words":
        each = vocabulary.decode(ids[:, None])
        places = [number for number, word in enumerate(each) if word]
        return cls(torch.tensor(places, dtype=torch.long), tuple(each[number] for number in places))

    def graph(self, id: str) -> HeteroGraph:
        """The words as nodes, each followed by the next."""
        count = len(self.words)
        ends = list(accumulate(len(word) + 1 for word in self.words))
        spans = [[end - 1 - len(word), end - 1] for word, end in zip(self.words, ends, strict=True)]
        first = torch.arange(max(0, count - 1))
        return HeteroGraph.create(
            Schema({"token": NodeSpec(0, num_ids=1, pos="characters")}, {NEXT: EdgeSpec()}),
            [Sample(id, text=self.text)],
            x={"token": torch.zeros(count, dtype=torch.long)},
            pos={"token": torch.tensor(spans, dtype=torch.long).reshape(-1, 2)},
            edge_index={NEXT: torch.stack([first, first + 1])},
            label={"token": self.words},
        )


@torch.no_grad()
def explain_caption(
    captioner: Captioner,
    graphs: GraphStore,
    number: int,
    ids: Int[Tensor, " L"],
    vocabulary: CaptionWords,
    *,
    probability: float,
    image: Any,
    references: Sequence[str] = (),
    scene: Scene | None = None,
    title: str = "",
    about: dict[str, str] | None = None,
) -> Explanation:
    """What each word of a caption looked at, in each layer and head of the decoder.

    Its nodes of type "token" are the caption's words; END and what is no word are left out.

    Args:
        captioner: what wrote it.
        graphs: the samples.
        number: of the sample.
        ids: the caption, END then PAD.
        vocabulary: from ids to words.
        probability: how sure the captioner was, 0..1.
        image: what `load_image` takes.
        references: true captions.
        scene: where the picture is a scene, what is there: then the truth is shown too.
        title: above it; the caption by default.
        about: further facts.
    """
    graph = replace(graphs[[number]], target={})
    sample = graph.samples[0].id
    device = next(captioner.parameters()).device
    encoded = captioner.model.encode(graph.to(device))
    written = _Words.of(ids, vocabulary)
    attention = captioner.head.attention(encoded, ids[None].to(device))
    maps = {
        ("token", key): WeightMap.of(weights[0][:, :, written.places.to(device)].cpu())
        for key, weights in attention.items()
    }
    shown = join([graph, written.graph(sample)])
    facts = {"sample": sample, **(about or {})}
    facts |= {f"reference {i}": text for i, text in enumerate(references, start=1)}
    attributions = (
        Attribution(
            "attention",
            maps=maps,
            note="What each word looked at when it was written: attention of the decoder over the nodes.",
        ),
    )
    return Explanation.of(
        shown,
        attributions if written.words else (),
        image=image,
        truth={} if scene is None else {("token", "region"): _truth(shown, scene, written.text)},
        prediction=Prediction(written.text, probability, _expected(written.text, references, scene)),
        title=title or written.text,
        about=facts,
    )


def _truth(graph: HeteroGraph, scene: Scene, text: str) -> Bool[Tensor, "S T"]:
    """Which words stand for which regions: a colour and its shape for the object of that colour."""
    place = {item.colour: number for number, item in enumerate(scene.objects)}
    mentions = tuple(
        Mention(match.start(), match.end(), (place[match[1]],) if match[1] in place else ())
        for match in OBJECT.finditer(text)
    )
    said = Question(text, "", "caption", frozenset({"image"}), True, mentions)
    return true_alignment(graph, scene, said)["token", "region"]


def _expected(text: str, references: Sequence[str], scene: Scene | None) -> str | None:
    """The right caption, where there is one: of a scene any exact caption is."""
    if scene is None:
        return None
    return text if judge_caption(text, scene).exact else references[0]
