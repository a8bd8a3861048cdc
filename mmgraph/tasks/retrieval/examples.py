"""`examples.html`: the best, the worst and random captions of a split with the pictures that they found."""

from pathlib import Path

import torch

from mmgraph.tasks.captioning import CaptionedSplit
from mmgraph.tasks.choose_examples import choose_examples
from mmgraph.tasks.retrieval.data import PICTURE, TOKEN, Pairs
from mmgraph.tasks.retrieval.found_pictures import explain_search
from mmgraph.tasks.retrieval.retriever import EVALUATION_BATCH, Retriever
from mmgraph.tasks.retrieval.scores import score_retrieval
from mmgraph.visualization import GalleryEntry, save_gallery, save_html

__all__ = ["write_examples"]

SHOWN = 5
"""How many found pictures a page shows; the own one stands behind them where it is not among them."""


def write_examples(
    retriever: Retriever,
    pairs: Pairs,
    split: CaptionedSplit,
    folder: Path,
    each: int = 6,
    title: str = "Pictures that captions found",
) -> Path:
    """Write `examples.html` and, in `examples/`, a page for each caption that it shows.

    A caption is the better, the earlier its own picture comes.

    Args:
        retriever: what searches.
        pairs: the captions and pictures.
        split: the pictures' images.
        folder: of the run.
        each: how many of the best, the worst and the random ones.
        title: above the cards.

    Returns:
        the page to open.
    """
    texts, candidates = pairs.texts, pairs.pictures
    places, pictures = retriever.places(texts, TOKEN), retriever.places(candidates, PICTURE)
    scale = retriever.head.scale.detach().cpu()
    ranks = score_retrieval(places, pictures, pairs.items).text_to_image.ranks.tolist()
    parts = places.split(EVALUATION_BATCH)
    sure = torch.cat([(scale * part @ pictures.T).softmax(1).amax(1) for part in parts]).tolist()
    captions = [caption for of_picture in split.references for caption in of_picture]
    for old in (folder / "examples").glob("*.html"):
        old.unlink()
    entries = []
    for group, numbers in choose_examples([-float(rank) for rank in ranks], sure, each).items():
        for place, number in enumerate(numbers):
            own = int(pairs.items[number])
            chances = (scale * places[number] @ pictures.T).softmax(0)
            found = chances.argsort(descending=True, stable=True)[:SHOWN].tolist()
            found += [] if own in found else [own]
            explanation = explain_search(
                retriever,
                texts[[number]],
                candidates[found],
                [split.images[one] for one in found],
                split.ids[own],
                chances[found].tolist(),
                title=f"{group}, {place + 1}: {captions[number]}",
                about={
                    "chosen as": group,
                    "its own picture": f"{split.ids[own]}, place {ranks[number]} of {len(pictures)}",
                },
            )
            page = f"examples/{group}-{place}.html"
            save_html(explanation, folder / page)
            entries.append(GalleryEntry.of(explanation, page))
    index = folder / "examples.html"
    save_gallery(entries, index, title)
    return index
