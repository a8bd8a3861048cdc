"""A caption with the pictures that it found, each word linked to the regions that it is near."""

from collections.abc import Sequence
from typing import Any

import torch

from mmgraph.explanation import Attribution, Explanation, WeightMap
from mmgraph.explanation.explanation import Prediction
from mmgraph.graph import HeteroGraph, NodeSpec, Sample, Schema
from mmgraph.tasks.retrieval.contact_sheet import ContactSheet
from mmgraph.tasks.retrieval.data import PICTURE, REGION, TOKEN
from mmgraph.tasks.retrieval.retriever import Retriever

__all__ = ["explain_search"]

NOTE = (
    "Cosines in the common space: the place of each word as if it were the whole text, with the place of "
    "each region as if it were the whole picture, and with that of each picture."
)


def explain_search(
    retriever: Retriever,
    text: HeteroGraph,
    pictures: HeteroGraph,
    images: Sequence[Any],
    own: str,
    probability: Sequence[float],
    title: str = "",
    about: dict[str, str] | None = None,
) -> Explanation:
    """The pictures that a caption found, on a sheet, with how near each word is to each region.

    Its nodes of type "picture" are the places of the pictures on the sheet.

    Args:
        retriever: what found them.
        text: the caption, one sample.
        pictures: what it found, the first first.
        images: the same, each what `load_image` takes.
        own: the id of the picture that was looked for.
        probability: how sure the retriever was of each, 0..1.
        title: above it; the caption by default.
        about: further facts.
    """
    ids = [sample.id for sample in pictures.samples]
    sheet = ContactSheet.of(images)
    words, regions, wholes = retriever.parts(text, pictures)
    named = (f"{place}. {id}{' (its own)' * (id == own)}" for place, id in enumerate(ids, start=1))
    said = text.samples[0].text or ""
    graph = HeteroGraph.create(
        Schema(
            {
                TOKEN: NodeSpec(0, num_ids=1, pos="characters"),
                REGION: NodeSpec(0, num_ids=1, pos="box"),
                PICTURE: NodeSpec(0, num_ids=1, pos="box"),
            }
        ),
        [Sample(text.samples[0].id, text=said)],
        x={
            key: torch.zeros(len(places), dtype=torch.long)
            for key, places in ((TOKEN, words), (REGION, regions), (PICTURE, wholes))
        },
        pos={
            TOKEN: text.pos[TOKEN],
            REGION: sheet.place(pictures.pos[REGION], pictures.batch[REGION]),
            PICTURE: sheet.boxes,
        },
        label={PICTURE: tuple(named)},
    )
    near = {
        (TOKEN, REGION): WeightMap.of(words @ regions.T),
        (TOKEN, PICTURE): WeightMap.of(words @ wholes.T),
    }
    others = tuple(zip(ids[1:], probability[1:], strict=True))
    return Explanation.of(
        graph,
        (Attribution("likeness", maps=near, note=NOTE),),
        image=sheet.image,
        prediction=Prediction(ids[0], probability[0], own, others),
        title=title or said,
        about=about or {},
    )
