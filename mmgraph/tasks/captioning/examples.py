"""`examples.html`: the best, the worst and random captions of a split, each with a page of its own."""

from pathlib import Path

from mmgraph.graph import GraphStore
from mmgraph.tasks.captioning.captioned_split import CaptionedSplit
from mmgraph.tasks.captioning.captioner import Captioner, Written
from mmgraph.tasks.captioning.data import CaptionWords
from mmgraph.tasks.captioning.explanations import explain_caption
from mmgraph.tasks.captioning.scores import CaptionScores
from mmgraph.tasks.choose_examples import choose_examples
from mmgraph.visualization import GalleryEntry, save_gallery, save_html

__all__ = ["write_examples"]


def write_examples(
    captioner: Captioner,
    graphs: GraphStore,
    split: CaptionedSplit,
    words: CaptionWords,
    written: Written,
    scores: CaptionScores,
    folder: Path,
    each: int = 6,
    title: str = "Captions",
) -> Path:
    """Write `examples.html` and, in `examples/`, a page for each caption that it shows.

    Args:
        captioner: what wrote the captions.
        graphs: the samples.
        split: their pictures and references.
        words: from ids to words.
        written: the captions.
        scores: of these.
        folder: of the run.
        each: how many of the best, the worst and the random ones.
        title: above the cards.

    Returns:
        the page to open.
    """
    chosen = choose_examples(scores.quality, written.probability.tolist(), each)
    for old in (folder / "examples").glob("*.html"):
        old.unlink()
    entries = []
    for group, numbers in chosen.items():
        for place, number in enumerate(numbers):
            found = explain_caption(
                captioner,
                graphs,
                number,
                written.ids[number],
                words,
                probability=float(written.probability[number]),
                image=split.images[number],
                references=split.references[number],
                scene=split.scenes[number] if split.scenes else None,
                title=f"{group}, {place + 1}",
                about={"chosen as": group, "CIDEr": f"{100 * scores.cider[number]:.1f}"},
            )
            page = f"examples/{group}-{place}.html"
            save_html(found, folder / page)
            entries.append(GalleryEntry.of(found, page))
    index = folder / "examples.html"
    save_gallery(entries, index, title)
    return index
